"""Asks the client to come back for what it pulls, when newer scores are there."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

logger = logging.getLogger(__name__)

ANSWER_WITHIN_S = 5.0
"""A client that has not answered for so long is asked again nevertheless."""

Ask = Callable[[], Future[Any]]


class Refresher:
    """One kind of request, such as `workspace/inlayHint/refresh`, of which one at a time is under way.

    A refresh concerns all documents. While the client still works at one, more scores lead to one more, not to many.
    """

    def __init__(self, ask: Ask) -> None:
        """`ask` sends the request, and returns a future that ends with the client's answer."""
        self._ask = ask
        self._wanted = False
        self._task: asyncio.Task[None] | None = None

    def want(self) -> None:
        """There is something new. Call this on the event loop."""
        self._wanted = True
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        while self._wanted:
            self._wanted = False
            answer = asyncio.wrap_future(self._ask())
            # Not cancelled when the time is up: the client may answer later.
            await asyncio.wait([answer], timeout=ANSWER_WITHIN_S)
            if answer.done() and not answer.cancelled() and (error := answer.exception()) is not None:
                # A client may refuse; it gets the scores when it asks by itself.
                logger.info("the client did not refresh: %s", type(error).__name__)
