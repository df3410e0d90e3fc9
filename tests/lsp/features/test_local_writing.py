"""Bodies and ways to go on from the bundle's own language model, end to end. No connection is allowed here."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.lsp.client import FAKE_SERVER
from tests.lsp.wire import INITIALIZE, Wire, wire

URI = "file:///w/a.py"
TEXT = "def f(a):\n    '''Do it.'''\n    b = BUG\n    return b\n"
UNFINISHED = TEXT.replace("    return b\n", "    \n")
WRITES = ("    return BUG\n", "    return a\n\n\nprint(f(1))\n", "    return (\n")
SETTINGS = {"enable": False, "request_timeout_ms": 600_000, "completions_budget_ms": 120_000}
LOCAL = {"completions_source": "local", "completions_url": "http://127.0.0.1:9/v1"}


@asynccontextmanager
async def server(*writes: str, **settings: Any) -> AsyncIterator[Wire]:
    params = {"capabilities": {}, "initializationOptions": {**SETTINGS, **LOCAL, **settings}}
    arguments = ("--write", *writes) if writes else ()
    async with wire(*FAKE_SERVER, *arguments, initialize={**INITIALIZE, "params": params}) as connection:
        connection.open(TEXT)
        yield connection


async def rank(connection: Wire, number: int = 1, **more: Any) -> dict[str, Any]:
    argument = {"uri": URI, "position": {"line": 2, "character": 0}, "generate": True, **more}
    params = {"command": "codeodds.rankAlternatives", "arguments": [argument]}
    connection.request(number, "workspace/executeCommand", params)
    answer = await connection.answer(number)
    result: dict[str, Any] = answer.get("result") or answer["error"]
    return result


async def complete(connection: Wire, number: int, trigger: int = 1) -> dict[str, Any]:
    place = {"textDocument": {"uri": URI}, "position": {"line": 3, "character": 4}}
    connection.request(number, "textDocument/inlineCompletion", {**place, "context": {"triggerKind": trigger}})
    return await connection.answer(number)


async def test_bodies_come_from_the_bundle_and_not_from_the_endpoint() -> None:
    async with server(*WRITES) as connection:
        found = await rank(connection, bodies=["return a, a"], seed=3)
    assert found["problem"] is None
    assert [(item["source"], item["body"], item["probability"]) for item in found["alternatives"]] == [
        ("given", "    return a, a\n", pytest.approx(0.9)),
        ("local", "    return a\n", pytest.approx(0.9)),
        ("local", "    return BUG\n", pytest.approx(0.3)),
    ]


async def test_ways_to_go_on_come_from_it_too() -> None:
    async with server("    return b\n", "    return BUG\n\nx = 1\n") as connection:
        change = {"textDocument": {"uri": URI, "version": 2}, "contentChanges": [{"text": UNFINISHED}]}
        connection.notify("textDocument/didChange", change)
        items = (await complete(connection, 1))["result"]
    assert [(item["insertText"], item["data"]["probability"]) for item in items] == [
        ("return b", pytest.approx(0.3)),
        ("return BUG", pytest.approx(0.01)),
    ]


async def test_a_limit_of_tokens_breaks_a_body_off() -> None:
    async with server("    return a + a\n", completions_body_max_tokens=4) as connection:
        error = await rank(connection)
    assert error == {
        "code": -32803,
        "message": "no body came to its end (1 broke off); use a faster model, or ask for a shorter function",
    }


async def test_a_bundle_that_only_scores_says_so_and_ranks_what_is_given() -> None:
    async with server() as connection:
        error = await rank(connection)
        found = await rank(connection, 2, bodies=["return a"])
        change = {"textDocument": {"uri": URI, "version": 2}, "contentChanges": [{"text": UNFINISHED}]}
        connection.notify("textDocument/didChange", change)
        by_hand = await complete(connection, 3)
        by_itself = [await complete(connection, number, trigger=2) for number in (4, 5)]
        told = [entry for entry in connection.received if entry.get("method") == "window/logMessage"]
    sentence = "fake: this bundle scores code and cannot write it"
    assert error == {"code": -32803, "message": sentence}
    assert found["problem"] == sentence
    assert [item["source"] for item in found["alternatives"]] == ["given"]
    assert by_hand["error"] == error
    assert [answer["result"] for answer in by_itself] == [[], []]
    assert [entry["params"]["message"] for entry in told] == [sentence]


async def test_without_a_bundle_the_answer_is_its_sentence() -> None:
    params = {"capabilities": {}, "initializationOptions": {**SETTINGS, **LOCAL}}
    async with wire(*FAKE_SERVER, "there is no bundle", initialize={**INITIALIZE, "params": params}) as connection:
        connection.open(TEXT)
        assert await rank(connection) == {"code": -32803, "message": "there is no bundle"}
