"""Capabilities as clients sent them."""

from __future__ import annotations

import json
from pathlib import Path

from lsprotocol import types as lsp
from lsprotocol.converters import get_converter
from pytest_lsp import client_capabilities


def vscode() -> lsp.ClientCapabilities:
    """VS Code 1.139 with vscode-languageclient 11: pulls diagnostics, resolves tooltips and edits."""
    recorded = json.loads((Path(__file__).with_name("clients") / "vscode.json").read_text("utf-8"))
    return get_converter().structure(recorded, lsp.InitializeParams).capabilities


def neovim() -> lsp.ClientCapabilities:
    """Neovim 0.11: pulls diagnostics, cannot be told to pull again."""
    return client_capabilities("neovim@v0.11.0")


def emacs() -> lsp.ClientCapabilities:
    """Eglot of Emacs 29: diagnostics are pushed; no code lenses, nothing resolved, nothing refreshed."""
    return client_capabilities("emacs@v29.1")
