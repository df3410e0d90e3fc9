"""Code actions end to end: what they offer where, and that their edits do what they say."""

from __future__ import annotations

from typing import Any

import pytest
from lsprotocol import types as lsp

from codeodds.source.functions import find_functions
from codeodds.source.suppression import Suppression
from tests.lsp import recorded
from tests.lsp.client import URI, connect

TEXT = "def good(a):\n    return a + 1\n\n\ndef bad(a):  # 🎉\n    c = a\n    b = BUG\n    return b\n"
IGNORE_LINE, IGNORE_FUNCTION = "codeodds: ignore this line", "codeodds: ignore `bad`"
EXPLAIN, SETTINGS = "codeodds: explain the estimate for `bad`", "codeodds: open the settings"


def edits(action: Any) -> list[lsp.TextEdit]:
    assert action.edit is not None
    if action.edit.document_changes:
        (change,) = action.edit.document_changes
        assert (change.text_document.uri, change.text_document.version) == (URI, 1)
        return list(change.edits)
    return list(action.edit.changes[URI])


async def test_they_stand_at_what_is_pointed_at_and_elsewhere_only_if_asked_for() -> None:
    async with connect(capabilities=recorded.vscode()) as client:
        client.open(TEXT)
        found = (await client.pull()).items
        titles = [[action.title for action in await client.actions(line)] for line in range(8)]
        asked = await client.actions(0, trigger=lsp.CodeActionTriggerKind.Invoked)
        other = await client.actions(6, only=[lsp.CodeActionKind.Refactor])
        empty = await client.actions(6, only=[lsp.CodeActionKind.Empty])
        about = await client.actions(6, diagnostics=found)
    assert titles == [[], [], [], [], [], [], [IGNORE_LINE, IGNORE_FUNCTION, EXPLAIN, SETTINGS], []]
    assert [action.title for action in asked] == ["codeodds: explain the estimate for `good`", SETTINGS]
    assert other == []
    assert len(empty) == 4
    assert [len(action.diagnostics or []) for action in about] == [1, 1, 0, 0]


async def test_an_edit_comes_when_it_is_resolved_and_takes_the_diagnostic_away() -> None:
    async with connect(capabilities=recorded.vscode()) as client:
        client.open(TEXT)
        await client.pull()
        line, function, *_ = await client.actions(6)
        assert (line.edit, function.edit) == (None, None)
        (at_line,) = edits(await client.rpc.code_action_resolve_async(line))
        (at_function,) = edits(await client.rpc.code_action_resolve_async(function))
        assert (at_line.range.start, at_line.new_text) == (lsp.Position(6, 11), "  # codeodds: ignore")
        # The emoji counts twice in UTF-16.
        assert (at_function.range.start, at_function.new_text) == (lsp.Position(4, 17), "  # codeodds: ignore")
        client.edit(at_function.range, at_function.new_text, 2)
        assert (await client.pull()).items == []
        stale = await client.rpc.code_action_resolve_async(line)
        assert stale.edit is None


async def test_a_client_that_cannot_resolve_gets_the_edit_at_once() -> None:
    async with connect(capabilities=recorded.emacs()) as client:
        client.open(TEXT)
        await client.diagnostics(1)
        line, *_ = await client.actions(6)
    assert [(edit.range.start, edit.new_text) for edit in edits(line)] == [
        (lsp.Position(6, 11), "  # codeodds: ignore")
    ]


async def test_the_commands_behind_them_work() -> None:
    async with connect(capabilities=recorded.neovim()) as client:
        client.open(TEXT)
        await client.pull()
        *_, explain, settings = await client.actions(6)
        answer = await client.command(explain.command.command, *explain.command.arguments)
        assert answer["markdown"].startswith("**30 %** likely to be right as written: `bad`")
        assert [entry.message for entry in client.shown] == [answer["text"]]
        shown = await client.command(settings.command.command)
    assert shown["shown"] is True
    assert [entry.uri.rpartition("/")[2] for entry in client.rpc.shown_documents] == ["settings.md"]


async def test_vs_code_opens_its_own_settings() -> None:
    async with connect(capabilities=recorded.vscode(), name="Visual Studio Code") as client:
        client.open(TEXT)
        await client.pull()
        *_, settings = await client.actions(6)
    assert (settings.command.command, list(settings.command.arguments)) == (
        "workbench.action.openSettings",
        ["codeodds"],
    )


@pytest.mark.parametrize(
    ("text", "line", "place"),
    [
        ("def f(a):\n    return a\n", None, (0, 9)),
        ("def f(a): return a\n", None, (0, 18)),
        ("def f(\n    a,\n) -> int:  # x\n    return a\n", None, (2, 14)),
        ("class C:\n    def f(a):\n        return (\n            a)\n", 2, (2, 16)),
        ('def f(a):\n    return """\n    a"""\n', 1, None),
        ("def f(a):\n    return a + \\\n        1\n", 1, None),
        ("def f(a):\n    return a + \\\n        1\n", 2, (2, 9)),
        ("def f(a):\n    x = '#'   \n    return x\n", 1, (1, 11)),
    ],
)
def test_a_comment_is_put_only_where_it_is_one(text: str, line: int | None, place: tuple[int, int] | None) -> None:
    (function,) = find_functions(text)
    lines = text.split("\n")
    found = Suppression(lines).edit_for(function, line)
    if place is None:
        assert found is None
        return
    assert found == (*place, "  # codeodds: ignore")
    lines[place[0]] = lines[place[0]][: place[1]] + found[2]
    after = Suppression(lines)
    assert after.function(function) if line is None else after.line(line)
