"""Every member of every message, of every wrong type: each request is answered, and the server goes on."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lsp.client import WAIT_S
from tests.lsp.wire import INITIALIZE, Wire, wire

URI = "file:///w/a.py"
NOTEBOOK = "file:///w/a.ipynb"
CELL = "vscode-notebook-cell:/w/a.ipynb#1"
TEXT = "def f(a):\n    b = BUG\n    return b\n"
PLACE = {"textDocument": {"uri": URI}, "position": {"line": 0, "character": 5}}
SPAN = {"start": {"line": 0, "character": 0}, "end": {"line": 3, "character": 0}}
AT = {"uri": URI, "position": {"line": 1, "character": 0}}
REQUESTS: dict[str, Any] = {
    "textDocument/hover": PLACE,
    "textDocument/inlayHint": {"textDocument": {"uri": URI}, "range": SPAN},
    "inlayHint/resolve": {
        "position": {"line": 0, "character": 9},
        "label": "30 %",
        "data": {"uri": URI, "version": 1, "line": 0},
    },
    "textDocument/codeLens": {"textDocument": {"uri": URI}},
    "codeLens/resolve": {"range": SPAN, "data": {"uri": URI, "version": 1, "line": 0}},
    "textDocument/codeAction": {
        "textDocument": {"uri": URI},
        "range": SPAN,
        "context": {"diagnostics": [{"range": SPAN, "message": "m", "source": "codeodds"}], "only": ["quickfix"]},
    },
    "codeAction/resolve": {
        "title": "t",
        "kind": "quickfix",
        "data": {"uri": URI, "version": 1, "function": 0, "line": 1},
    },
    "textDocument/diagnostic": {"textDocument": {"uri": URI}, "previousResultId": "x"},
    "textDocument/inlineCompletion": {**PLACE, "context": {"triggerKind": 1}},
    "codeodds/score": PLACE,
    "codeodds/rank": {**PLACE, "position": {"line": 1, "character": 4}, "candidates": ["return a", "return"]},
}
COMMANDS: dict[str, Any] = {
    "codeodds.scoreFunction": AT,
    "codeodds.scoreFile": {"uri": URI},
    "codeodds.scoreSelection": {"uri": URI, "range": SPAN},
    "codeodds.explain": {**AT, "show": False},
    "codeodds.rankAlternatives": {**AT, "bodies": ["return a + 1"]},
    "codeodds.debugInformation": {},
    "codeodds.openSettings": {},
}
ITEM = {"uri": URI, "languageId": "python", "version": 2, "text": TEXT}
CELLS = [{"kind": 2, "document": CELL}]
NOTIFICATIONS: dict[str, Any] = {
    "textDocument/didOpen": {"textDocument": ITEM},
    "textDocument/didChange": {
        "textDocument": {"uri": URI, "version": 3},
        "contentChanges": [{"range": SPAN, "rangeLength": 3, "text": TEXT}],
    },
    "textDocument/didClose": {"textDocument": {"uri": URI}},
    "notebookDocument/didOpen": {
        "notebookDocument": {"uri": NOTEBOOK, "notebookType": "jupyter-notebook", "version": 1, "cells": CELLS},
        "cellTextDocuments": [{**ITEM, "uri": CELL}],
    },
    "notebookDocument/didChange": {
        "notebookDocument": {"uri": NOTEBOOK, "version": 2},
        "change": {
            "cells": {
                "structure": {
                    "array": {"start": 0, "deleteCount": 1, "cells": CELLS},
                    "didOpen": [{**ITEM, "uri": CELL}],
                    "didClose": [{"uri": CELL}],
                },
                "textContent": [{"document": {"uri": CELL, "version": 3}, "changes": [{"range": SPAN, "text": TEXT}]}],
            }
        },
    },
    "notebookDocument/didClose": {"notebookDocument": {"uri": NOTEBOOK}, "cellTextDocuments": [{"uri": CELL}]},
    "workspace/didChangeConfiguration": {"settings": {"codeodds": {"debounce_ms": 1, "exclude": ["a"]}}},
    "workspace/didChangeWorkspaceFolders": {"event": {"added": [{"uri": "file:///w", "name": "w"}], "removed": []}},
    "$/setTrace": {"value": "off"},
    "$/cancelRequest": {"id": 1},
}
WRONG = [None, True, -1, 10**30, 0.5, "text", "\ud800", [], [None], {}, {"uri": 1}]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Paths to a value's members, and to the value itself."""
    yield path
    for key, member in (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    ):
        yield from places(member, (*path, key))


