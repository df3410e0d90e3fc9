"""``textDocument/completion`` end to end, with the real Jedi and the fake scorer: order, marks, silence, errors."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types as lsp

from codeodds.completion.names import NOT_INSTALLED, Name
from codeodds.lsp.documents.rankings import TimedRanking
from codeodds.lsp.features.completion import in_order
from codeodds.ranking.types import Ranked, Ranking
from tests.lsp import recorded
from tests.lsp.client import FAKE_SERVER, connect
from tests.lsp.wire import INITIALIZE, Wire, wire

URI = "file:///w/a.py"
TEXT = """\
import os

os.path
class Shelf:
    def __init__(self):
        self.BUG = 1
        self.bzz = 2

    def fill(self, size):
        '''Fill it.'''
        x = self.b
        y = "🙂", self.b
        # self.b
        ELSEWHERE = self.b
        return


def broken(
    self.b
"""
ON = {"complete_names": True, "names_budget_ms": 60_000, "enable": False}
DETAILS = {"textDocument": {"completion": {"completionItem": {"labelDetailsSupport": True}}}}
EMPTY = {"isIncomplete": False, "items": []}
SECRET = "swordfish"


@asynccontextmanager
async def server(
    *arguments: str, stderr: Any = asyncio.subprocess.DEVNULL, capabilities: Any = None, **settings: Any
) -> AsyncIterator[Wire]:
    params = {"capabilities": capabilities or {}, "initializationOptions": {**ON, **settings}}
    async with wire(*FAKE_SERVER, *arguments, initialize={**INITIALIZE, "params": params}, stderr=stderr) as connection:
        connection.open(TEXT)
        yield connection


def ask(connection: Wire, number: Any, line: int, character: int, uri: str = URI) -> None:
    position = {"line": line, "character": character}
    connection.request(number, "textDocument/completion", {"textDocument": {"uri": uri}, "position": position})


async def complete(connection: Wire, line: int, character: int, number: Any = 1, uri: str = URI) -> Any:
    ask(connection, number, line, character, uri)
    return (await connection.answer(number))["result"]


def told(connection: Wire) -> list[str]:
    return [entry["params"]["message"] for entry in connection.received if entry.get("method") == "window/logMessage"]


def item(label: str, place: int, probability: float, line: int, end: int, **mark: Any) -> dict[str, Any]:
    """What stands in an answer for an attribute of which one letter is typed."""
    span = {"start": {"line": line, "character": end - 1}, "end": {"line": line, "character": end}}
    return {
        "label": label,
        "kind": 6,
        "sortText": f"~0{place}",
        "textEdit": {"range": span, "newText": label},
        "data": {"probability": pytest.approx(probability)},
        **mark,
    }


async def test_the_most_probable_name_comes_first_and_nothing_else_is_in_the_list() -> None:
    """No item is preselected, has commit characters or edits another place: other servers' lists stay what they are."""
    async with server(capabilities=DETAILS) as connection:
        found = await complete(connection, 10, 18)
        # A character outside the basic plane counts twice.
        behind_emoji = await complete(connection, 11, 24, 2)
        assert told(connection) == []
    assert found == {
        "isIncomplete": False,
        "items": [
            item("bzz", 0, 0.9, 10, 18, labelDetails={"description": "codeodds 90 %"}),
            item("BUG", 1, 0.3, 10, 18, labelDetails={"description": "codeodds 30 %"}),
        ],
    }
    assert [entry["textEdit"]["range"] for entry in behind_emoji["items"]] == [
        {"start": {"line": 11, "character": 23}, "end": {"line": 11, "character": 24}}
    ] * 2


async def test_a_client_without_details_behind_labels_gets_the_mark_as_the_detail() -> None:
    async with server() as connection:
        found = await complete(connection, 10, 18)
    assert found["items"] == [
        item("bzz", 0, 0.9, 10, 18, detail="codeodds 90 %"),
        item("BUG", 1, 0.3, 10, 18, detail="codeodds 30 %"),
    ]


@pytest.mark.parametrize(
    ("line", "character"),
    [
        (2, 7),  # in no function
        (8, 15),  # in a signature
        (10, 12),  # nothing was typed of a name
        (12, 16),  # in a comment
        (14, 8),  # nothing was typed
        (18, 10),  # in a signature that nobody finished
        (99, 0),  # in no line
    ],
)
async def test_elsewhere_there_is_no_list(line: int, character: int) -> None:
    async with server() as connection:
        assert await complete(connection, line, character) == EMPTY
        assert await complete(connection, line, character, 2, "file:///w/closed.py") == EMPTY
        assert told(connection) == []


async def test_off_by_default_and_then_neither_advertised_nor_is_jedi_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forbid_jedi(tmp_path, monkeypatch)
    async with server("--gate", complete_names=False) as connection:
        (start,) = connection.received
        ask(connection, 1, 10, 18)
        assert (await connection.answer(1))["error"]["code"] == lsp.ErrorCodes.MethodNotFound
        connection.request("calls", "test/calls")
        assert (await connection.answer("calls"))["result"] == []
        assert told(connection) == []
    assert "completionProvider" not in start["result"]["capabilities"]
    assert not (tmp_path / "imported").exists()
    async with server() as connection:
        (start,) = connection.received
    assert start["result"]["capabilities"]["completionProvider"] == {
        "triggerCharacters": ["."],
        "completionItem": {"labelDetailsSupport": True},
    }


async def test_without_jedi_the_log_says_once_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forbid_jedi(tmp_path, monkeypatch)
    async with server() as connection:
        assert [await complete(connection, 10, 18, number) for number in (1, 2)] == [EMPTY, EMPTY]
        assert told(connection) == [NOT_INSTALLED]
    assert (tmp_path / "imported").exists()


async def test_without_a_model_the_log_says_once_why() -> None:
    async with server("no bundle here") as connection:
        assert [await complete(connection, 10, 18, number) for number in (1, 2)] == [EMPTY, EMPTY]
        assert told(connection) == ["no bundle here"]


async def test_a_cancelled_request_ends_its_run() -> None:
    async with server("--gate") as connection:
        ask(connection, 1, 10, 18)
        connection.request(2, "test/called", [1])
        await connection.answer(2)
        connection.notify("$/cancelRequest", {"id": 1})
        assert (await connection.answer(1))["error"]["code"] == -32800
        connection.notify("test/release")
        assert [entry["label"] for entry in (await complete(connection, 10, 18, 3))["items"]] == ["bzz", "BUG"]


async def test_the_newest_document_wins() -> None:
    async with server("--gate") as connection:
        ask(connection, 1, 10, 18)
        connection.request(2, "test/called", [1])
        await connection.answer(2)
        change = {"textDocument": {"uri": URI, "version": 2}, "contentChanges": [{"text": TEXT + "\n"}]}
        connection.notify("textDocument/didChange", change)
        assert (await connection.answer(1))["result"] == EMPTY


async def test_when_the_time_is_up_the_client_may_ask_again() -> None:
    async with server("--gate", names_budget_ms=50) as connection:
        assert await complete(connection, 10, 18) == {"isIncomplete": True, "items": []}
        assert told(connection) == []


def shelf(attributes: int) -> str:
    """A class with attributes ``z00``, ``z01`` and so on, the letter of one typed in line 3, character 14."""
    given = "".join(f"        self.z{number:02} = 1\n" for number in range(attributes))
    return f"class Shelf:\n    def fill(self):\n        x = self\n        self.z\n\n    def __init__(self):\n{given}"


async def test_of_many_names_the_first_are_ranked_and_the_client_asks_again() -> None:
    async with server() as connection:
        connection.open(shelf(25), version=2)
        found = await complete(connection, 3, 14)
    assert found["isIncomplete"] is True
    assert [(entry["label"], entry["sortText"]) for entry in found["items"]] == [
        (f"z{number:02}", f"~{number:02}") for number in range(20)
    ]


async def test_what_is_scored_when_the_time_is_up_stands_before_the_rest() -> None:
    """Sixteen names are scored at a time; there are eighteen, and a second batch never ends."""
    async with server("--slices", "2") as connection:
        connection.open(shelf(2), version=2)
        first = await complete(connection, 3, 14)
        assert [entry["label"] for entry in first["items"]] == ["z00", "z01"]
        connection.notify("workspace/didChangeConfiguration", {"settings": {**ON, "names_budget_ms": 6_000}})
        change = {"textDocument": {"uri": URI, "version": 3}, "contentChanges": [{"text": shelf(18)}]}
        connection.notify("textDocument/didChange", change)
        found = await complete(connection, 3, 14, 2)
    assert found["isIncomplete"] is True
    assert [(entry["label"], entry["data"]["probability"]) for entry in found["items"]] == [
        *((f"z{number:02}", pytest.approx(0.9)) for number in range(16)),
        ("z16", None),
        ("z17", None),
    ]
    assert [entry.get("detail") for entry in found["items"]] == ["codeodds 90 %"] * 16 + [None] * 2


async def test_a_client_that_can_be_told_later_is_told_when_the_setting_changes() -> None:
    configuration = {"": {"enable": False, "complete_names": True}}
    async with connect(capabilities=recorded.vscode(), configuration=configuration) as client:
        assert client.answer is not None
        assert client.answer.capabilities.completion_provider is None
        await client.until(lambda: "textDocument/completion" in client.registered)
        client.configuration = {"": {"enable": False}}
        client.configure(None)
        await client.until(lambda: client.unregistered == ["textDocument/completion"])
        assert client.registered.count("textDocument/completion") == 1


async def test_a_client_that_cannot_be_told_later_learns_what_to_do() -> None:
    async with server(complete_names=False) as connection:
        settings = {"settings": {"codeodds": {**ON}}}
        connection.notify("workspace/didChangeConfiguration", settings)
        connection.notify("workspace/didChangeConfiguration", settings)
        await complete(connection, 2, 7)
        (message,) = told(connection)
    assert message.endswith("set complete_names in its initialization options, and start the server again")


def test_names_that_the_model_may_not_judge_stand_behind_the_others_in_jedis_order() -> None:
    names = tuple(Name(text, "param") for text in "abcd")
    ranked = Ranking((Ranked(3, "d", 0.8), Ranked(1, "b", 0.7), Ranked(0, "a", 0.2), Ranked(2, "c", reason="no")))
    assert in_order(names, TimedRanking(ranked, False, {1: "too short"})) == [
        (names[3], 0.8),
        (names[0], 0.2),
        (names[1], None),
        (names[2], None),
    ]
    assert in_order(names, TimedRanking(ranked, True, dict.fromkeys(range(4), "doubtful"))) == []


@pytest.mark.parametrize("level", ["debug", "warning"])
async def test_no_code_reaches_a_log(level: str, tmp_path: Path) -> None:
    text = TEXT.replace("bzz", f"b{SECRET}")
    with (tmp_path / "stderr").open("wb") as stderr:
        async with server("--log", level, stderr=stderr) as connection:
            connection.open(text, version=2)
            found = await complete(connection, 10, 18)
            change = {"textDocument": {"uri": URI, "version": 3}, "contentChanges": [{"text": text + f"{SECRET}("}]}
            connection.notify("textDocument/didChange", change)
            assert await complete(connection, 10, 18, 2) == found
            await connection.end()
        assert SECRET not in str(told(connection))
    assert found["items"][0]["label"] == f"b{SECRET}"
    assert SECRET not in (tmp_path / "stderr").read_text()


def forbid_jedi(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes a server's Jedi one that cannot be imported, and that leaves a trace when somebody tries."""
    trace = "from pathlib import Path\nPath(__file__).with_name('imported').touch()\nraise ImportError\n"
    (folder / "jedi.py").write_text(trace)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")]))
