"""``codeodds/score`` end to end: values, errors, cancellation."""

from __future__ import annotations

import asyncio
from operator import itemgetter
from typing import Any

import pytest
from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException

from tests.lsp.client import FAKE_SERVER, URI, WAIT_S, connect
from tests.lsp.wire import wire

TEXT = "def f(a):\n    b = a + 1\n    return b\n\n\ndef g(a):\n    b = BUG\n    return b\n\n\ndef h(a):\n    ...\n"


async def test_the_answer_has_every_function() -> None:
    async with connect(options={"enable": False}) as client:
        client.open(TEXT, version=7)
        answer = await client.score()
    assert (answer["version"], answer["model"]) == (7, {"name": "fake", "version": "1"})
    f, g, h = answer["functions"]
    assert (f["name"], f["probability"], f["reason"]) == ("f", pytest.approx(0.9), None)
    assert g["range"] == {"start": {"line": 5, "character": 0}, "end": {"line": 7, "character": 12}}
    assert g["lines"] == [
        {
            "line": 6,
            "probability": pytest.approx(0.3),
            "drop": pytest.approx(0.6),
            "fraction": pytest.approx(6 / 11, abs=1e-6),
        },
        {"line": 7, "probability": pytest.approx(0.3), "drop": 0, "fraction": pytest.approx(10 / 11, abs=1e-6)},
    ]
    assert (h["probability"], h["reason"], h["lines"]) == (None, "it is a stub", [])


async def test_a_position_chooses_the_function_around_it() -> None:
    async with connect() as client:
        client.open(TEXT)
        answer = await client.score(position={"line": 6, "character": 0})
        assert [function["name"] for function in answer["functions"]] == ["g"]
        answer = await client.score(position={"line": 4, "character": 0})
        assert answer["functions"] == []


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"textDocument": {"uri": "file:///w/unknown.py"}}, "no open Python document"),
        ({"textDocument": {"uri": 3}}, "parameters are"),
        ({}, "parameters are"),
        ([], "parameters are"),
        (None, "parameters are"),
        ({"textDocument": {"uri": "file:///w/a.py"}, "workDoneToken": 0.5}, "workDoneToken must be"),
        ({"textDocument": {"uri": "file:///w/a.py"}, "partialResultToken": True}, "partialResultToken must be"),
        ({"textDocument": {"uri": "file:///w/a.py"}, "position": {"line": "one"}}, "whole number"),
        ({"textDocument": {"uri": "file:///w/a.py"}, "position": {"line": -1}}, "whole number"),
        ({"textDocument": {"uri": "file:///w/a.py"}, "position": {"line": 13}}, "line is 13, but .* has 13 lines"),
    ],
)
async def test_wrong_parameters_are_answered_with_a_sentence(parameters: object, message: str) -> None:
    async with connect() as client:
        client.open(TEXT)
        with pytest.raises(JsonRpcException, match=message) as caught:
            await client.rpc.protocol.send_request_async("codeodds/score", parameters)
        assert caught.value.code == -32602
        assert len((await client.score())["functions"]) == 3


async def test_a_broken_bundle_is_told_once_and_the_server_lives() -> None:
    async with connect(*FAKE_SERVER, "there is no bundle at x; install one") as client:
        client.open(TEXT)
        await client.until(lambda: client.logged)
        for version in range(2, 5):
            client.replace(TEXT, version)
        for _ in range(2):
            with pytest.raises(JsonRpcException, match="there is no bundle at x; install one") as caught:
                await client.score()
            assert caught.value.code == -32803
        assert await client.hints() == []
    assert [entry.message for entry in client.logged] == ["there is no bundle at x; install one"]
    assert client.shown == []


async def test_an_engine_that_fails_unexpectedly_is_told_once_without_quoting_anything() -> None:
    async with connect(*FAKE_SERVER, "--crash") as client:
        client.open(TEXT)
        await client.until(lambda: client.logged)
        client.replace(TEXT + "\n", 2)
        for _ in range(2):
            with pytest.raises(JsonRpcException, match="RuntimeError") as caught:
                await client.score()
            assert caught.value.code == -32803
    (entry,) = client.logged
    assert "quote" not in entry.message


