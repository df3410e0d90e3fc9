"""``codeodds/rank`` end to end: order, values, reasons, errors, time, cancellation, the newest document."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException

from tests.lsp.client import FAKE_SERVER, URI, WAIT_S, Client, connect, to_plain

TEXT = "import math\n\n\ndef f(a):\n    '''Do it.'''\n    b = a\n    \n\n\nx = 1\n"
PLACE = {"line": 6, "character": 4}
CANDIDATES = ["return BUG", "return b", "return (", "return b\n", ""]


async def rank(client: Client, **parameters: Any) -> dict[str, Any]:
    future = client.rpc.protocol.send_request_async("codeodds/rank", parameters)
    return to_plain(await asyncio.wait_for(future, WAIT_S))  # type: ignore[no-any-return]


def at(place: dict[str, int], candidates: Any = CANDIDATES, uri: str = URI) -> dict[str, Any]:
    return {"textDocument": {"uri": uri}, "position": place, "candidates": candidates}


async def test_candidates_at_a_position_come_back_in_order_with_values_and_reasons() -> None:
    async with connect(*FAKE_SERVER, "--gate", options={"enable": False}) as client:
        client.release()
        client.open(TEXT, version=7)
        answer = await rank(client, **at(PLACE))
        calls = await client.calls()
        problems = await client.rpc.protocol.send_request_async("test/problems", None)
        prefix = await rank(client, prefix="def f(a):\n", candidates=["    return BUG\n", "    return a\n"])
    assert (answer["uri"], answer["version"], answer["model"]) == (URI, 7, {"name": "fake", "version": "1"})
    assert (answer["complete"], answer["order"]) == (True, [1, 3, 0, 2, 4])
    assert calls == ["    b = a\n    return BUG", "    b = a\n    return b"]
    assert list(problems) == ["import math\n\n\ndef f(a):\n    '''Do it.'''\n"] * 2
    best, same, worse, broken, empty = answer["candidates"]
    assert best["probability"] == same["probability"] == pytest.approx(0.9)
    assert (best["duplicateOf"], same["duplicateOf"]) == (None, 1)
    assert worse["lines"] == [
        {"line": 0, "probability": pytest.approx(0.3), "drop": pytest.approx(0.6), "fraction": 1.0}
    ]
    assert (broken["probability"], broken["lines"]) == (None, [])
    assert (broken["reason"], empty["reason"]) == ("it does not parse", "it is empty")
    assert (prefix["uri"], prefix["version"], prefix["order"]) == (None, None, [1, 0])


async def test_wrong_parameters_are_answered_with_a_sentence() -> None:
    cases: list[tuple[Any, str]] = [
        (at(PLACE, []), "there are no candidates; give at least one"),
        (at(PLACE, ["return b"] * 1_001), "1,001 candidates; at most 1,000"),
        (at(PLACE, "return b"), "Expected `array`, got `str`"),
        (at(PLACE, ["return b", 3]), "Expected `str`, got `int`"),
        (at({"line": -1, "character": 0}), "position.line"),
        (at({"line": 99, "character": 0}), "line is 99, but the document has 11 lines"),
        (at({"line": 9, "character": 5}), "in no function's body; give a prefix instead"),
        (at(PLACE, uri="file:///w/none.py"), "no open Python document"),
        ({"candidates": ["x"]}, "textDocument: {uri}"),
        ({"candidates": ["x"], "prefix": 4}, "prefix"),
        ({}, "one object with candidates"),
        ([], "one object with candidates"),
        (None, "one object with candidates"),
    ]
    async with connect(options={"enable": False}) as client:
        client.open(TEXT)
        for parameters, message in cases:
            future = client.rpc.protocol.send_request_async("codeodds/rank", parameters)
            with pytest.raises(JsonRpcException) as caught:
                await asyncio.wait_for(future, WAIT_S)
            assert message in caught.value.message
            assert caught.value.code == -32602
        assert (await rank(client, **at(PLACE)))["order"] == [1, 3, 0, 2, 4]


async def test_a_thousand_candidates_and_very_long_ones_come_back() -> None:
    many = [f"return {number}" for number in range(999)]
    async with connect(options={"enable": False, "request_timeout_ms": 600_000}) as client:
        client.open(TEXT)
        answer = await rank(client, **at(PLACE, ["c = 1\n    " * 2_500 + "return b", *many]))
    assert answer["complete"] is True
    assert answer["order"] == [*range(1, 1_000), 0]
    assert "limit is 2000" in answer["candidates"][-1]["reason"]


async def test_a_change_of_the_document_and_a_cancellation_end_the_run() -> None:
    async with connect(*FAKE_SERVER, "--gate", options={"enable": False}) as client:
        client.open(TEXT)
        first = asyncio.ensure_future(rank(client, **at(PLACE)))
        await client.until_called(1)
        client.replace(TEXT + "\n", 2)
        with pytest.raises(JsonRpcException) as caught:
            await first
        assert caught.value.code == -32802
        second = asyncio.ensure_future(
            client.rpc.protocol.send_request_async("codeodds/rank", at(PLACE, ["return c"]), msg_id="to cancel")
        )
        await client.until_called(2)
        client.rpc.cancel_request(lsp.CancelParams(id="to cancel"))
        with pytest.raises(JsonRpcException) as caught:
            await asyncio.wait_for(second, WAIT_S)
        assert caught.value.code == -32800
        third = asyncio.ensure_future(rank(client, **at(PLACE, ["return d"])))
        calls = await client.until_called(3)
        client.release()
        assert (await third)["order"] == [0]
    assert calls == [f"    b = a\n    return {what}" for what in ("BUG", "c", "d")]


async def test_a_time_limit_without_a_score_is_one_sentence() -> None:

    async with connect(*FAKE_SERVER, "--gate", options={"enable": False, "request_timeout_ms": 500}) as client:
        client.open(TEXT)
        with pytest.raises(JsonRpcException, match="no candidate was scored within 500 ms") as caught:
            await rank(client, **at(PLACE))
        assert caught.value.code == -32803
        scored = asyncio.ensure_future(rank(client, **at(PLACE, ["return b"])))
        client.release()
        assert (await scored)["complete"] is True


async def test_a_broken_bundle_is_answered_with_its_sentence() -> None:
    async with connect(*FAKE_SERVER, "there is no bundle at x; install one") as client:
        client.open(TEXT)
        with pytest.raises(JsonRpcException, match="there is no bundle at x; install one") as caught:
            await rank(client, **at(PLACE))
    assert caught.value.code == -32803
