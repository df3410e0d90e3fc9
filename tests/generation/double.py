"""A stand-in for a completions server on 127.0.0.1: it answers as it is told, and remembers what it was asked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

Handler = Callable[["Double", dict[str, Any], asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Double:
    """One server."""

    handler: Handler
    port: int = 0
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    reader: asyncio.StreamReader | None = None
    """Of the newest request."""
    broken_off: int = 0
    """Requests whose client went away before the end."""
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until what the server remembers makes the condition true."""
        async with asyncio.timeout(30), self.news:
            await self.news.wait_for(condition)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
            body = json.loads(await reader.readexactly(int(headers.get("content-length", "0"))))
            async with self.news:
                self.requests.append(body)
                self.headers.append(headers)
                self.paths.append(head[0].split()[1])
                self.news.notify_all()
            self.reader = reader
            await self.handler(self, body, writer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def play(handler: Handler) -> AsyncIterator[Double]:
    """A server for as long as it is needed."""
    double = Double(handler)
    server = await asyncio.start_server(double.serve, "127.0.0.1", 0)
    double.port = server.sockets[0].getsockname()[1]
    try:
        yield double
    finally:
        server.close()


def head(status: int = 200, kind: str = "text/event-stream", more: str = "") -> bytes:
    return f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nConnection: close\r\n{more}\r\n".encode()


def event(text: str, index: int = 0, finish: str | None = None) -> bytes:
    choice = {"index": index, "text": text, "finish_reason": finish}
    return b"data: " + json.dumps({"choices": [choice]}).encode() + b"\n\n"


DONE = b"data: [DONE]\n\n"


def streams(*texts: str, finish: str = "stop") -> Handler:
    """Gives all samples in one stream, in turns of a few characters."""

    async def handle(double: Double, body: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        writer.write(head())
        wanted = texts[: body.get("n", 1)]
        for start in range(0, max(map(len, wanted)), 5):
            for index, text in enumerate(wanted):
                if start < len(text):
                    writer.write(event(text[start : start + 5], index))
        for index in range(len(wanted)):
            writer.write(event("", index, finish))
        writer.write(DONE)

    return handle


def one_by_one(*texts: str) -> Handler:
    """Gives one sample a request, whatever `n` says, in one piece of JSON."""
    left = list(texts)

    async def handle(double: Double, body: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        choice = {"index": 0, "text": left.pop(0), "finish_reason": "stop"}
        writer.write(head(kind="application/json") + json.dumps({"choices": [choice]}).encode())

    return handle


def says(content: bytes, status: int = 200, kind: str = "application/json", more: str = "") -> Handler:
    """Answers everything with the same."""

    async def handle(double: Double, body: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        writer.write(head(status, kind, more) + content)

    return handle


def hangs_after(*pieces: bytes) -> Handler:
    """Begins an answer and never ends it; notes when the client goes."""

    async def handle(double: Double, body: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        writer.write(head() + b"".join(pieces))
        assert double.reader is not None
        await double.reader.read()
        async with double.news:
            double.broken_off += 1
            double.news.notify_all()

    return handle
