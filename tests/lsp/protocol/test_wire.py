"""What no client library would send is answered as the specifications want, and the server goes on."""

from __future__ import annotations

import subprocess
import sys

import pytest

from codeodds.lsp.setup import is_python
from tests.lsp.client import FAKE_SERVER
from tests.lsp.wire import INITIALIZE, Wire, wire

TEXT = "def f(a):\n    b = a + 1\n    return b\n"
PLACE = {"line": 0, "character": 5}


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


async def test_an_error_that_nobody_foresaw_is_answered_with_its_type_alone() -> None:
    async with wire(*FAKE_SERVER, "--gate") as connection:
        connection.request(8, "test/fail")
        answer = await connection.answer(8)
        assert answer["error"] == {
            "code": -32603,
            "message": "the request failed unexpectedly (ValueError); try it again",
        }
        connection.notify("test/release")
        await still_answers(connection)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({"result": []}, 0),
        ({"result": None}, -32602),
        ({"result": 5}, -32602),
        ({"error": {"code": -32601, "message": "no"}}, -32601),
        ({"error": 5}, -32602),
        ({}, 0),
    ],
    ids=str,
)
async def test_whatever_a_client_answers_ends_the_request_of_the_server(answer: dict[str, object], code: int) -> None:
    async with wire(*FAKE_SERVER, "--gate") as connection:
        connection.request(1, "test/ask")
        question = await connection.asked("workspace/configuration")
        connection.send({"jsonrpc": "2.0", "id": question["id"], **answer})
        assert (await connection.answer(1))["result"] == code
        connection.request(2, "test/held")
        assert (await connection.answer(2))["result"] == 0
        connection.notify("test/release")
        await still_answers(connection)


async def test_nothing_is_done_before_initialize() -> None:
    async with wire(greet=False) as connection:
        connection.open(TEXT)
        connection.request(1, "codeodds/score", {"textDocument": {"uri": "file:///w/a.py"}})
        assert (await connection.answer(1))["error"]["code"] == -32002
        connection.send(INITIALIZE)
        assert "capabilities" in (await connection.answer("start"))["result"]
        connection.notify("initialized", {})
        connection.request(2, "codeodds/score", {"textDocument": {"uri": "file:///w/a.py"}})
        assert "no open Python document" in (await connection.answer(2))["error"]["message"]
        await still_answers(connection)


async def test_a_client_that_leaves_before_initialize() -> None:
    async with wire(greet=False) as connection:
        connection.notify("exit")
        assert await connection.ended() == 1


async def test_requests_after_shutdown_are_refused() -> None:
    async with wire() as connection:
        connection.request(1, "shutdown")
        assert (await connection.answer(1))["result"] is None
        connection.open(TEXT)
        connection.request(2, "codeodds/score", {"textDocument": {"uri": "file:///w/a.py"}})
        assert (await connection.answer(2))["error"]["code"] == -32600
        connection.notify("exit")
        assert await connection.ended() == 0


async def test_two_hundred_requests_at_once_are_each_answered_once() -> None:
    async with wire() as connection:
        connection.open(TEXT)
        place = {"textDocument": {"uri": "file:///w/a.py"}, "position": {"line": 1, "character": 0}}
        span = {"start": {"line": 0, "character": 0}, "end": {"line": 9, "character": 0}}
        kinds = {
            "codeodds/score": place,
            "textDocument/hover": place,
            "textDocument/inlayHint": {**place, "range": span},
            "textDocument/diagnostic": place,
        }
        for number in range(200):
            method = list(kinds)[number % len(kinds)]
            connection.request(number, method, kinds[method])
            if number % 20 == 0:
                connection.notify("$/cancelRequest", {"id": number})
        await still_answers(connection)
    answered = [message["id"] for message in connection.received if isinstance(message.get("id"), int)]
    assert sorted(answered) == list(range(200))


