"""Settings end to end: initialization options, pushed, asked for, by workspace folder."""

from __future__ import annotations

from lsprotocol import types as lsp

from tests.lsp import recorded
from tests.lsp.client import connect

TEXT = "def bad(a):\n    c = a\n    b = BUG\n    return b\n"


def pushing() -> lsp.ClientCapabilities:
    """A client that answers for its settings and gets its diagnostics pushed."""
    return lsp.ClientCapabilities(workspace=lsp.WorkspaceClientCapabilities(configuration=True))


async def test_each_folder_has_its_own_settings() -> None:
    configuration = {
        "": {"debounce_ms": 0},
        "file:///w/one": {"debounce_ms": 0, "severity": "warning"},
        "file:///w/two": {"debounce_ms": 0, "threshold": 0.1},
        "file:///w/three": {"debounce_ms": 0, "exclude": ["gen/**"], "severity": "information"},
    }
    folders = [uri for uri in configuration if uri]
    async with connect(capabilities=pushing(), folders=folders, configuration=configuration) as client:
        client.open(TEXT, uri="file:///w/two/a.py")
        client.open(TEXT, uri="file:///w/three/gen/a.py")
        client.open(TEXT, uri="file:///w/one/a.py")
        client.open(TEXT, uri="file:///w/three/a.py")
        client.open(TEXT, uri="file:///w/none.py")
        severities = [
            (await client.diagnostics(1, uri))[0].severity
            for uri in ("file:///w/one/a.py", "file:///w/three/a.py", "file:///w/none.py")
        ]
        probability = (await client.score("file:///w/three/gen/a.py"))["functions"][0]["probability"]
    assert severities == [
        lsp.DiagnosticSeverity.Warning,
        lsp.DiagnosticSeverity.Information,
        lsp.DiagnosticSeverity.Hint,
    ]
    assert {entry.uri for entry in client.published if entry.diagnostics} == {
        "file:///w/one/a.py",
        "file:///w/three/a.py",
        "file:///w/none.py",
    }
    assert probability is not None


async def test_a_change_makes_the_server_ask_again_and_what_was_sent_holds_where_the_answer_is_null() -> None:
    async with connect(capabilities=pushing(), options={"severity": "warning"}) as client:
        client.open(TEXT)
        assert [found.severity for found in await client.diagnostics(1)] == [lsp.DiagnosticSeverity.Warning]
        client.configuration = {"": {"severity": "information"}}
        client.configure(None)
        await client.until(lambda: client.published[-1].diagnostics[0].severity == lsp.DiagnosticSeverity.Information)
        client.configuration = {}
        client.configure({"codeodds": {"severity": "hint"}})
        await client.until(lambda: client.published[-1].diagnostics[0].severity == lsp.DiagnosticSeverity.Hint)


async def test_a_folder_that_is_added_is_asked_for() -> None:
    configuration = {"file:///w": {"diagnostics": False}}
    async with connect(capabilities=pushing(), configuration=configuration) as client:
        client.open(TEXT)
        assert len(await client.diagnostics(1)) == 1
        event = lsp.WorkspaceFoldersChangeEvent(added=[lsp.WorkspaceFolder("file:///w", "w")], removed=[])
        client.rpc.workspace_did_change_workspace_folders(lsp.DidChangeWorkspaceFoldersParams(event))
        await client.until(lambda: not client.published[-1].diagnostics)


async def test_a_client_that_registers_is_asked_to_tell_of_changes() -> None:
    async with connect(capabilities=recorded.vscode()) as client:
        await client.until(lambda: client.registered)
    assert client.registered == ["workspace/didChangeConfiguration"]


async def test_a_wrong_value_in_several_folders_is_told_once() -> None:
    configuration = {"": {"threads": 0}, "file:///v": {"threads": 0}, "file:///w": {"threads": 0, "severity": 1}}
    async with connect(
        capabilities=pushing(), folders=["file:///v", "file:///w"], configuration=configuration
    ) as client:
        await client.until(lambda: len(client.logged) == 2)
        client.configure(None)
        client.open(TEXT)
        assert len(await client.diagnostics(1)) == 1
    assert [entry.message.split()[1] for entry in client.logged] == ["codeodds.threads", "codeodds.severity"]
    assert client.shown == []


async def test_nothing_is_shown_before_the_client_has_said_how_but_a_silent_one_is_not_waited_for() -> None:
    async with connect(capabilities=pushing(), configuration={"": {"severity": "warning"}}) as client:
        client.open(TEXT)
        assert [found.severity for found in await client.diagnostics(1)] == [lsp.DiagnosticSeverity.Warning]
    assert len(client.published) == 1
    async with connect(capabilities=pushing(), silent=True) as client:
        client.open(TEXT)
        assert len((await client.score())["functions"]) == 1
        assert client.published == []
        assert [found.severity for found in await client.diagnostics(1)] == [lsp.DiagnosticSeverity.Hint]
        client.silent = False