def changed(value: Any, path: tuple[Any, ...], wrong: Any) -> Any:
    if not path:
        return wrong
    whole = member = copy.deepcopy(value)
    for key in path[:-1]:
        member = member[key]
    member[path[-1]] = wrong
    return whole


def without(value: Any, path: tuple[Any, ...]) -> Any:
    whole = member = copy.deepcopy(value)
    for key in path[:-1]:
        member = member[key]
    del member[path[-1]]
    return whole


def wrong_versions(params: Any) -> Iterator[Any]:
    for path in places(params):
        for wrong in WRONG:
            yield changed(params, path, wrong)
        if path:
            yield without(params, path)


async def answers(connection: Wire, count: int) -> list[dict[str, Any]]:
    """The answers to the requests from 0 to `count` - 1, in that order."""
    found: dict[int, dict[str, Any]] = {}
    async with asyncio.timeout(2 * WAIT_S):
        while len(found) < count:
            message = await connection._receive()
            if "method" not in message and isinstance(message.get("id"), int):
                assert message["id"] not in found, message
                found[message["id"]] = message
    return [found[number] for number in range(count)]


async def still_scores(connection: Wire) -> None:
    connection.open(TEXT, uri="file:///w/alive.py")
    connection.request("alive", "codeodds/score", {"textDocument": {"uri": "file:///w/alive.py"}})
    answer = await connection.answer("alive")
    assert [function["probability"] for function in answer["result"]["functions"]] == [pytest.approx(0.3)]
    assert await connection.end() == 0


def check(found: list[dict[str, Any]]) -> None:
    codes = {answer["error"]["code"] for answer in found if "error" in answer}
    assert codes <= {-32602, -32803, -32802}, [
        answer for answer in found if answer.get("error", {}).get("code") == -32603
    ]
    assert not any("Traceback" in str(answer) for answer in found)


@pytest.mark.parametrize("method", list(REQUESTS))
async def test_requests(method: str, tmp_path: Path) -> None:
    with (tmp_path / "stderr").open("wb") as stderr:
        async with wire(stderr=stderr) as connection:
            connection.open(TEXT)
            sent = list(wrong_versions(REQUESTS[method]))
            for number, params in enumerate(sent):
                connection.request(number, method, params)
            check(await answers(connection, len(sent)))
            await still_scores(connection)
    assert "Traceback" not in (tmp_path / "stderr").read_text()


@pytest.mark.parametrize("command", list(COMMANDS))
async def test_commands(command: str, tmp_path: Path) -> None:
    with (tmp_path / "stderr").open("wb") as stderr:
        async with wire(stderr=stderr) as connection:
            connection.open(TEXT)
            sent = [[wrong] for wrong in wrong_versions(COMMANDS[command])] + [[], [1, 2], None, 5, {}, "x"]
            for number, arguments in enumerate(sent):
                connection.request(number, "workspace/executeCommand", {"command": command, "arguments": arguments})
            check(await answers(connection, len(sent)))
            await still_scores(connection)
    assert "Traceback" not in (tmp_path / "stderr").read_text()


@pytest.mark.parametrize("method", list(NOTIFICATIONS))
async def test_notifications(method: str, tmp_path: Path) -> None:
    with (tmp_path / "stderr").open("wb") as stderr:
        async with wire(stderr=stderr) as connection:
            connection.open(TEXT)
            connection.notify("notebookDocument/didOpen", NOTIFICATIONS["notebookDocument/didOpen"])
            for params in wrong_versions(NOTIFICATIONS[method]):
                connection.notify(method, params)
            await still_scores(connection)
    assert "Traceback" not in (tmp_path / "stderr").read_text()


async def test_initialize(tmp_path: Path) -> None:
    right = {
        "processId": None,
        "clientInfo": {"name": "n"},
        "capabilities": {
            "workspace": {"configuration": True, "inlayHint": {"refreshSupport": False}},
            "textDocument": {"hover": {"contentFormat": ["markdown"]}},
            "general": {"positionEncodings": ["utf-16"]},
            "experimental": {"codeoddsScores": False},
        },
        "workspaceFolders": [{"uri": "file:///w", "name": "w"}],
        "initializationOptions": {"codeodds": {"debounce_ms": 1}},
        "trace": "off",
    }
    with (tmp_path / "stderr").open("wb") as stderr:
        async with wire(stderr=stderr, greet=False) as connection:
            sent = list(wrong_versions(right))
            for number, params in enumerate(sent):
                connection.request(number, "initialize", params)
            check(await answers(connection, len(sent)))
            connection.send(INITIALIZE)
            await connection.answer("start")
            connection.notify("initialized", {})
            await still_scores(connection)
    assert "Traceback" not in (tmp_path / "stderr").read_text()
