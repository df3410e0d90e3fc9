"""What a keystroke imports: a document changes, is scored by the default bundle, and the editor shows what is new."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from lsprotocol import types as lsp

from tests.lsp import recorded
from tests.lsp.client import connect

SERVER = (sys.executable, str(Path(__file__).with_name("keystroke_server.py")))

TEXT = """\
def largest(numbers):
    best = 0
    for number in numbers:
        if number > best:
            best = number
    return best
"""

MOST = {recorded.older_emacs: 38, recorded.neovim: 40, recorded.vscode: 42}
"""Modules of ours that are there once a keystroke was scored and shown, at most. Neovim shows that the model is opened;
the extension for VS Code has views of its own, too, and is sent the scores for them."""

OFF_BY_DEFAULT = ("completion", "execution", "generation", "ranking", "engine.sampling", "lsp.documents.sampling")
"""What only a setting or a request brings in."""

WHEN_TYPING_PAUSES = ("odds", "edits", "lsp.features.odds", "engine.language")
"""What a pause brings in, a second after the last keystroke. Opening the model may take as long."""


@pytest.mark.parametrize("capabilities", MOST, ids=lambda client: client.__name__)
async def test_a_keystroke_imports_what_it_needs(
    capabilities: Callable[[], lsp.ClientCapabilities], default_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CODEODDS_MODEL", str(default_bundle))
    client_can = capabilities()
    assert client_can.text_document is not None
    async with connect(*SERVER, capabilities=client_can, options={"threshold": 1.0}) as client:
        client.open(TEXT)
        behind = lsp.Position(4, len("            best = number"))
        client.edit(lsp.Range(behind, behind), "s", 2)
        if client_can.text_document.diagnostic is not None:
            found = (await client.pull()).items
        else:
            found = await client.diagnostics(2)
        hints = await client.hints() if client_can.text_document.inlay_hint is not None else []
        loaded = list(await client.rpc.protocol.send_request_async("test/modules", None))
    assert [item.source for item in found] == ["codeodds"] * len(found)
    assert found
    assert len(hints) == (client_can.text_document.inlay_hint is not None)
    off = tuple(f"codeodds.{name}" for name in OFF_BY_DEFAULT)
    assert [name for name in loaded if name.startswith(off)] == []
    assert "codeodds.engine.onnx" in loaded
    later = tuple(f"codeodds.{name}" for name in WHEN_TYPING_PAUSES)
    at_once = [name for name in loaded if not name.startswith(later)]
    assert len(at_once) <= MOST[capabilities], sorted(at_once)
