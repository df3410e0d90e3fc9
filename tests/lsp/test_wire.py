"""What no client library would send is answered as the specifications want, and the server goes on."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.lsp.client import FAKE_SERVER
from tests.lsp.wire import INITIALIZE, Wire, wire

TEXT = "def f(a):\n    b = a + 1\n    return b\n"


async def still_answers(connection: Wire) -> None:
    connection.open(TEXT, uri="file:///w/alive.py")
    connection.request("alive", "codeodds/score", {"textDocument": {"uri": "file:///w/alive.py"}})
    answer = await connection.answer("alive")
    assert [function["name"] for function in answer["result"]["functions"]] == ["f"]
    assert await connection.end() == 0


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"{", -32700),
        (b"\xff\xfe", -32700),
        (b"[" * 100_000, -32700),
        (b"[]", -32600),
        (b"42", -32600),
        (b'{"id": 7, "method": "shutdown"}', -32600),
    ],
    ids=["cut off", "not text", "deep", "a batch", "a number", "no version"],
)
async def test_what_is_no_message_is_answered_without_an_id(content: bytes, code: int) -> None:
    async with wire() as connection:
        connection.send_bytes(content)
        answer = await connection.answer(None)
        assert answer["error"]["code"] == code
        await still_answers(connection)


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("textDocument/inlayHint", {"textDocument": 5}, -32602),
        ("textDocument/inlayHint", None, -32602),
        ("textDocument/inlayHint", {"textDocument": {"uri": "a"}, "range": {"start": -1}}, -32602),
        ("codeodds/score", {"textDocument": {"uri": 5}}, -32602),
        ("workspace/executeCommand", {"command": "codeodds.none"}, -32602),
        ("codeodds/none", {}, -32601),
        ("", {}, -32601),
    ],
)
async def test_a_request_of_another_shape_is_answered_with_its_id(method: str, params: object, code: int) -> None:
    async with wire() as connection:
        connection.request(8, method, params)
        answer = await connection.answer(8)
        assert answer["error"]["code"] == code
        await still_answers(connection)


async def test_notifications_of_another_shape_are_passed_over() -> None:
    async with wire() as connection:
        connection.notify("textDocument/didOpen", {"textDocument": {"uri": 1}})
        connection.notify("textDocument/didChange", {"textDocument": "x", "contentChanges": 3})
        connection.notify("notebookDocument/didChange", {"notebookDocument": {"uri": "x", "version": 1}, "change": {}})
        connection.notify("notebookDocument/didClose", {"notebookDocument": {"uri": "x"}, "cellTextDocuments": []})
        connection.notify("codeodds/none")
        connection.notify("$/cancelRequest", {"id": 99})
        connection.send({"jsonrpc": "2.0", "id": 77, "result": None})
        await still_answers(connection)


async def test_messages_do_not_quote_what_was_sent() -> None:
    async with wire() as connection:
        connection.request(8, "textDocument/inlayHint", {"textDocument": {"secret_name": 1}})
        assert "secret" not in str(await connection.answer(8))
        connection.send_bytes(b'{"secret_name"')
        assert "secret" not in str(await connection.answer(None))


async def test_shutdown_during_a_run() -> None:
    async with wire(*FAKE_SERVER, "--gate") as connection:
        connection.open(TEXT)
        connection.request(1, "test/called", [1])
        await connection.answer(1)
        connection.request(2, "codeodds/score", {"textDocument": {"uri": "file:///w/a.py"}})
        connection.request(3, "shutdown")
        assert (await connection.answer(2))["error"]["code"] in (-32800, -32802)
        connection.notify("exit")
        assert await connection.ended() == 0


async def test_the_end_of_input_during_a_run() -> None:
    async with wire(*FAKE_SERVER, "--gate") as connection:
        connection.open(TEXT)
        connection.request(1, "test/called", [1])
        await connection.answer(1)
        assert connection.process.stdin is not None
        connection.process.stdin.close()
        assert await connection.ended() == 0


async def test_a_client_that_dies_while_its_pipe_stays_open() -> None:
    gone = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    params = {"capabilities": {}, "processId": gone.pid}
    async with wire(initialize={**INITIALIZE, "params": params}) as connection:
        connection.open(TEXT)
        connection.request(1, "codeodds/score", {"textDocument": {"uri": "file:///w/a.py"}})
        await connection.answer(1)
        gone.kill()
        gone.wait()
        assert await connection.ended() == 1


async def test_a_client_whose_process_id_means_nothing_here_is_served() -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    params = {"capabilities": {}, "processId": gone.pid}
    async with wire(initialize={**INITIALIZE, "params": params}) as connection:
        await still_answers(connection)
