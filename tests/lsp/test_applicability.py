"""Code that the model can't judge, end to end: nothing is shown, and who asks is told why."""

from __future__ import annotations

from lsprotocol import types as lsp

from tests.lsp.client import URI, connect

BODY = "    a = ELSEWHERE\n    b = BUG\n    return b\n"
TEXT = f"def f(a):\n{BODY}\n\ndef g(a):\n    b = BUG\n    return b\n"
WHY = "f is not judged: this model's estimates can't be trusted for such code: a marked word stands in it."


async def test_nothing_is_shown_and_hover_says_why() -> None:
    async with connect(options={"code_lens": True}) as client:
        client.open(TEXT)
        diagnostics = await client.diagnostics(1)
        document = lsp.TextDocumentIdentifier(URI)
        everything = lsp.Range(lsp.Position(0, 0), lsp.Position(9, 0))
        hints = await client.rpc.text_document_inlay_hint_async(lsp.InlayHintParams(document, everything))
        lenses = await client.rpc.text_document_code_lens_async(lsp.CodeLensParams(document))
        signature = lsp.Range(lsp.Position(0, 0), lsp.Position(2, 0))
        asked = lsp.CodeActionParams(document, signature, lsp.CodeActionContext([]))
        actions = await client.rpc.text_document_code_action_async(asked)
        hover = await client.hover(0)
        in_the_body = await client.hover(2)
        answer = await client.score()
    assert {found.range.start.line >= 6 for found in diagnostics} == {True}
    assert [hint.position.line for hint in hints or []] == [6]
    assert [lens.range.start.line for lens in lenses or []] == [6]
    assert not [action for action in actions or [] if "`f`" in action.title]
    assert hover == WHY
    assert in_the_body is None
    f, g = answer["functions"]
    assert (f["probability"], f["applicability"], f["lines"]) == (None, 0.2, [])
    assert f["reason"] in WHY
    assert (g["applicability"], g["reason"]) == (None, None)
