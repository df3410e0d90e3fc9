"""Candidates that run for a ranking: both consents, the order, limits of time, cancellation. In the real sandbox."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException

from tests.lsp.client import FAKE_SERVER, URI, WAIT_S, Client, connect, to_plain

HEAD = "def double(x: int):\n"
TEXT = HEAD + "    return x * x\n"
GATED = (*FAKE_SERVER, "--gate")
ON = {"enable": False, "run_code": True}
OFF = "switch it on in your user settings"
ENDLESS = "    while True:\n        x += 1\n"


async def rank(client: Client, candidates: list[str], prefix: str = HEAD, **more: Any) -> dict[str, Any]:
    parameters = {"prefix": prefix, "candidates": candidates, **more}
    return to_plain(  # type: ignore[no-any-return]
        await asyncio.wait_for(client.rpc.protocol.send_request_async("codeodds/rank", parameters), WAIT_S)
    )


async def executing(client: Client) -> list[str]:
    """Modules that could run code, as far as the server has loaded them."""
    return list(await client.rpc.protocol.send_request_async("test/executing", None))


def alternatives(bodies: list[str], **more: Any) -> dict[str, Any]:
    return {"uri": URI, "position": {"line": 0, "character": 0}, "bodies": bodies, **more}


async def test_bodies_that_agree_stand_before_a_more_probable_one_that_does_not() -> None:
    bodies = ["return x * x * x", "return x + x  # BUG", "return 2 * x  # BUG", "return ("]
    async with connect(options=ON) as client:
        client.open(TEXT)
        by_value = await client.command("codeodds.rankAlternatives", alternatives(bodies))
        ran = await client.command("codeodds.rankAlternatives", alternatives(bodies, runCode=True))
    assert [item["index"] for item in by_value["alternatives"]] == [0, 1, 2, 3]
    assert (by_value["ran"], by_value["notRun"], by_value["inputs"]) == (False, "the request does not say runCode", 0)
    assert {item["agreement"] for item in by_value["alternatives"]} == {None}
    assert [item["index"] for item in ran["alternatives"]] == [0, 1, 2, 3]
    assert (ran["ran"], ran["notRun"], ran["inputs"]) == (True, None, 8)
