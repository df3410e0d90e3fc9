"""Waits on the event loop for what another thread computes."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from typing import TypeVar

_Result = TypeVar("_Result")


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
