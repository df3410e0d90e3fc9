"""The server class: the open documents, the worker that scores them, and what features need of the client."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer

from codeodds import __version__
from codeodds.engine.worker import ModelState
from codeodds.lsp.documents.edited_line import TypingPause
from codeodds.lsp.documents.notebooks import Notebooks
from codeodds.lsp.documents.scheduler import Document, Documents
from codeodds.lsp.protocol.capabilities import Client
from codeodds.lsp.protocol.convert import Converter
from codeodds.lsp.protocol.framing import Frames
from codeodds.lsp.protocol.parent import watch_parent
from codeodds.lsp.protocol.repairs import Protocol
from codeodds.lsp.settings.engine import EngineSettings, OpenScorer

if TYPE_CHECKING:
    from codeodds.lsp.documents.sampling import Sampling

logger = logging.getLogger(__name__)

LSP_ERRORS = range(-32899, -32799)
"""The codes that the protocol keeps for its own errors: cancelled, content modified, request failed."""

NOTEBOOKS = lsp.NotebookDocumentSyncOptions(
    [lsp.NotebookDocumentFilterWithCells(cells=[lsp.NotebookCellLanguage("python")])]
)


class CodeoddsServer(LanguageServer):
    """A pygls server with the open documents and the worker that scores them."""

    protocol: Protocol

    def __init__(self, open_scorer: OpenScorer) -> None:
        super().__init__(
            "codeodds",
            __version__,
            text_document_sync_kind=lsp.TextDocumentSyncKind.Incremental,
            notebook_document_sync=NOTEBOOKS,
            protocol_cls=Protocol,
        )
        engine = EngineSettings(open_scorer)
        self.documents = Documents(engine.worker)
        self.documents.on_configured.append(engine.apply)
        self.typing = TypingPause(self.documents)
        self.notebooks = Notebooks(self.documents)
        self.on_model: list[Callable[[ModelState], None]] = []
        """Called on the event loop when the model is loaded or unloaded."""
        self.first_settings: Any = None
        self.on_initialize: list[Callable[[], None]] = []
        """Called before the server's capabilities are made up: a feature that is added here is advertised."""
        self.on_started: list[Callable[[], Awaitable[None]]] = []
        """Awaited one after the other when the client is ready."""
        self.client = Client(lsp.ClientCapabilities())
        self._parent: asyncio.Task[None] | None = None

    @cached_property
    def sampling(self) -> Sampling:
        """What writes completions. Imported when somebody asks for one."""
        from codeodds.lsp.documents.sampling import Sampling

        return Sampling(self.documents)

    def converter(self, document: Document) -> Converter:
        """Positions of a document in the encoding that the client negotiated."""
        return Converter(document.lines, self.position_encoding)

    @property
    def position_encoding(self) -> lsp.PositionEncodingKind | str:
        """How the client counts characters."""
        return self.workspace.position_encoding or lsp.PositionEncodingKind.Utf16

    def tell(self, message: str, severity: lsp.MessageType = lsp.MessageType.Warning) -> None:
        """Write to the client's log; nothing pops up."""
        self.window_log_message(lsp.LogMessageParams(severity, message))

    def start_io(self, stdin: BinaryIO | None = None, stdout: BinaryIO | None = None) -> None:
        """Serve until the client goes. Raises: ProtocolError if what it sends cannot be cut into messages."""
        super().start_io(cast(BinaryIO, Frames(stdin or sys.stdin.buffer)), stdout)

    def start(self) -> None:
        """The client is ready: start what needs the event loop."""
        loop = asyncio.get_running_loop()

        def model_changed(state: ModelState) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._model_changed, state)

        self.documents.worker.on_model.append(model_changed)
        self._parent = watch_parent(self.process_id)

    def _model_changed(self, state: ModelState) -> None:
        for listener in self.on_model:
            listener(state)

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Called by pygls for an error in a handler. Its text may quote a document, so only its type is told.

        A request that was cancelled or refused, or whose document has changed, was answered so: nothing is broken.
        """
        if isinstance(error, JsonRpcException) and error.code in LSP_ERRORS:
            logger.debug("a request was answered with the error code %d", error.code)
        else:
            logger.error("a request failed: %s", type(error).__name__)
        self.protocol.answer_unreadable(error)
