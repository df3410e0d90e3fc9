"""What is asked of the worker, by document: a change of the document gives it up. And how to wait on the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import TypeVar

from codeodds.engine.worker import ScoringWorker

_Result = TypeVar("_Result")


class Requests:
    """Keys of what clients asked for, by document. On the event loop only."""

    def __init__(self, worker: ScoringWorker) -> None:
        self._worker = worker
        self._held: dict[str, set[str]] = {}
        self._number = 0

    @contextmanager
    def held(self, uri: str, count: int) -> Iterator[list[str]]:
        """New keys for the worker, which are given up with the document, and at the end."""
        self._number += 1
        keys = [f"request {self._number}/{index}" for index in range(count)]
        held = self._held.setdefault(uri, set())
        held.update(keys)
        try:
            yield keys
        finally:
            held.difference_update(keys)
            if not held and self._held.get(uri) is held:
                del self._held[uri]
            for key in keys:
                self._worker.cancel(key)

    def give_up(self, uri: str) -> None:
        """End what waits or runs for a document."""
        for key in tuple(self._held.get(uri, ())):
            self._worker.cancel(key)


async def outcome(future: Future[_Result]) -> _Result:
    """Wait for a worker's future without ever cancelling it: it may be shared."""
    loop = asyncio.get_running_loop()
    waiter: asyncio.Future[None] = loop.create_future()

    def wake() -> None:
        if not waiter.done():
            waiter.set_result(None)

    def call_back(_: Future[_Result]) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(wake)

    future.add_done_callback(call_back)
    await waiter
    return future.result()
