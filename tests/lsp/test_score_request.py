"""``codeodds/score`` end to end: values, errors, cancellation."""

from __future__ import annotations

import asyncio

import pytest
from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException

from tests.lsp.client import FAKE_SERVER, URI, WAIT_S, connect

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
