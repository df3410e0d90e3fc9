"""Code outside functions, shown where it stands."""

from __future__ import annotations

from tests.lsp import recorded
from tests.lsp.client import connect

TEXT = (
    '"""Reads a file."""\n\nimport sys\n\nname = sys.argv[1]\n\n\ndef f(a):\n    b = a\n    return b\n\n\n'
    "size = BUG\nprint(name, size)\n\n\nclass C:\n    x = 1\n    y = BUG\n\n    def m(self):\n        return self.x\n"
)


async def test_drops_of_a_module_and_a_class_stand_at_their_own_lines() -> None:
    async with connect(options={"module_code": True}, capabilities=recorded.vscode()) as client:
        client.open(TEXT)
        found = (await client.pull()).items
        assert [(entry.code, TEXT.split("\n")[entry.range.start.line]) for entry in found] == [
            ("CO002", "size = BUG"),
            ("CO002", "    y = BUG"),
        ]
        assert "`<module>`" in str(await client.hover(4))
        assert "`f`" in str(await client.hover(7))
        assert "`C`" in str(await client.hover(16))
        assert "falls most" in str(await client.hover(12))
        actions = await client.actions(12)
        (edit,) = (await client.rpc.code_action_resolve_async(actions[1])).edit.document_changes[0].edits
        assert actions[1].title == "codeodds: ignore `<module>`"
        client.edit(edit.range, edit.new_text, 2)
        left = (await client.pull()).items
    assert [TEXT.split("\n")[entry.range.start.line] for entry in left] == ["    y = BUG"]
