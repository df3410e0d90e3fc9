"""A server process spoken to in bytes, for what no client library would send."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import IO, Any

from tests.lsp.client import FAKE_SERVER, WAIT_S

INITIALIZE = {"jsonrpc": "2.0", "id": "start", "method": "initialize", "params": {"capabilities": {}}}


class Wire:
    """One server process and its pipes."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self.process = process
        self._in = process.stdin
        self._out = process.stdout
        self.received: list[dict[str, Any]] = []

    def send(self, message: Any) -> None:
        self.send_bytes(json.dumps(message).encode())

    def send_bytes(self, content: bytes) -> None:
        """A frame with any content."""
        self._in.write(b"Content-Length: %d\r\n\r\n" % len(content) + content)

    def request(self, number: Any, method: str, params: Any = None) -> None:
        self.send({"jsonrpc": "2.0", "id": number, "method": method, "params": params})

    def notify(self, method: str, params: Any = None) -> None:
        self.send({"jsonrpc": "2.0", "method": method, "params": params})

    def open(self, text: str, uri: str = "file:///w/a.py", version: int = 1) -> None:
        item = {"uri": uri, "languageId": "python", "version": version, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": item})

    async def answer(self, number: Any) -> dict[str, Any]:
        """The answer with that id. What comes before it is kept in `received`."""
        async with asyncio.timeout(WAIT_S):
            while True:
                message = await self._receive()
                self.received.append(message)
                if message.get("id") == number and "method" not in message:
                    return message

    async def asked(self, method: str) -> dict[str, Any]:
        """The next request of the server with that method."""
        async with asyncio.timeout(WAIT_S):
            while True:
                message = await self._receive()
                self.received.append(message)
                if message.get("method") == method and "id" in message:
                    return message

    async def end(self) -> int:
        """Say goodbye; the exit status."""
        self.request("end", "shutdown")
        await self.answer("end")
        self.notify("exit")
        return await self.ended()

    async def ended(self) -> int:
        return await asyncio.wait_for(self.process.wait(), WAIT_S)

    async def _receive(self) -> dict[str, Any]:
        length = 0
        while (line := (await self._out.readline()).strip()) != b"":
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        content = await self._out.readexactly(length)
        message: dict[str, Any] = json.loads(content)
        return message


@asynccontextmanager
async def wire(
    *command: str,
    initialize: dict[str, Any] | None = None,
    stderr: int | IO[bytes] = asyncio.subprocess.DEVNULL,
    greet: bool = True,
) -> AsyncIterator[Wire]:
    """Start a server process and, with `greet`, initialize it. It is killed at the end if it still lives; see
    `Wire.end`.
    """
    process = await asyncio.create_subprocess_exec(
        *(command or FAKE_SERVER),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=stderr,
    )
    connection = Wire(process)
    try:
        if greet:
            connection.send(initialize or INITIALIZE)
            await connection.answer("start")
            connection.notify("initialized", {})
        yield connection
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
