"""``codeodds.rankAlternatives`` with `generate`, end to end, with a double of the endpoint."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.generation.double import Handler, event, hangs_after, one_by_one, play, says, streams
from tests.lsp.client import FAKE_SERVER
from tests.lsp.wire import INITIALIZE, Wire, wire

pytestmark = pytest.mark.loopback

URI = "file:///w/a.py"
HEAD = "import math\n\n\nclass C:\n    def f(self, a):\n        '''Do it.'''\n"
TEXT = HEAD + "        b = BUG\n        return b\n\n\ny = 2\n"
SAMPLES = (
    "        return BUG, a\n",
    "        return a\n\n    def g(self):\n        return 1\n",
    "        return (",
    "        return a",
    "        b = BUG\n        return b\n",
)
PATIENT = {"enable": False, "request_timeout_ms": 600_000, "completions_samples": 5}


@asynccontextmanager
async def server(*arguments: str, **settings: Any) -> AsyncIterator[Wire]:
    params = {"capabilities": {}, "initializationOptions": {**PATIENT, **settings}}
    async with wire(*FAKE_SERVER, *arguments, initialize={**INITIALIZE, "params": params}) as connection:
        connection.open(TEXT)
        yield connection


def ask(connection: Wire, number: Any, **more: Any) -> None:
    argument = {"uri": URI, "position": {"line": 6, "character": 0}, "generate": True, **more}
    params = {"command": "codeodds.rankAlternatives", "arguments": [argument]}
    connection.request(number, "workspace/executeCommand", params)


async def rank(connection: Wire, number: Any = 1, **more: Any) -> dict[str, Any]:
    ask(connection, number, **more)
    answer = await connection.answer(number)
    result: dict[str, Any] = answer.get("result") or answer["error"]
    return result


async def test_what_the_endpoint_writes_is_ranked_beside_what_is_given() -> None:
    async with play(streams(*SAMPLES)) as double, server(completions_url=double.url) as connection:
        found = await rank(connection, bodies=["return a, a", "return a\n"])
    (request,) = double.requests
    assert request["prompt"] == HEAD
    assert (request["n"], request["max_tokens"]) == (5, 512)
    assert (found["function"], found["complete"], found["problem"]) == ("C.f", True, None)
    assert found["current"]["probability"] == pytest.approx(0.3)
    rows = [
        (item["index"], item["source"], item["body"].strip(), item["duplicateOf"], item["isCurrent"])
        for item in found["alternatives"]
    ]
    assert rows == [
        (0, "given", "return a, a", None, False),
        (1, "given", "return a", None, False),
        (3, "endpoint", "return a", 1, False),
        (4, "endpoint", "b = BUG\n        return b", None, True),
        (2, "endpoint", "return BUG, a", None, False),
    ]
    generated = found["alternatives"][4]
    assert generated["probability"] == pytest.approx(0.3)
    assert generated["diff"] == (
        "--- C.f\n+++ C.f (alternative 3)\n@@ -4,8 +4,7 @@\n class C:\n     def f(self, a):\n         '''Do it.'''\n"
        "-        b = BUG\n-        return b\n+        return BUG, a\n \n \n y = 2\n"
    )
    (edit,) = generated["edit"]["changes"][URI]
    assert edit["newText"] == "        return BUG, a\n"
    assert edit["range"] == {"start": {"line": 6, "character": 0}, "end": {"line": 8, "character": 0}}


async def test_a_server_that_gives_one_sample_a_request_is_asked_for_each() -> None:
    handler = one_by_one("        return a\n", "        return a + 1\n")
    async with play(handler) as double, server(completions_url=double.url, completions_samples=2) as connection:
        found = await rank(connection)
    assert {item["body"] for item in found["alternatives"]} == {"        return a\n", "        return a + 1\n"}
    assert len(double.requests) == 2


async def test_nothing_is_asked_unless_it_is_told_to() -> None:
    async with play(streams(*SAMPLES)) as double, server(completions_url=double.url) as connection:
        found = await rank(connection, generate=False, bodies=["return a"])
    assert [item["source"] for item in found["alternatives"]] == ["given"]
    assert double.requests == []


async def test_without_an_endpoint_a_sentence_says_what_to_set() -> None:
    async with server() as connection:
        error = await rank(connection)
        found = await rank(connection, 2, bodies=["return a"])
    assert error["code"] == -32803
    assert error["message"].startswith("completions_url is empty, so nobody can be asked; name a server")
    assert found["problem"] == error["message"]
    assert [item["probability"] for item in found["alternatives"]] == [pytest.approx(0.9)]


@pytest.mark.parametrize(
    ("handler", "message"),
    [
        (says(b"<html>Log in</html>", kind="text/html"), "answered with a web page; is a proxy"),
        (says(b"\0\1garbage"), "something else than OpenAI's completions protocol"),
        (says(b"{}", 401), "refuses the key (status 401)"),
        (says(b"{}", 503), "answered with status 503"),
        (streams("        return (\n"), "nothing came that can be the body of this function; try another model"),
        (streams("        b = a\n        c", finish="length"), "(1 broke off); use a faster model"),
    ],
)
async def test_what_goes_wrong_is_one_sentence_and_what_is_given_is_ranked_all_the_same(
    handler: Handler, message: str
) -> None:
    async with play(handler) as double, server(completions_url=double.url, completions_samples=1) as connection:
        error = await rank(connection, 1)
        found = await rank(connection, 2, bodies=["return a"])
        double.handler = streams(*SAMPLES)
        works = await rank(connection, 3)
    assert error["code"] == -32803
    assert message in error["message"]
    assert found["problem"] == error["message"]
    assert [(item["source"], item["probability"]) for item in found["alternatives"]] == [("given", pytest.approx(0.9))]
    assert [item["body"] for item in works["alternatives"]] == ["        return BUG, a\n"]


async def test_an_endpoint_that_is_down() -> None:
    async with play(streams("x")) as gone:
        pass
    async with server(completions_url=gone.url) as connection:
        error = await rank(connection)
    assert error["message"] == (
        f"the completions endpoint http://127.0.0.1:{gone.port} can't be reached; start it, or correct completions_url"
    )


async def test_an_endpoint_that_is_slow() -> None:
    async with (
        play(hangs_after()) as double,
        server(completions_url=double.url, request_timeout_ms=300) as connection,
    ):
        error = await rank(connection)
    assert error["message"].endswith("gave nothing within 200 ms; use a smaller model, or a faster machine")


async def test_what_is_whole_when_the_time_is_up_is_ranked() -> None:
    handler = hangs_after(event("        b = a\n        retu"), event("        return a\n\nx", 1))
    async with play(handler) as double, server(completions_url=double.url, request_timeout_ms=20_000) as connection:
        found = await rank(connection)
        await double.until(lambda: double.broken_off == 1)
    assert [item["body"] for item in found["alternatives"]] == ["        return a\n"]


async def test_without_a_score_in_time_they_come_in_the_order_of_the_samples() -> None:
    async with (
        play(streams(*SAMPLES)) as double,
        server("--gate", completions_url=double.url, request_timeout_ms=20_000) as connection,
    ):
        found = await rank(connection)
    assert found["complete"] is False
    assert [(item["body"], item["probability"]) for item in found["alternatives"]] == [
        ("        return BUG, a\n", None),
        ("        return a\n", None),
        ("        b = BUG\n        return b\n", None),
    ]
    assert found["alternatives"][0]["reason"] == "the run ended before its turn"
    assert found["alternatives"][0]["edit"] is not None


async def test_nobody_waits_for_a_model_that_goes_on_behind_the_function() -> None:
    handler = hangs_after(event("        return a\n\n    def g(self"))
    async with play(handler) as double, server(completions_url=double.url, completions_samples=1) as connection:
        found = await rank(connection)
        await double.until(lambda: double.broken_off == 1)
    assert [item["body"] for item in found["alternatives"]] == ["        return a\n"]


async def test_a_cancelled_request_closes_the_connection() -> None:
    async with play(hangs_after(event("        b = a\n"))) as double, server(completions_url=double.url) as connection:
        ask(connection, 1)
        await double.until(lambda: len(double.requests) == 1)
        connection.notify("$/cancelRequest", {"id": 1})
        assert (await connection.answer(1))["error"]["code"] == -32800
        await double.until(lambda: double.broken_off == 1)
        double.handler = streams(*SAMPLES)
        assert len((await rank(connection, 2))["alternatives"]) == 3


async def test_it_stands_beside_an_inline_completion() -> None:
    """Only a newer completion ends an older one: each of the two has its own connection."""
    async with play(hangs_after(event("        b = a\n"))) as double, server(completions_url=double.url) as connection:
        ask(connection, 1)
        await double.until(lambda: len(double.requests) == 1)
        double.handler = streams("return a\n")
        place = {"textDocument": {"uri": URI}, "position": {"line": 8, "character": 0}}
        connection.request(2, "textDocument/inlineCompletion", {**place, "context": {"triggerKind": 1}})
        await connection.answer(2)
        assert double.broken_off == 0
        connection.notify("$/cancelRequest", {"id": 1})
        assert (await connection.answer(1))["error"]["code"] == -32800


async def test_the_newest_document_wins() -> None:
    started = asyncio.Event()

    async def handle(double: Any, body: dict[str, Any], writer: Any) -> None:
        await started.wait()
        await streams(*SAMPLES)(double, body, writer)

    async with play(handle) as double, server(completions_url=double.url) as connection:
        ask(connection, 1)
        await double.until(lambda: len(double.requests) == 1)
        change = {"textDocument": {"uri": URI, "version": 2}, "contentChanges": [{"text": TEXT + "\n"}]}
        connection.notify("textDocument/didChange", change)
        # The answer to a later request shows that the change has arrived.
        connection.request(2, "codeodds/score", {"textDocument": {"uri": URI}})
        await connection.answer(2)
        started.set()
        assert (await connection.answer(1))["error"]["code"] == -32802
