"""How the headers of a message may be spelled, and what a client hears of those that cannot be read."""

from __future__ import annotations

import asyncio
import io
import json
import subprocess
import sys
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeodds.errors import ProtocolError
from codeodds.lsp.protocol.connection import MAX_CONTENT, MAX_HEADERS, Frames
from tests.lsp.client import FAKE_SERVER, WAIT_S

MESSAGE = b'{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"capabilities":{}}}'
SHUTDOWN = b'{"jsonrpc":"2.0","id":2,"method":"shutdown"}'
EXIT = b'{"jsonrpc":"2.0","method":"exit"}'
NUMBER = b"%d" % len(MESSAGE)

SPELLINGS = {
    "as it should be": b"Content-Length: N\r\n\r\n",
    "lower case": b"content-length: N\r\n\r\n",
    "upper case": b"CONTENT-LENGTH: N\r\n\r\n",
    "no space": b"Content-Length:N\r\n\r\n",
    "two spaces": b"Content-Length:  N\r\n\r\n",
    "a tab": b"Content-Length:\tN\r\n\r\n",
    "a space at the end": b"Content-Length: N \r\n\r\n",
    "zeros in front": b"Content-Length: 00N\r\n\r\n",
    "LF alone": b"Content-Length: N\n\n",
    "an empty line before": b"\r\nContent-Length: N\r\n\r\n",
    "type behind": b"Content-Length: N\r\nContent-Type: application/vscode-jsonrpc; charset=utf-8\r\n\r\n",
    "type before": b"Content-Type: application/vscode-jsonrpc; charset=utf-8\r\nContent-Length: N\r\n\r\n",
    "utf8": b'content-type: application/vscode-jsonrpc;Charset = "UTF8"\r\nContent-Length: N\r\n\r\n',
    "type without charset": b"Content-Type: application/json\r\nContent-Length: N\r\n\r\n",
    "unknown header": b"X-Whatever: a:b; c\r\nEmpty:\r\nContent-Length: N\r\n\r\n",
    "the same twice": b"Content-Length: N\r\nContent-Length: N\r\n\r\n",
}

