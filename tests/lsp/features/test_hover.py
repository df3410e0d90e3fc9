"""Hover end to end."""

from __future__ import annotations

from lsprotocol import types as lsp

from tests.lsp import recorded
from tests.lsp.client import FAKE_SERVER, connect

TEXT = (
    "def good(a):\n    b = a + 1\n    return b\n\n\n"
    "@wraps(\n    1\n)\ndef bad(\n    a,\n):\n    c = a\n    b = BUG\n    return b\n\n\n"
    "def stub(a):\n    ...\n"
)


async def test_signatures_explain_and_lines_that_are_pointed_at_say_what_fell() -> None:
    async with connect(capabilities=recorded.vscode()) as client:
        client.open(TEXT)
        await client.pull()
        texts = [await client.hover(line) for line in range(len(TEXT.splitlines()))]
    described = [line for line, text in enumerate(texts) if text is not None]
    assert described == [0, 8, 9, 10, 12, 16]
    assert str(texts[0]).startswith("**90 %** likely to be right as written: `good`\n\n")
    assert "falls most" not in str(texts[0])
    assert texts[8] == texts[9] == texts[10]
    assert "`█▃▃` from line 12 to line 14" in str(texts[8])
    assert "- line 13: 0.90 → 0.30" in str(texts[8])
    assert "fake 1. Of held-out programs below 50 %, 75 % failed their tests." in str(texts[8])
    assert texts[12] == (
        "Over this line the estimate that the function is right falls most: 0.90 → 0.30. "
        "At its end it is 30 % (fake 1)."
    )
    assert texts[16] == "`stub` is not scored: it is a stub."


async def test_the_range_is_the_line_and_the_kind_what_the_client_can_show() -> None:
    async with connect(capabilities=recorded.emacs()) as client:
        client.open(TEXT)
        await client.diagnostics(1)
        params = lsp.HoverParams(lsp.TextDocumentIdentifier("file:///w/a.py"), lsp.Position(9, 0))
        answer = await client.rpc.text_document_hover_async(params)
    assert answer is not None
    assert answer.range == lsp.Range(lsp.Position(9, 4), lsp.Position(9, 6))
    assert isinstance(answer.contents, lsp.MarkupContent)
    assert answer.contents.kind == lsp.MarkupKind.Markdown


async def test_suppressed_functions_unknown_documents_and_the_setting_off_say_nothing() -> None:
    async with connect() as client:
        client.open("# codeodds: ignore\n" + TEXT[TEXT.index("@") :])
        await client.scored()
        assert await client.hover(4) is None
        assert await client.hover(4, "file:///w/unknown.py") is None
        client.open(TEXT, uri="file:///w/b.py")
        await client.diagnostics(1, "file:///w/b.py")
        assert await client.hover(8, "file:///w/b.py") is not None
        client.configure({"hover": False, "debounce_ms": 0})
        assert await client.hover(8, "file:///w/b.py") is None


async def test_a_hover_does_not_wait_for_a_run() -> None:
    async with connect(*FAKE_SERVER, "--gate") as client:
        client.open(TEXT)
        await client.until_called(1)
        assert await client.hover(8) is None
        client.release()
