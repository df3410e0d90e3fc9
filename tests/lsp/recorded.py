"""Capabilities as clients sent them."""

from __future__ import annotations

import json
from pathlib import Path

from lsprotocol import types as lsp
from lsprotocol.converters import get_converter
from pytest_lsp import client_capabilities

FOLDER = Path(__file__).with_name("clients")


def vscode() -> lsp.ClientCapabilities:
    """VS Code 1.139 with vscode-languageclient 11: pulls diagnostics, resolves tooltips and edits."""
    return _recorded("vscode.json")


def neovim() -> lsp.ClientCapabilities:
    """Neovim 0.11: pulls diagnostics, cannot be told to pull again."""
    return client_capabilities("neovim@v0.11.0")


def older_neovim() -> lsp.ClientCapabilities:
    """Neovim 0.7: diagnostics are pushed; knows no inlay hints."""
    return _recorded("neovim.json")


def emacs() -> lsp.ClientCapabilities:
    """Eglot of Emacs 29: diagnostics are pushed; no code lenses, nothing resolved, nothing refreshed."""
    return client_capabilities("emacs@v29.1")


def older_emacs() -> lsp.ClientCapabilities:
    """Eglot 1.9 in Emacs 28: as above, and hovers in plain text."""
    return _recorded("eglot.json")


def _recorded(name: str) -> lsp.ClientCapabilities:
    recorded = json.loads((FOLDER / name).read_text("utf-8"))
    return get_converter().structure(recorded, lsp.InitializeParams).capabilities
