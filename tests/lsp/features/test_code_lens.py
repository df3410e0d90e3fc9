"""Code lenses end to end."""

from __future__ import annotations

from lsprotocol import types as lsp

from tests.lsp import recorded
from tests.lsp.client import URI, connect

TEXT = (
    "def good(a):\n    b = a + 1\n    return b\n\n\nclass C:\n    def bad(self):\n        b = BUG\n        return b\n"
)


async def test_they_are_off_by_default() -> None:
    async with connect() as client:
        client.open(TEXT)
        await client.scored()
        assert await client.lenses() == []


async def test_places_come_first_and_titles_when_they_are_resolved() -> None:
    async with connect(options={"code_lens": True}, capabilities=recorded.vscode()) as client:
        client.open(TEXT)
        await client.until(lambda: client.lenses_asked_for)
        lenses = await client.lenses()
        assert [(lens.range.start, lens.command) for lens in lenses] == [
            (lsp.Position(0, 0), None),
            (lsp.Position(6, 4), None),
        ]
        resolved = await client.rpc.code_lens_resolve_async(lenses[1])
        assert resolved.command is not None
        assert (resolved.command.title, resolved.command.command) == ("30 % likely to be right", "codeodds.explain")
        answer = await client.command("codeodds.explain", *(resolved.command.arguments or ()))
        assert "`C.bad`" in answer["markdown"]
        client.replace("\n" + TEXT, 2)
        stale = await client.rpc.code_lens_resolve_async(lenses[0])
    assert stale.command is not None
    assert stale.command.title == "…"


async def test_suppressed_and_unjudged_functions_have_none() -> None:
    text = TEXT.replace("(a):", "(a):  # codeodds: ignore") + "\n\ndef stub():\n    ...\n"
    async with connect(options={"code_lens": True}) as client:
        client.open(text)
        await client.scored()
        assert [lens.range.start.line for lens in await client.lenses(URI)] == [6]
