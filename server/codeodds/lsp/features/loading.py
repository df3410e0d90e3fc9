"""While the model is opened, the client shows that something is going on."""

from __future__ import annotations

import asyncio
import itertools
import logging

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException

from codeodds.engine.worker import ModelState
from codeodds.lsp.server import CodeoddsServer

logger = logging.getLogger(__name__)

TITLE = "codeodds: loading the model"


class Loading:
    """Work-done progress from the moment at which the bundle is opened until it can score."""

    def __init__(self, server: CodeoddsServer) -> None:
        self._server = server
        self._numbers = itertools.count(1)
        self._ended: asyncio.Event | None = None
        self._task: asyncio.Task[None] | None = None

    def changed(self, state: ModelState) -> None:
        """Call this on the event loop."""
        if self._ended is not None:
            self._ended.set()
        if state is ModelState.LOADING:
            self._ended = asyncio.Event()
            self._task = asyncio.get_running_loop().create_task(self._show(self._ended))

    async def _show(self, ended: asyncio.Event) -> None:
        progress = self._server.work_done_progress
        token = f"codeodds/loading/{next(self._numbers)}"
        try:
            await progress.create_async(token)
        except JsonRpcException as error:
            # A client may refuse; the model is opened all the same.
            logger.info("the client shows no progress: %s", type(error).__name__)
            return
        try:
            progress.begin(token, lsp.WorkDoneProgressBegin(title=TITLE, cancellable=False))
            await ended.wait()
            progress.end(token, lsp.WorkDoneProgressEnd())
        finally:
            progress.tokens.pop(token, None)


def create(server: CodeoddsServer) -> Loading:
    """The feature, imported when it is first asked."""
    return Loading(server)
