"""Inlay hints end to end."""

from __future__ import annotations

from lsprotocol import types as lsp

from tests.lsp import recorded
from tests.lsp.client import URI, connect

TEXT = 'def f(a="🎉"):  # why\n    b = a + 1\n    return b\n\n\nclass C:\n    def m(self):\n        return BUG + 1\n'


async def test_each_judged_function_shows_its_probability_behind_the_signature() -> None:
    async with connect() as client:
        client.open(TEXT)
        await client.scored()
        hints = await client.hints()
    assert [(hint.label, hint.position) for hint in hints] == [
        ("90 %", lsp.Position(0, 14)),
        ("30 %", lsp.Position(6, 16)),
    ]
    assert [hint.data for hint in hints] == [None, None]
    assert "fake 1" in str(hints[0].tooltip)


async def test_only_the_range_that_was_asked_for_is_answered() -> None:
    async with connect() as client:
        client.open(TEXT)
        await client.scored()
        assert [hint.label for hint in await client.hints(last_line=3)] == ["90 %"]


async def test_before_the_scores_and_for_unknown_documents_there_are_no_hints() -> None:
    async with connect(options={"debounce_ms": 10_000}) as client:
        client.open(TEXT)
        assert await client.hints() == []
        assert await client.hints("file:///w/unknown.py") == []


async def test_a_changed_function_shows_nothing_and_the_others_keep_their_hints_in_their_new_places() -> None:
    async with connect() as client:
        client.open(TEXT)
        await client.scored()
        client.configure({"debounce_ms": 10_000, "adaptive_debounce": False})
        client.replace("\n" + TEXT.replace("b = a", "b = 2 * a"), 2)
        hints = await client.hints()
    assert [(hint.label, hint.position) for hint in hints] == [("30 %", lsp.Position(7, 16))]


async def test_hints_can_be_switched_off() -> None:
    async with connect(options={"inlay_hints": False}) as client:
        client.open(TEXT)
        await client.scored()
        assert await client.hints() == []


async def test_only_python_is_scored() -> None:
    async with connect() as client:
        client.open(TEXT, uri="file:///w/a.txt", language="plaintext")
        client.open(TEXT)
        await client.scored()
        assert await client.hints("file:///w/a.txt") == []
        assert len(await client.hints(URI)) == 2


async def test_a_tooltip_comes_when_it_is_resolved_unless_the_document_has_changed() -> None:
    async with connect(capabilities=recorded.vscode()) as client:
        client.open(TEXT)
        await client.scored()
        hints = await client.hints()
        assert [hint.tooltip for hint in hints] == [None, None]
        resolved = await client.rpc.inlay_hint_resolve_async(hints[1])
        assert isinstance(resolved.tooltip, lsp.MarkupContent)
        assert resolved.tooltip.kind == lsp.MarkupKind.Markdown
        assert resolved.tooltip.value.startswith("**30 %** likely to be right as written: `C.m`")
        client.replace("\n" + TEXT, 2)
        assert (await client.rpc.inlay_hint_resolve_async(hints[0])).tooltip is None


async def test_suppressed_functions_have_none() -> None:
    async with connect() as client:
        client.open(TEXT.replace("# why", "# why; codeodds: ignore"))
        await client.scored()
        assert [hint.label for hint in await client.hints()] == ["30 %"]


async def test_the_signature_that_is_typed_at_has_none_until_the_user_pauses() -> None:
    async with connect() as client:
        client.open(TEXT)
        await client.scored()
        client.edit(lsp.Range(lsp.Position(6, 14), lsp.Position(6, 14)), ", a", 2)
        await client.scored(2)
        assert [hint.label for hint in await client.hints()] == ["90 %"]
        await client.scored(3)
        assert [hint.label for hint in await client.hints()] == ["90 %", "30 %"]
