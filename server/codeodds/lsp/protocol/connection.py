"""The connection to the client: where its messages begin and end, and whether its process is still there.

The headers of the protocol are read as HTTP's are.

pygls takes `Content-Length: N` in one spelling, and passes over all that comes behind another one, for ever and in
silence. Here names count in any case, the space behind the colon is optional, and so is one at the end (RFC 7230,
section 3.2; LF alone ends a line as well, section 3.5). What cannot be read is an error as soon as it is seen: nobody
can tell where the next message starts.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
from typing import BinaryIO

from codeodds.errors import ProtocolError

MAX_HEADERS = 16_384
"""Longest headers of one message, in bytes."""

MAX_CONTENT = 2**30
"""Longest content of one message, in bytes."""

LOOK_EVERY_S = 10.0
"""How often the client's process is looked for."""

_NAME = frozenset(b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_NUMBER = re.compile(rb"[0-9]+")
_CHARSET = re.compile(rb';[ \t]*charset[ \t]*=[ \t]*"?([^";]*)', re.IGNORECASE)


class Frames:
    """A stream of messages with the headers that pygls reads. Blocks, and is called in one thread at a time."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._length: int | None = None
        """Of the content that follows."""

    def readline(self) -> bytes:
        """One header line; the empty one behind it; nothing at the end of the stream.

        Raises: ProtocolError.
        """
        if self._length is not None:
            return b"\r\n"
        self._length = self._read_headers()
        # pygls waits for more where there is nothing. A space is answered as nothing should be: it is not JSON.
        return b"" if self._length is None else b"Content-Length: %d\r\n" % max(1, self._length)

    def read(self, size: int) -> bytes:
        """The content. Raises: ProtocolError if the stream ends within it."""
        content = self._stream.read(self._length or 0) if self._length != 0 else b" "
        self._length = None
        if len(content) < size:
            raise _unreadable("the input ends within a message")
        return content

    def _read_headers(self) -> int | None:
        """The content's length; None at the end of the stream."""
        length: int | None = None
        named = False
        left = MAX_HEADERS
        while True:
            line = self._read_line(left)
            left -= len(line)
            if not line:
                if named:
                    raise _unreadable("the input ends within the headers")
                return None
            if not line.strip(b"\r\n"):
                if not named:
                    continue  # Empty lines between messages do no harm.
                if length is None:
                    raise _unreadable("its headers hold no Content-Length")
                return length
            named = True
            name, _, value = line.partition(b":")
            value = value.strip(b" \t\r\n")
            if name.lower() == b"content-length":
                found = _number(value)
                if length not in (None, found):
                    raise _unreadable("its headers hold two values of Content-Length")
                length = found
            elif name.lower() == b"content-type":
                _check_type(value)

    def _read_line(self, most: int) -> bytes:
        """With its end; nothing at the end of the stream. Byte by byte: a line that is no header may never end."""
        line = bytearray()
        named = False
        while byte := self._stream.read(1):
            if line.endswith(b"\r") and byte != b"\n":
                raise _unreadable("a header line ends with CR and no LF")
            line += byte
            if byte == b"\n":
                if not named and line.strip(b"\r\n"):
                    raise _unreadable("a header line has no colon")
                return bytes(line)
            if byte == b":":
                if line == b":":
                    raise _unreadable("a header has no name")
                named = True
            elif not named and byte[0] not in _NAME and byte != b"\r":
                raise _unreadable("the name of a header holds what no name may, such as a space before the colon")
            if len(line) >= most:
                raise _unreadable(f"its headers are longer than {MAX_HEADERS:,} bytes")
        if line:
            raise _unreadable("the input ends within the headers")
        return b""


def watch_parent(process_id: int | None) -> asyncio.Task[None] | None:
    """End the server when the client's process is gone, as the protocol wants, even if the pipe to it stays open.

    Call this on the running event loop. `process_id`: the client's, as it stands in `initialize`.

    None, or a system on which a process can't be asked for without harm: nothing is watched, and the end of stdin is
    what ends the server.
    """
    if process_id is None or sys.platform == "win32":
        return None
    return asyncio.get_running_loop().create_task(_watch(process_id))


def is_alive(process_id: int) -> bool:
    """Whether there is a process with this id."""
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


async def _watch(process_id: int) -> None:
    # A client may run in another container, whose ids mean nothing here.
    if not is_alive(process_id):
        return
    while is_alive(process_id):
        await asyncio.sleep(LOOK_EVERY_S)
    # The thread that reads stdin can't be interrupted, and would keep the interpreter from ending by itself.
    os._exit(1)


def _number(value: bytes) -> int:
    if _NUMBER.fullmatch(value) is None:
        raise _unreadable("its Content-Length is not a whole number in decimal digits")
    digits = value.lstrip(b"0") or b"0"
    if len(digits) > len(str(MAX_CONTENT)) or int(digits) > MAX_CONTENT:
        raise _unreadable(f"its Content-Length is above {MAX_CONTENT:,} bytes")
    return int(digits)


def _check_type(value: bytes) -> None:
    charset = _CHARSET.search(value)
    if charset is not None and charset[1].strip().lower() not in (b"utf-8", b"utf8"):
        raise _unreadable("its Content-Type names another charset than utf-8")


def _unreadable(reason: str) -> ProtocolError:
    return ProtocolError(
        f"a message from the client cannot be read: {reason}; each message starts with `Content-Length: N` and an "
        "empty line, both ended by CRLF"
    )
