"""A language server process and the time at which each of its messages came."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

ANSWER_LIMIT_S = 120.0
TICKS = os.sysconf("SC_CLK_TCK")


class Server:
    """``codeodds serve`` and its pipes. Times are those of `time.perf_counter`, in seconds."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self.process = process
        self._in = process.stdin
        self._out = process.stdout
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[tuple[float, dict[str, Any]]]] = {}
        self.on_notification: list[Callable[[float, str, Any], None]] = []
        self._reader = asyncio.ensure_future(self._read())

    def notify(self, method: str, params: Any) -> None:
        self._send({"method": method, "params": params})

    def request(self, method: str, params: Any) -> tuple[int, asyncio.Future[tuple[float, dict[str, Any]]]]:
        """The request's id, and a future of the time of its answer and of the answer."""
        number = next(self._numbers)
        future: asyncio.Future[tuple[float, dict[str, Any]]] = asyncio.get_running_loop().create_future()
        self._answers[number] = future
        self._send({"id": number, "method": method, "params": params})
        return number, future

    async def ask(self, method: str, params: Any) -> tuple[float, Any]:
        """The time from request to answer in milliseconds, and the result.

        Raises: RuntimeError if the server answers with an error.
        """
        start = time.perf_counter()
        _, future = self.request(method, params)
        end, message = await asyncio.wait_for(future, ANSWER_LIMIT_S)
        if "error" in message:
            raise RuntimeError(f"{method}: {message['error']}")
        return 1000 * (end - start), message["result"]

    def open(self, uri: str, text: str) -> None:
        item = {"uri": uri, "languageId": "python", "version": 1, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": item})

    def close(self, uri: str) -> None:
        self.notify("textDocument/didClose", {"textDocument": {"uri": uri}})

    async def score(self, uri: str) -> tuple[float, Any]:
        return await self.ask("codeodds/score", {"textDocument": {"uri": uri}})

    async def counters(self) -> dict[str, int]:
        """What the inference thread did so far."""
        command = {"command": "codeodds.debugInformation", "arguments": []}
        found: dict[str, int] = (await self.ask("workspace/executeCommand", command))[1]["counters"]
        return found

    def memory_mb(self) -> dict[str, float]:
        """Resident memory in units of 1,000,000 bytes, now and at its peak."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        fields = dict(line.split(":", 1) for line in lines if ":" in line)
        return {"now": int(fields["VmRSS"].split()[0]) / 976.5625, "peak": int(fields["VmHWM"].split()[0]) / 976.5625}

    def cpu_s(self) -> float:
        """Processor time used so far, seconds."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    async def end(self) -> None:
        await self.ask("shutdown", None)
        self.notify("exit", None)
        await asyncio.wait_for(self.process.wait(), ANSWER_LIMIT_S)

    def _send(self, message: dict[str, Any]) -> None:
        content = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._in.write(b"Content-Length: %d\r\n\r\n" % len(content) + content)

    async def _read(self) -> None:
        while True:
            try:
                header = await self._out.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError:
                return
            lengths = [line for line in header.split(b"\r\n") if line.lower().startswith(b"content-length:")]
            message = json.loads(await self._out.readexactly(int(lengths[0].split(b":")[1])))
            now = time.perf_counter()
            if "method" not in message:
                self._answers.pop(message["id"]).set_result((now, message))
            elif "id" in message:
                self._send({"id": message["id"], "result": None})
            else:
                for listener in self.on_notification:
                    listener(now, message["method"], message["params"])


@asynccontextmanager
async def started(bundle: Path, settings: dict[str, Any], threads: int = 2) -> AsyncIterator[Server]:
    """A server that was initialized with these settings, by a client that pulls nothing and traces."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "codeodds", "serve", "--model", str(bundle), "--threads", str(threads)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    server = Server(process)
    try:
        capabilities = {"workspace": {"inlayHint": {"refreshSupport": True}}}
        params = {"processId": os.getpid(), "capabilities": capabilities, "trace": "messages"}
        await server.ask("initialize", {**params, "initializationOptions": settings})
        server.notify("initialized", {})
        yield server
        await server.end()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