@pytest.mark.parametrize("versions", [(5, 4, 3), (0, -1, -(2**31)), (7, 7, 7)])
async def test_versions_may_go_back_and_the_last_text_counts(versions: tuple[int, ...]) -> None:
    async with wire() as connection:
        connection.open(TEXT, version=10)
        for version in versions:
            document = {"uri": "file:///w/a.py", "version": version}
            change = {"text": TEXT.replace("a + 1", f"BUG + {version}")}
            connection.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [change]})
        connection.request(1, "codeodds/score", {"textDocument": {"uri": "file:///w/a.py"}})
        result = (await connection.answer(1))["result"]
        assert result["version"] == versions[-1]
        assert result["functions"][0]["probability"] == pytest.approx(0.3)
        await still_answers(connection)


async def test_a_document_that_is_opened_twice_is_the_second() -> None:
    async with wire() as connection:
        connection.open(TEXT, version=3)
        connection.open(TEXT.replace("a + 1", "BUG"), version=1)
        connection.request(1, "codeodds/score", {"textDocument": {"uri": "file:///w/a.py"}})
        result = (await connection.answer(1))["result"]
        assert (result["version"], result["functions"][0]["probability"]) == (1, pytest.approx(0.3))
        await still_answers(connection)


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


async def test_a_client_goes_while_the_model_is_opened() -> None:
    async with wire(*FAKE_SERVER, "--stuck") as connection:
        connection.open(TEXT)
        connection.request(1, "codeodds/score", {"textDocument": {"uri": "file:///w/a.py"}})
        connection.request(2, "textDocument/hover", {"textDocument": {"uri": "file:///w/a.py"}, "position": PLACE})
        assert (await connection.answer(2))["result"] is None
        connection.request(3, "shutdown")
        assert (await connection.answer(1))["error"]["code"] in (-32800, -32802)
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


@pytest.mark.parametrize(
    ("language", "uri", "served"),
    [
        ("python", "untitled:Untitled-1", True),
        ("Python", "untitled:Untitled-1", True),
        ("python3", "untitled:Untitled-1", True),
        ("python-base", "untitled:Untitled-1", True),
        ("python-ts", "untitled:Untitled-1", True),
        ("python-ts-mode", "untitled:Untitled-1", True),
        ("plaintext", "file:///w/a.py", True),
        ("plaintext", "file:///w/a.pyi", True),
        ("plaintext", "file:///w/a.pyw", True),
        ("plaintext", "file:///w/A.PY", True),
        ("", "file:///w/a.Pyw", True),
        ("plaintext", "file:///w/a.txt", False),
        ("plaintext", "file:///w/py", False),
        ("ipython", "file:///w/a.pyx", False),
        ("plaintext", "vscode-notebook-cell:/w/a.py", False),
    ],
)
def test_what_counts_as_python(language: str, uri: str, served: bool) -> None:
    assert is_python(uri, language) is served


async def test_a_byte_order_mark_moves_no_score_and_every_position() -> None:
    """VS Code takes it out of the text; other clients leave it."""
    async with wire() as connection:
        found = []
        for number, mark in enumerate(("", "\ufeff")):
            uri = f"file:///w/{number}.py"
            connection.open(f"{mark}def f(a): return BUG(a, a)\n", uri)
            # The client counts the mark.
            place = {"line": 0, "character": 17 + len(mark)}
            change = {"range": {"start": place, "end": {**place, "character": place["character"] + 3}}, "text": "good"}
            document = {"uri": uri, "version": 2}
            connection.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [change]})
            connection.request(number, "codeodds/score", {"textDocument": document})
            found.append((await connection.answer(number))["result"]["functions"])
        assert found[0][0]["probability"] == found[1][0]["probability"] == pytest.approx(0.9)
        assert found[0][0]["lines"] == found[1][0]["lines"]
        assert [functions[0]["range"]["end"]["character"] for functions in found] == [27, 28]
        await connection.end()
