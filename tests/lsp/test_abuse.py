"""The server survives what editors and people send."""

from __future__ import annotations

import asyncio
import random
import sys

import pytest
from lsprotocol import types as lsp

from tests.lsp.client import FAKE_SERVER, WAIT_S, connect

TEXT = "def f(a):\n    b = a + 1\n    return b\n\n\nclass C:\n    def m(self):\n        return BUG + '🎉'\n"
SCRAPS = [
    "",
    "\n",
    "(",
    '"""',
    "def ",
    "🎉",
    "\x00",
    "\t\t",
    "é",
    "class X:\n",
    "\r\n",
    "'" * 3,
    "BUG",
    "    return 1\n",
]


@pytest.mark.parametrize("seed", range(3))
async def test_random_edits_leave_a_server_that_scores_the_text_that_results(seed: int) -> None:
    rng = random.Random(seed)
    async with connect(options={"debounce_ms": 0}) as client:
        client.open(TEXT)
        for version in range(2, 300):
            places = sorted((rng.randrange(12), rng.randrange(20)) for _ in range(2))
            span = lsp.Range(*(lsp.Position(*place) for place in places))
            client.edit(span, rng.choice(SCRAPS), version)
            if version % 50 == 0:
                await client.score()
        client.replace(TEXT, 300)
        answer = await client.score()
    assert answer["version"] == 300
    assert [function["probability"] for function in answer["functions"]] == pytest.approx([0.9, 0.3])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n" * 5,
        "\x00\x01\x02" * 1000,
        "x = " + "(" * 50_000,
        "def f():\n    x = '" + "a" * 50_000 + "'\n    return x\n",
    ],
    ids=["empty", "blank", "binary", "brackets", "one long line"],
)
async def test_odd_documents_are_answered(text: str) -> None:
    async with connect() as client:
        client.open(text)
        answer = await client.score()
        assert all(function["probability"] is None or function["probability"] > 0 for function in answer["functions"])
        client.replace(TEXT, 2)
        assert len((await client.score())["functions"]) == 2


async def test_a_huge_document_does_not_block_other_requests() -> None:
    async with connect(options={"max_functions": 3}) as client:
        client.open("\n".join(f"def f{i}(x):\n    y = x + {i}\n    return y\n" for i in range(25_000)))
        client.open(TEXT, uri="file:///w/small.py")
        await client.scored(2)
        assert len(await client.hints("file:///w/small.py")) == 2
        assert len(await client.hints()) == 3


async def test_a_function_of_a_hundred_thousand_lines_is_not_judged_and_can_be_edited() -> None:
    async with connect(options={"debounce_ms": 0, "request_timeout_ms": 600_000}) as client:
        client.open("def f(a):\n" + "    a += 1\n" * 100_000)
        (function,) = (await client.score())["functions"]
        assert (function["probability"], function["range"]["end"]["line"]) == (None, 100_000)
        assert function["reason"].startswith("the unit has ")
        end = lsp.Position(100_001, 0)
        client.edit(lsp.Range(lsp.Position(2, 0), end), "    return BUG\n", 2)
        (function,) = (await client.score())["functions"]
    assert function["probability"] == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"debounce_ms": "fast"}, "codeodds.debounce_ms"),
        ({"debounce_ms": -1}, "codeodds.debounce_ms"),
        ({"threshold": 2}, "codeodds.threshold"),
        ({"enable": "yes"}, "codeodds.enable"),
        ({"max_hints": None}, "codeodds.max_hints"),
        ([1], "codeodds"),
        ("on", "codeodds"),
    ],
)
async def test_a_setting_of_the_wrong_type_is_named_and_its_default_used(settings: object, named: str) -> None:
    async with connect() as client:
        client.configure({"codeodds": settings})
        await client.until(lambda: client.logged)
        client.open(TEXT)
        assert len(await client.diagnostics(1)) == 1
    (entry,) = client.logged
    assert named in entry.message
    assert "default" in entry.message
    assert client.shown == []


async def test_nothing_of_the_code_reaches_stderr() -> None:
    process = await asyncio.create_subprocess_exec(
        *FAKE_SERVER, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    secret = "def secret_name(): return 42"
    bodies = [
        '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"capabilities":{}}}',
        '{"jsonrpc":"2.0","method":"initialized","params":{}}',
        '{"jsonrpc":"2.0","method":"textDocument/didOpen","params":{"textDocument":{"uri":"file:///a.py",'
        f'"languageId":"python","version":1,"text":"{secret}"}}}}}}',
        f'{{"jsonrpc":"2.0","method":"textDocument/didChange","params":{{"textDocument":"{secret}"}}}}',
        f'{{"jsonrpc":"2.0","id":2,"method":"{secret}","params":{{}}}}',
        f"{{{secret}",
    ]
    frames = "".join(f"Content-Length: {len(body)}\r\n\r\n{body}" for body in bodies)
    _, stderr = await asyncio.wait_for(process.communicate(frames.encode()), WAIT_S)
    assert b"secret_name" not in stderr


async def test_the_server_ends_when_its_client_is_gone() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, FAKE_SERVER[1], stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL
    )
    assert process.stdin is not None
    process.stdin.close()
    assert await asyncio.wait_for(process.wait(), WAIT_S) is not None
