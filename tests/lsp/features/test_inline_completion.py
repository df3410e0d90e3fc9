"""``textDocument/inlineCompletion`` end to end, with a double of the endpoint: order, time, errors, cancellation."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types as lsp

from tests.generation.double import Handler, event, hangs_after, play, says, streams
from tests.lsp import recorded
from tests.lsp.client import FAKE_SERVER, WAIT_S, connect
from tests.lsp.wire import INITIALIZE, Wire, wire

pytestmark = pytest.mark.loopback

URI = "file:///w/a.py"
TEXT = "import math\n\n\ndef f(a):\n    '''Do it.'''\n    b = a\n    \n\n\nx = 1\n"
PLACE = (6, 4)
INVOKED, AUTOMATIC = 1, 2
PATIENT = {"completions_budget_ms": 120_000, "debounce_ms": 1, "enable": False}
SAMPLES = ("    c = BUG\n    return c\n", "    return b\n\n\nprint(1)\n", "    return (", "    return b")
SECRET = "swordfish"


@asynccontextmanager
async def server(*arguments: str, stderr: Any = asyncio.subprocess.DEVNULL, **settings: Any) -> AsyncIterator[Wire]:
    params = {"capabilities": {}, "initializationOptions": {**PATIENT, **settings}}
    async with wire(*FAKE_SERVER, *arguments, initialize={**INITIALIZE, "params": params}, stderr=stderr) as connection:
        connection.open(TEXT)
        yield connection


def ask(connection: Wire, number: Any, place: tuple[int, int] = PLACE, trigger: int = AUTOMATIC) -> None:
    position = {"line": place[0], "character": place[1]}
    context = {"triggerKind": trigger}
    params = {"textDocument": {"uri": URI}, "position": position, "context": context}
    connection.request(number, "textDocument/inlineCompletion", params)


async def complete(connection: Wire, place: tuple[int, int] = PLACE, number: Any = 1) -> list[tuple[str, Any]]:
    ask(connection, number, place)
    items = (await connection.answer(number))["result"]
    position = {"line": place[0], "character": place[1]}
    assert all(item["range"] == {"start": position, "end": position} for item in items)
    return [(item["insertText"], item["data"]["probability"]) for item in items]


def told(connection: Wire) -> list[str]:
    return [entry["params"]["message"] for entry in connection.received if entry.get("method") == "window/logMessage"]


async def test_the_most_probable_way_to_go_on_comes_first() -> None:
    async with (
        play(streams(*SAMPLES)) as double,
        server(completions_url=double.url, completions_samples=4) as connection,
    ):
        found = await complete(connection)
        # Outside, in a signature, and before other text of a line nothing is asked.
        outside = [
            await complete(connection, place, number) for number, place in enumerate([(9, 5), (3, 6), (5, 4)], 2)
        ]
        assert told(connection) == []
    assert found == [("return b", pytest.approx(0.9)), ("c = BUG\n    return c", pytest.approx(0.3))]
    assert outside == [[], [], []]
    assert [request["prompt"] for request in double.requests] == [
        "import math\n\n\ndef f(a):\n    '''Do it.'''\n    b = a\n"
    ]


async def test_it_is_advertised_and_off_by_default_and_other_completions_are_left_alone() -> None:
    async with play(streams(*SAMPLES)) as double, server() as connection:
        (start,) = connection.received
        assert await complete(connection) == []
    capabilities = start["result"]["capabilities"]
    assert "inlineCompletionProvider" in capabilities
    assert "completionProvider" not in capabilities
    assert double.requests == []


@pytest.mark.parametrize(
    ("handler", "message"),
    [
        (says(b"<html>Log in</html>", kind="text/html"), "answered with a web page"),
        (says(b"\0\1garbage"), "something else than OpenAI's completions protocol"),
        (says(b"{}", 401), "refuses the key"),
        (streams("\n\n"), "gave no text that can stand here"),
    ],
)
async def test_a_problem_is_told_once_and_answered_to_whoever_asked(handler: Handler, message: str) -> None:
    async with play(handler) as double, server(completions_url=double.url, completions_samples=1) as connection:
        assert await complete(connection, number=1) == []
        assert await complete(connection, number=2) == []
        ask(connection, 3, trigger=INVOKED)
        error = (await connection.answer(3))["error"]
        double.handler = streams(*SAMPLES)
        assert await complete(connection, number=4) != []
    (entry,) = told(connection)
    assert message in entry
    assert (error["code"], error["message"]) == (-32803, entry)


async def test_an_endpoint_that_is_down_is_told_once() -> None:
    async with play(streams("x")) as gone:
        pass
    async with server(completions_url=gone.url) as connection:
        assert [await complete(connection, number=number) for number in (1, 2)] == [[], []]
        address = f"http://127.0.0.1:{gone.port}"
        assert told(connection) == [
            f"the completions endpoint {address} can't be reached; start it, or correct completions_url"
        ]


async def test_what_is_there_when_the_time_is_up_is_ranked() -> None:
    handler = hangs_after(event("    c = 1\n    retu"), event("    return b\n    x", 1))
    async with play(handler) as double, server(completions_url=double.url, completions_budget_ms=6_000) as connection:
        found = await complete(connection)
        await double.until(lambda: double.broken_off == 1)
    assert found == [("c = 1", pytest.approx(0.9)), ("return b", pytest.approx(0.9))]


async def test_an_endpoint_that_is_slow_is_told() -> None:
    async with (
        play(hangs_after()) as double,
        server(completions_url=double.url, completions_budget_ms=300) as connection,
    ):
        assert await complete(connection) == []
        (message,) = told(connection)
    assert message.endswith("gave nothing within 200 ms; use a smaller model, or a faster machine")


async def test_without_a_score_in_time_the_order_is_that_of_the_samples() -> None:
    async with (
        play(streams(*SAMPLES)) as double,
        server("--gate", completions_url=double.url, completions_samples=4, completions_budget_ms=6_000) as connection,
    ):
        found = await complete(connection)
    assert found == [("c = BUG\n    return c", None), ("return b", None)]


async def test_a_cancelled_request_closes_the_connection() -> None:
    async with play(hangs_after(event("    c = 1\n"))) as double, server(completions_url=double.url) as connection:
        ask(connection, 1)
        await double.until(lambda: len(double.requests) == 1)
        connection.notify("$/cancelRequest", {"id": 1})
        assert (await connection.answer(1))["error"]["code"] == -32800
        await double.until(lambda: double.broken_off == 1)
        double.handler = streams("    return b")
        assert await complete(connection, number=2) == [("return b", pytest.approx(0.9))]


async def test_a_newer_request_ends_the_older_one() -> None:
    async with play(hangs_after(event("    c = 1\n"))) as double, server(completions_url=double.url) as connection:
        ask(connection, 1)
        await double.until(lambda: len(double.requests) == 1)
        double.handler = streams("    return b")
        assert await complete(connection, number=2) == [("return b", pytest.approx(0.9))]
        await double.until(lambda: double.broken_off == 1)
    (older,) = (entry for entry in connection.received if entry.get("id") == 1)
    assert older["result"] == []


async def test_the_newest_document_wins() -> None:
    async with play(streams(*SAMPLES)) as double, server("--gate", completions_url=double.url) as connection:
        ask(connection, 1)
        connection.request(2, "test/called", [1])
        await connection.answer(2)
        change = {"textDocument": {"uri": URI, "version": 2}, "contentChanges": [{"text": TEXT + "\n"}]}
        connection.notify("textDocument/didChange", change)
        assert (await connection.answer(1))["result"] == []


async def test_a_url_that_names_no_server_is_told() -> None:
    async with server(completions_url="nowhere") as connection:
        ask(connection, 1, trigger=INVOKED)
        assert "completions_url names no server" in (await connection.answer(1))["error"]["message"]


async def test_a_folder_chooses_no_endpoint() -> None:
    """What a folder's settings say comes from whoever wrote the folder."""
    request = lsp.InlineCompletionParams(
        lsp.InlineCompletionContext(lsp.InlineCompletionTriggerKind.Automatic),
        lsp.TextDocumentIdentifier(URI),
        lsp.Position(*PLACE),
    )
    async with play(streams(*SAMPLES)) as double:
        for of_all, of_folder, asked in (("", double.url, 0), (double.url, "", 1)):
            configuration = {
                "": {**PATIENT, "completions_samples": 1, "completions_url": of_all},
                "file:///w": {**PATIENT, "completions_samples": 1, "completions_url": of_folder},
            }
            async with connect(
                capabilities=recorded.vscode(), folders=["file:///w"], configuration=configuration
            ) as client:
                client.open(TEXT)
                await client.score()
                await client.rpc.text_document_inline_completion_async(request)
                async with asyncio.timeout(WAIT_S):
                    while len(double.requests) < asked:  # The settings may still be under way.
                        await client.rpc.text_document_inline_completion_async(request)
            assert len(double.requests) == asked


@pytest.mark.parametrize("level", ["debug", "warning"])
async def test_neither_code_nor_key_nor_answer_reaches_a_log(
    level: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", SECRET)
    text = TEXT.replace("b = a", f"{SECRET} = a")
    with (tmp_path / "stderr").open("wb") as stderr:
        async with (
            play(streams(f"    return {SECRET}\n")) as double,
            server(
                "--log", level, stderr=stderr, completions_url=double.url, completions_key_variable="MY_KEY"
            ) as connection,
        ):
            connection.open(text, version=2)
            assert await complete(connection, number=1) != []
            for number, handler in enumerate([says(SECRET.encode()), says(f"<{SECRET}".encode(), 401)], 2):
                double.handler = handler
                assert await complete(connection, number=number) == []
            connection.request("end", "shutdown")
            await connection.answer("end")
        assert len(told(connection)) == 2
        assert SECRET not in str(told(connection))
    assert SECRET in str(double.requests[0])
    assert SECRET in double.headers[0]["authorization"]
    assert SECRET not in (tmp_path / "stderr").read_text()