UNREADABLE = {
    "no headers": (b'{"jsonrpc": "2.0"}', "the name of a header"),
    "a line without colon": (b"secret\r\n", "no colon"),
    "no name": (b": 5\r\n", "no name"),
    "a space before the colon": (b"Content-Length : 5\r\n\r\nab", "space before the colon"),
    "a folded line": (b"Content-Length: 5\r\n secret: 5\r\n\r\n", "the name of a header"),
    "not ASCII": (b"Content-L\xc3\xa9ngth: 5\r\n\r\n", "the name of a header"),
    "CR alone": (b"Content-Length: 5\r\rabcde", "CR and no LF"),
    "no length": (b"Content-Type: application/json\r\n\r\n{}", "no Content-Length"),
    "a negative length": (b"Content-Length: -5\r\n\r\n", "not a whole number"),
    "a signed length": (b"Content-Length: +5\r\n\r\n", "not a whole number"),
    "a length in hexadecimal": (b"Content-Length: 0x10\r\n\r\n", "not a whole number"),
    "a list of lengths": (b"Content-Length: 5, 5\r\n\r\n", "not a whole number"),
    "an empty length": (b"Content-Length:\r\n\r\n", "not a whole number"),
    "other digits": ("Content-Length: \N{ARABIC-INDIC DIGIT FIVE}\r\n\r\n".encode(), "not a whole number"),
    "two lengths": (b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n", "two values"),
    "too long a content": (b"Content-Length: %d\r\n\r\n" % (MAX_CONTENT + 1), "above 1,073,741,824 bytes"),
    "far too long a content": (b"Content-Length: 1%s\r\n\r\n" % (b"0" * 5_000), "above 1,073,741,824 bytes"),
    "too long a line": (b"X: %s" % (b"secret" * MAX_HEADERS), "longer than 16,384 bytes"),
    "too many lines": (b"X: y\r\n" * MAX_HEADERS, "longer than 16,384 bytes"),
    "another charset": (b"Content-Type: a/b; charset=latin-1\r\nContent-Length: 5\r\n\r\nab", "another charset"),
}

CUT_OFF = {
    "within the headers": (b"Content-Length: 5", "ends within the headers"),
    "behind a header": (b"Content-Length: 5\r\n", "ends within the headers"),
    "within the content": (b"Content-Length: 5\r\n\r\n{", "ends within a message"),
}


def read_all(stream: bytes) -> list[bytes]:
    """As pygls does."""
    frames = Frames(io.BytesIO(stream))
    found = []
    while header := frames.readline():
        size = int(header.removeprefix(b"Content-Length: "))
        assert frames.readline() == b"\r\n"
        found.append(frames.read(size))
    return found


async def answered(process: asyncio.subprocess.Process) -> dict[str, object]:
    assert process.stdout is not None
    headers = await process.stdout.readuntil(b"\r\n\r\n")
    answer: dict[str, object] = json.loads(await process.stdout.readexactly(int(headers.split()[1])))
    return answer


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
def test_a_header_in_every_spelling_that_is_allowed(spelling: bytes) -> None:
    framed = spelling.replace(b"N\r", NUMBER + b"\r").replace(b"N\n", NUMBER + b"\n").replace(b"N ", NUMBER + b" ")
    assert read_all((framed + MESSAGE) * 3) == [MESSAGE] * 3


@pytest.mark.parametrize(("sent", "said"), [*UNREADABLE.values(), *CUT_OFF.values()], ids=[*UNREADABLE, *CUT_OFF])
def test_what_cannot_be_read_is_an_error(sent: bytes, said: str) -> None:
    with pytest.raises(ProtocolError, match=said) as caught:
        read_all(b"Content-Length: 2\r\n\r\n{}" + sent)
    assert "secret" not in str(caught.value)
    assert "Content-Length: N" in str(caught.value)


def test_an_empty_message_is_answered_as_no_json() -> None:
    assert read_all(b"Content-Length: 0\r\n\r\nContent-Length: 2\r\n\r\n{}") == [b" ", b"{}"]


@given(st.lists(st.binary(max_size=40)))
def test_whatever_a_message_holds_comes_out_as_it_is(messages: list[bytes]) -> None:
    stream = b"".join(b"Content-Length: %d\r\n\r\n%b" % (len(message), message) for message in messages)
    assert read_all(stream) == [message or b" " for message in messages]


@given(st.binary(max_size=60))
def test_any_bytes_are_messages_or_an_error(stream: bytes) -> None:
    with suppress(ProtocolError):
        assert all(message == b" " or message in stream for message in read_all(stream))


async def test_a_server_hears_every_spelling() -> None:
    """One process for all: each message has its id."""
    process = await asyncio.create_subprocess_exec(
        *FAKE_SERVER, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdin is not None
    for number, spelling in enumerate(SPELLINGS.values()):
        content = MESSAGE if number == 0 else b'{"jsonrpc":"2.0","id":%d,"method":"codeodds/none"}' % number
        size = b"%d" % len(content)
        framed = spelling.replace(b"N\r", size + b"\r").replace(b"N\n", size + b"\n").replace(b"N ", size + b" ")
        process.stdin.write(framed + content)
        answer = await asyncio.wait_for(answered(process), WAIT_S)
        assert answer["id"] == (1 if number == 0 else number)
    for content in (SHUTDOWN, EXIT):
        process.stdin.write(b"content-length:%d\r\n\r\n%b" % (len(content), content))
    assert await asyncio.wait_for(process.wait(), WAIT_S) == 0


@pytest.mark.parametrize("sent", [b'{"jsonrpc": "secret"}', b"Content-Length: secret\r\n\r\n"], ids=["JSON", "length"])
@pytest.mark.parametrize("command", [FAKE_SERVER, (sys.executable, "-m", "codeodds", "serve")], ids=["fake", "real"])
async def test_a_server_that_cannot_read_says_so_and_ends(command: tuple[str, ...], sent: bytes) -> None:
    """Though its input stays open."""
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stderr is not None
    process.stdin.write(b"Content-Length: %d\r\n\r\n%b%b" % (len(MESSAGE), MESSAGE, sent))
    assert await asyncio.wait_for(process.wait(), WAIT_S) == 1
    (line,) = (await process.stderr.read()).decode().splitlines()
    assert line.startswith("codeodds: a message from the client cannot be read: ")
    assert "secret" not in line


@pytest.mark.parametrize(
    ("messages", "status"),
    [
        ([MESSAGE, SHUTDOWN, EXIT], 0),
        ([MESSAGE, EXIT], 1),
        ([EXIT], 1),
        ([MESSAGE, SHUTDOWN], 0),
        ([MESSAGE], 0),
        ([], 0),
    ],
    ids=["shut down", "not shut down", "not begun", "no exit", "gone", "nothing"],
)
def test_the_exit_status(messages: list[bytes], status: int) -> None:
    """Without `exit` the client just went: its pipe ends, and nobody reads the status."""
    sent = b"".join(b"Content-Length: %d\r\n\r\n%b" % (len(message), message) for message in messages)
    done = subprocess.run([*FAKE_SERVER], input=sent, capture_output=True, timeout=WAIT_S, check=False)
    assert (done.returncode, done.stderr) == (status, b"")
