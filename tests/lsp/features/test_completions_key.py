"""``codeodds.setCompletionsKey``: the key reaches the address that it was given for, no other, and no log."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.generation.double import play, says, streams
from tests.lsp.client import FAKE_SERVER
from tests.lsp.wire import INITIALIZE, Wire, wire

pytestmark = pytest.mark.loopback

URI = "file:///w/a.py"
TEXT = "def f(a):\n    '''Do it.'''\n    return BUG\n"
SECRET = "swordfish"
SETTINGS = {"enable": False, "request_timeout_ms": 600_000, "completions_samples": 1}
PARAMETERS = {"capabilities": {}, "initializationOptions": SETTINGS, "trace": "verbose"}


def command(connection: Wire, number: Any, name: str, argument: Any) -> None:
    connection.request(number, "workspace/executeCommand", {"command": f"codeodds.{name}", "arguments": [argument]})


async def set_key(connection: Wire, number: Any, url: Any, key: Any) -> dict[str, Any]:
    command(connection, number, "setCompletionsKey", {"url": url, "key": key})
    return await connection.answer(number)


async def generate(connection: Wire, number: Any, url: str) -> dict[str, Any]:
    connection.notify("workspace/didChangeConfiguration", {"settings": {**SETTINGS, "completions_url": url}})
    argument = {"uri": URI, "position": {"line": 1, "character": 0}, "generate": True}
    command(connection, number, "rankAlternatives", argument)
    return await connection.answer(number)


async def test_it_is_sent_to_its_address_alone() -> None:
    handler = streams("    return a\n")
    async with (
        play(handler) as mine,
        play(handler) as other,
        wire(*FAKE_SERVER, initialize={**INITIALIZE, "params": PARAMETERS}) as connection,
    ):
        connection.open(TEXT)
        assert (await set_key(connection, 1, mine.url, SECRET))["result"] is None
        for number, url in enumerate([mine.url, other.url, mine.url], 2):
            await generate(connection, number, url)
        # A redirect to another address is not followed.
        mine.handler = says(b"", 302, more=f"Location: {other.url}/completions\r\n")
        await generate(connection, 10, mine.url)
        mine.handler = handler
        await set_key(connection, 11, mine.url, None)
        await generate(connection, 12, mine.url)
    seen = [headers.get("authorization") for headers in mine.headers]
    assert seen == [f"Bearer {SECRET}", f"Bearer {SECRET}", f"Bearer {SECRET}", None]
    assert [headers.get("authorization") for headers in other.headers] == [None]


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ({"url": "http://h", "key": f"{SECRET}\nx"}, "a key is 1 to 4,096 printable ASCII characters"),
        ({"url": SECRET, "key": SECRET}, "names no server"),
        ({"url": "http://h", "key": [SECRET]}, "Expected `str | null`, got `array`"),
        ({"url": "http://h"}, "one object with url, key"),
        (SECRET, "one object with url, key"),
    ],
)
async def test_a_wrong_argument_is_refused_and_not_quoted(argument: Any, message: str) -> None:
    async with wire() as connection:
        command(connection, 1, "setCompletionsKey", argument)
        error = (await connection.answer(1))["error"]
    assert error["code"] == -32602
    assert message in error["message"]
    assert SECRET not in error["message"]


@pytest.mark.parametrize("level", ["debug", "info", "warning", "error"])
async def test_it_is_in_no_log_and_in_no_answer(level: str, tmp_path: Path) -> None:
    with (tmp_path / "stderr").open("wb") as stderr:
        async with (
            play(streams("    return a\n")) as double,
            wire(
                *FAKE_SERVER, "--log", level, stderr=stderr, initialize={**INITIALIZE, "params": PARAMETERS}
            ) as connection,
        ):
            connection.open(TEXT)
            await set_key(connection, 1, double.url, SECRET)
            await set_key(connection, 2, double.url, f"{SECRET}\nx")
            await set_key(connection, 3, SECRET, SECRET)
            assert len((await generate(connection, 4, double.url))["result"]["alternatives"]) == 1
            for number, status in enumerate((401, 500), 5):
                double.handler = says(SECRET.encode(), status)
                assert "error" in await generate(connection, number, double.url)
            connection.request(8, "workspace/executeCommand", {"command": "codeodds.debugInformation"})
            await connection.answer(8)
            connection.request("end", "shutdown")
            await connection.answer("end")
    assert double.headers[0]["authorization"] == f"Bearer {SECRET}"
    assert SECRET not in str(connection.received)
    assert SECRET not in (tmp_path / "stderr").read_text()


async def test_it_is_gone_with_the_process() -> None:
    async with play(streams("    return a\n")) as double:
        for given in (True, False):
            async with wire(*FAKE_SERVER, initialize={**INITIALIZE, "params": PARAMETERS}) as connection:
                connection.open(TEXT)
                if given:
                    await set_key(connection, 1, double.url, SECRET)
                await generate(connection, 2, double.url)
                await asyncio.wait_for(connection.end(), 60)
    assert ["authorization" in headers for headers in double.headers] == [True, False]
