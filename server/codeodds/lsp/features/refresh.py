"""New scores: asks the client to come back for the hints, lenses and diagnostics that it pulls."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from lsprotocol import types as lsp

from codeodds.lsp.documents.document import Document
from codeodds.lsp.server import CodeoddsServer

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


class Refresh:
    """One refresher for each kind of request that both sides know."""

    def __init__(self, server: CodeoddsServer) -> None:
        self._server = server
        self._refreshers: list[Refresher] | None = None

    def scored(self, document: Document) -> None:
        """Refreshes concern all documents: the protocol has none for a single one."""
        if self._refreshers is None:
            self._refreshers = self._supported()
        for refresher in self._refreshers:
            refresher.want()

    def _supported(self) -> list[Refresher]:
        server = self._server
        workspace = server.client_capabilities.workspace or lsp.WorkspaceClientCapabilities()
        features = server.protocol.fm.features
        kinds = (
            (lsp.TEXT_DOCUMENT_INLAY_HINT, workspace.inlay_hint, server.workspace_inlay_hint_refresh),
            (lsp.TEXT_DOCUMENT_CODE_LENS, workspace.code_lens, server.workspace_code_lens_refresh),
            (lsp.TEXT_DOCUMENT_DIAGNOSTIC, workspace.diagnostics, server.workspace_diagnostic_refresh),
        )
        return [
            Refresher(lambda ask=ask: ask(None))  # type: ignore[misc]
            for method, support, ask in kinds
            if method in features and support is not None and support.refresh_support
        ]


def set_up(server: CodeoddsServer) -> None:
    """Wire the feature."""
    refresh = Refresh(server)
    server.documents.on_scored.append(refresh.scored)
    server.documents.typing.on_paused.append(refresh.scored)
