"""Opening and changing end to end: the newest text wins, whatever was under way."""

from __future__ import annotations

import asyncio
import sys

from lsprotocol import types as lsp

from tests.lsp.client import FAKE_SERVER, URI, WAIT_S, connect

GOOD = "def f(a):\n    b = a + 1\n    return b\n"
BAD = "def f(a):\n    b = BUG\n    return b\n"


async def test_a_change_gives_up_the_run_for_the_older_text() -> None:
    async with connect(*FAKE_SERVER, "--gate") as client:
        client.open(BAD)
        await client.until_called(1)
        client.replace(BAD.replace("return b", "return b, b"), 2)
        calls = await client.until_called(2)
        client.release()
        await client.diagnostics(2)
    assert calls == ["    b = BUG\n    return b\n", "    b = BUG\n    return b, b\n"]
    assert [entry.version for entry in client.published] == [2]


async def test_typing_in_one_function_scores_no_other_again() -> None:
    other = "\n\ndef g(a):\n    return a + a\n"
    async with connect(*FAKE_SERVER, "--gate") as client:
        client.release()
        client.open(GOOD + other)
        await client.scored()
        client.edit(lsp.Range(lsp.Position(2, 11), lsp.Position(2, 12)), "BUG", 2)
        await client.diagnostics(2)
        calls = await client.calls()
    assert calls == ["    b = a + 1\n    return b\n", "    return a + a\n", "    b = a + 1\n    return BUG\n"]


async def test_the_function_nearest_to_the_change_is_scored_first() -> None:
    text = "\n\n".join(f"def f{i}(a):\n    return a + {i}\n" for i in range(5))
    async with connect(*FAKE_SERVER, "--gate", options={"debounce_ms": 10_000}) as client:
        client.open(text)
        client.edit(lsp.Range(lsp.Position(13, 11), lsp.Position(13, 11)), "1 + ", 2)
        client.configure({"max_functions": 3, "debounce_ms": 0})
        client.release()
        await client.scored()
        calls = await client.calls()
    assert calls == ["    return 1 + a + 3\n", "    return a + 4\n", "    return a + 2\n"]


async def test_a_document_that_closes_gives_up_its_run() -> None:
    async with connect(*FAKE_SERVER, "--gate") as client:
        client.open(BAD)
        await client.until_called(1)
        client.close()
        client.open(GOOD, uri="file:///w/b.py")
        calls = await client.until_called(2)
        client.release()
        await client.scored()
        assert len(await client.hints("file:///w/b.py")) == 1
        assert await client.hints(URI) == []
    assert calls[1] == "    b = a + 1\n    return b\n"
    assert client.published == []


async def test_edits_reach_the_right_line_behind_a_form_feed_and_an_emoji() -> None:
    text = "# one\x0c\n# two \u2028 \x85\r\ndef f(a):\r\n    b = '🎉' + a\r\n    return b\r\n"
    async with connect() as client:
        client.open(text)
        client.edit(lsp.Range(lsp.Position(3, 15), lsp.Position(3, 16)), "BUG", 2)
        (found,) = await client.diagnostics(2)
    assert found.range == lsp.Range(lsp.Position(3, 4), lsp.Position(3, 18))


async def test_switching_off_takes_everything_back_and_on_brings_it_again() -> None:
    async with connect() as client:
        client.open(BAD)
        assert len(await client.diagnostics(1)) == 1
        client.configure({"codeodds": {"enable": False}})
        await client.until(lambda: len(client.published) == 2)
        assert list(client.published[-1].diagnostics) == []
        assert await client.hints() == []
        client.configure(None)
        client.replace(BAD, 2)
        assert len((await client.score())["functions"]) == 1
        assert len(client.published) == 2
        client.configure({"enable": True, "debounce_ms": 0})
        assert len(await client.diagnostics(2)) == 1


async def test_a_change_of_a_document_that_was_never_opened_is_passed_over() -> None:
    async with connect() as client:
        client.replace(BAD, 2, uri="file:///etc/hostname")
        client.edit(lsp.Range(lsp.Position(0, 0), lsp.Position(0, 0)), "x", 3, uri="file:///w/never.py")
        client.close("file:///w/never.py")
        client.open(BAD)
        assert len(await client.diagnostics(1)) == 1
    assert [entry.uri for entry in client.published] == [URI]


async def test_cells_of_notebooks_are_not_scored_and_stub_files_are_python() -> None:
    async with connect() as client:
        client.open(BAD, uri="vscode-notebook-cell:/w/a.ipynb#1")
        client.open(BAD, uri="file:///w/a.pyi", language="")
        assert len(await client.diagnostics(1, "file:///w/a.pyi")) == 1
    assert [entry.uri for entry in client.published] == ["file:///w/a.pyi"]


async def test_the_server_ends_with_its_client_while_a_run_is_under_way() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *FAKE_SERVER[1:],
        "--gate",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    bodies = [
        '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"capabilities":{}}}',
        '{"jsonrpc":"2.0","method":"initialized","params":{}}',
        '{"jsonrpc":"2.0","method":"textDocument/didOpen","params":{"textDocument":{"uri":"file:///a.py",'
        '"languageId":"python","version":1,"text":"def f(a):\\n    return a + a\\n"}}}',
        '{"jsonrpc":"2.0","id":2,"method":"codeodds/score","params":{"textDocument":{"uri":"file:///a.py"}}}',
        '{"jsonrpc":"2.0","method":"exit"}',
    ]
    frames = "".join(f"Content-Length: {len(body)}\r\n\r\n{body}" for body in bodies)
    await asyncio.wait_for(process.communicate(frames.encode()), WAIT_S)
    assert process.returncode is not None
