"""CO003 end to end: after an edit, at the words themselves, with a fix; gone the moment that the function changes."""

from __future__ import annotations

from lsprotocol import types as lsp

from tests.lsp import recorded
from tests.lsp.client import FAKE_SERVER, URI, Client, connect

SERVER = (*FAKE_SERVER, "--odds")

TEXT = "def either(one, other):\n    return one or other\n\n\ndef total(values):\n    return sum(values)\n"
PLACE = lsp.Range(lsp.Position(1, 15), lsp.Position(1, 18))
OR = lsp.Range(lsp.Position(1, 15), lsp.Position(1, 17))


async def find(client: Client) -> lsp.Diagnostic:
    """The finding that comes once the typing pauses; the client is told to come back for it."""
    while True:
        items = (await client.pull()).items
        if items:
            (found,) = items
            assert isinstance(found, lsp.Diagnostic)
            return found
        pulls = client.pulls_asked_for
        await client.until(lambda pulls=pulls: client.pulls_asked_for > pulls)


async def test_an_edit_that_makes_a_slip_is_pointed_at_with_its_fix() -> None:
    async with connect(*SERVER, capabilities=recorded.vscode()) as client:
        client.open(TEXT)
        assert (await client.pull()).items == [], "nobody works on it"
        client.edit(OR, "and", 2)
        found = await find(client)
        assert found.range == PLACE
        assert (found.code, found.source, found.severity) == ("CO003", "codeodds", lsp.DiagnosticSeverity.Hint)
        assert found.message == "'or' is more than 1,000 times more likely here than 'and'"
        assert found.data == {"replacement": "or", "log_odds": 9.9, "model": "fake", "version": "1"}
        actions = await client.actions(1, diagnostics=[found])
        fix = next(one for one in actions if one.title.startswith("codeodds: replace"))
        assert isinstance(fix, lsp.CodeAction)
        assert fix.title == "codeodds: replace 'and' by 'or'"
        assert (fix.kind, fix.is_preferred) == (lsp.CodeActionKind.QuickFix, None)
        assert list(fix.diagnostics or []) == [found]
        assert fix.edit is not None
        assert lsp.TextEdit(PLACE, "or") in _edits(fix.edit)
        # A change of another function leaves it, a change of its own takes it away.
        client.edit(lsp.Range(lsp.Position(5, 0), lsp.Position(5, 0)), "    # All.\n", 3)
        assert (await find(client)).range == PLACE
        client.edit(PLACE, "or", 4)
        assert (await client.pull()).items == []


async def test_a_comment_silences_it() -> None:
    async with connect(*SERVER, capabilities=recorded.vscode()) as client:
        client.open(TEXT)
        client.edit(OR, "and", 2)
        await find(client)
        client.edit(lsp.Range(lsp.Position(1, 24), lsp.Position(1, 24)), "  # codeodds: ignore", 3)
        await client.until(lambda: client.refreshed >= 3)
        assert (await client.pull()).items == []


def _edits(edit: lsp.WorkspaceEdit) -> list[lsp.TextEdit]:
    if edit.changes is not None:
        return [*edit.changes[URI]]
    assert edit.document_changes is not None
    return [one for change in edit.document_changes for one in change.edits]  # type: ignore[union-attr, misc]