async def test_a_cancelled_request_is_answered_at_once_and_gives_its_run_up() -> None:
    async with connect(*FAKE_SERVER, "--gate", options={"enable": False}) as client:
        client.open(TEXT)
        parameters = {"textDocument": {"uri": URI}}
        first = asyncio.ensure_future(
            client.rpc.protocol.send_request_async("codeodds/score", parameters, msg_id="to cancel")
        )
        await client.until_called(1)
        client.rpc.cancel_request(lsp.CancelParams(id="to cancel"))
        with pytest.raises(JsonRpcException) as caught:
            await asyncio.wait_for(first, WAIT_S)
        assert caught.value.code == -32800
        second = asyncio.ensure_future(client.score(position={"line": 6, "character": 0}))
        calls = await client.until_called(2)
        client.release()
        assert [function["name"] for function in (await second)["functions"]] == ["g"]
    assert calls == ["    b = a + 1\n    return b\n", "    b = BUG\n    return b\n"]


def told(received: list[dict[str, Any]], token: object) -> list[dict[str, Any]]:
    progress = [message["params"] for message in received if message.get("method") == "$/progress"]
    return [params["value"] for params in progress if params["token"] == token]


async def test_progress_and_partial_results_come_where_the_client_offers_them() -> None:
    document = {"textDocument": {"uri": URI}}
    async with wire() as connection:
        connection.notify("workspace/didChangeConfiguration", {"settings": {"codeodds": {"enable": False}}})
        connection.open(TEXT, URI)
        connection.request(1, "codeodds/score", {**document, "workDoneToken": "w", "partialResultToken": 7})
        answer = (await connection.answer(1))["result"]
        work, partial = told(connection.received, "w"), told(connection.received, 7)
        connection.request(2, "codeodds/score", document)
        whole = (await connection.answer(2))["result"]
        assert len(told(connection.received, "w")) == len(work)
        await connection.end()
    assert (answer["functions"], answer["complete"], whole["complete"]) == ([], True, True)
    assert {**answer, "functions": whole["functions"]} == whole
    found = [function for part in partial for function in part["functions"]]
    assert [function["name"] for function in found] == ["h", "f", "g"], "what needs no score goes first"
    assert sorted(found, key=itemgetter("name")) == whole["functions"]
    assert [value["kind"] for value in work] == ["begin", "report", "report", "end"]


async def test_a_command_tells_how_far_it_is() -> None:
    parameters = {"command": "codeodds.scoreFile", "arguments": [{"uri": URI}], "workDoneToken": 3}
    async with wire() as connection:
        options = connection.received[0]["result"]["capabilities"]["executeCommandProvider"]
        # Not scored by itself, so that there is something to do.
        connection.notify("workspace/didChangeConfiguration", {"settings": {"codeodds": {"enable": False}}})
        connection.open(TEXT, URI)
        connection.request(1, "workspace/executeCommand", parameters)
        answer = (await connection.answer(1))["result"]
        work = told(connection.received, 3)
        # What is known needs no progress.
        connection.request(2, "workspace/executeCommand", {**parameters, "workDoneToken": 4})
        await connection.answer(2)
        assert told(connection.received, 4) == []
        await connection.end()
    assert options["workDoneProgress"] is True
    assert [function["name"] for function in answer["functions"]] == ["f", "g", "h"]
    assert work == [
        {
            "kind": "begin",
            "title": "codeodds: scoring",
            "cancellable": False,
            "message": "0 of 2 functions",
            "percentage": 0,
        },
        {"kind": "report", "message": "1 of 2 functions", "percentage": 50},
        {"kind": "report", "message": "2 of 2 functions", "percentage": 100},
        {"kind": "end"},
    ]


async def test_progress_ends_where_the_request_fails() -> None:
    async with wire(*FAKE_SERVER, "--gate") as connection:
        connection.notify("workspace/didChangeConfiguration", {"settings": {"codeodds": {"enable": False}}})
        connection.open(TEXT, URI)
        connection.request(1, "codeodds/score", {"textDocument": {"uri": URI}, "workDoneToken": "w"})
        connection.request(2, "test/called", [1])
        await connection.answer(2)
        connection.notify("$/cancelRequest", {"id": 1})
        assert (await connection.answer(1))["error"]["code"] == -32800
        connection.notify("test/release")
        await connection.end()
    assert [value["kind"] for value in told(connection.received, "w")] == ["begin", "end"]
