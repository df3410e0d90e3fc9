"""The language server: wiring only. It answers `initialize` before anything heavy is imported."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Awaitable, Callable
from typing import Any, BinaryIO, cast

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer

from codeodds import __version__
from codeodds.engine.worker import ModelState
from codeodds.errors import ProtocolError
from codeodds.lsp.candidate_runs import CandidateRuns
from codeodds.lsp.protocol.capabilities import Client
from codeodds.lsp.protocol.convert import Converter
from codeodds.lsp.documents.scheduler import Document, Documents
from codeodds.lsp.settings.engine import EngineSettings, OpenScorer
from codeodds.lsp.protocol.framing import Frames
from codeodds.lsp.documents.notebooks import Notebooks, says_python
from codeodds.lsp.protocol.parent import watch_parent
from codeodds.lsp.protocol.repairs import Protocol
from codeodds.lsp.documents.sampling import Sampling
from codeodds.lsp.documents.text import Text, changed_line
from codeodds.lsp.shown.edited_line import TypingPause

logger = logging.getLogger(__name__)

LSP_ERRORS = range(-32899, -32799)
"""The codes that the protocol keeps for its own errors: cancelled, content modified, request failed."""

PYTHON_SUFFIXES = (".py", ".pyi", ".pyw")
NOTEBOOK_CELL = "vscode-notebook-cell:"
"""Scheme of a notebook's cells. They come with their notebook: alone, a cell lacks the imports of the others."""

EXIT_WAIT_S = 5.0
"""How long a run may take to end when the client is gone."""

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
        self.candidate_runs = CandidateRuns(self.documents)
        self.typing = TypingPause(self.documents)
        self.notebooks = Notebooks(self.documents)
        self.sampling = Sampling(self.documents)
        self.on_model: list[Callable[[ModelState], None]] = []
        """Called on the event loop when the model is loaded or unloaded."""
        self.first_settings: Any = None
        self.on_initialize: list[Callable[[], None]] = []
        """Called before the server's capabilities are made up: a feature that is added here is advertised."""
        self.on_started: list[Callable[[], Awaitable[None]]] = []
        """Awaited one after the other when the client is ready."""
        self.client = Client(lsp.ClientCapabilities())
        self._parent: asyncio.Task[None] | None = None

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


def create_server(open_scorer: OpenScorer) -> CodeoddsServer:
    """A server with all features. `open_scorer` is called in the inference thread, when something is scored first."""
    from codeodds.lsp.features import (
        alternatives,
        code_actions,
        code_lens,
        commands,
        completion,
        completions_key,
        configuration,
        diagnostics,
        hover,
        inlay_hints,
        inline_completion,
        loading,
        rank_request,
        refresh,
        score_request,
        scores,
        trace,
    )

    server = CodeoddsServer(open_scorer)
    documents = server.documents
    documents.on_problem.append(lambda message: server.tell(message, lsp.MessageType.Error))

    @server.feature(lsp.INITIALIZE)
    def initialize(params: lsp.InitializeParams) -> None:
        server.first_settings = params.initialization_options
        server.client = Client(params.capabilities, params.client_info.name if params.client_info else "")
        if params.trace is not None:
            server.protocol.trace = params.trace
        for prepare in server.on_initialize:
            prepare()

    @server.feature(lsp.INITIALIZED)
    async def initialized(params: lsp.InitializedParams) -> None:
        server.start()
        for start in server.on_started:
            await start()

    @server.feature(lsp.TEXT_DOCUMENT_DID_OPEN)
    async def opened(params: lsp.DidOpenTextDocumentParams) -> None:
        item = params.text_document
        if is_python(item.uri, item.language_id):
            documents.update(item.uri, item.version, Text(item.text, server.position_encoding))

    @server.feature(lsp.TEXT_DOCUMENT_DID_CHANGE)
    async def changed(params: lsp.DidChangeTextDocumentParams) -> None:
        known = documents.get(params.text_document.uri)
        if known is not None:
            text = known.source.edited(params.content_changes)
            line = changed_line(params.content_changes)
            documents.update(known.uri, params.text_document.version, text, line, edited=True)

    @server.feature(lsp.TEXT_DOCUMENT_DID_CLOSE)
    async def closed(params: lsp.DidCloseTextDocumentParams) -> None:
        documents.close(params.text_document.uri)

    @server.feature(lsp.NOTEBOOK_DOCUMENT_DID_OPEN)
    async def notebook_opened(params: lsp.DidOpenNotebookDocumentParams) -> None:
        server.notebooks.open(params, server.position_encoding)

    @server.feature(lsp.NOTEBOOK_DOCUMENT_DID_CHANGE)
    async def notebook_changed(params: lsp.DidChangeNotebookDocumentParams) -> None:
        server.notebooks.change(params)

    @server.feature(lsp.NOTEBOOK_DOCUMENT_DID_CLOSE)
    async def notebook_closed(params: lsp.DidCloseNotebookDocumentParams) -> None:
        server.notebooks.close(params)

    @server.feature(lsp.SHUTDOWN)
    def shut_down(params: Any = None) -> None:
        server.candidate_runs.close()
        documents.shutdown()

    features = (
        configuration,
        diagnostics,
        inlay_hints,
        code_lens,
        hover,
        code_actions,
        commands,
        alternatives,
        score_request,
        scores,
        rank_request,
        inline_completion,
        completion,
        completions_key,
        loading,
        refresh,
        trace,
    )
    for feature in features:
        feature.set_up(server)
    return server


def is_python(uri: str, language_id: str) -> bool:
    """By the client's word or by the name; a notebook's cell is not."""
    return not uri.startswith(NOTEBOOK_CELL) and (says_python(language_id) or uri.lower().endswith(PYTHON_SUFFIXES))


def run_stdio(open_scorer: OpenScorer, log_level: str = "warning") -> int:
    """Serve on stdin and stdout until the client goes. `log_level`: of what goes to stderr, as `logging` names it.

    Returns the exit status: 1 after `exit` without `shutdown`, as the protocol wants, and after what cannot be read.
    """
    logging.basicConfig(level=log_level.upper(), format="codeodds: %(message)s")
    # pygls and asyncio log whole messages and the arguments of callbacks, which hold user code; the others log headers
    # with keys.
    for library in ("pygls", "asyncio", "httpx", "httpcore", "parso"):
        logging.getLogger(library).setLevel(logging.CRITICAL)
    server = create_server(open_scorer)
    status = 1
    try:
        server.start_io()
        status = server.protocol.exit_status
    except ProtocolError as error:
        logger.critical("%s", error)
    finally:
        server.candidate_runs.close()
        # A client that just goes asks for no shutdown. The interpreter can't end well while a run is going on, nor
        # while the model is opened, which nothing can interrupt.
        if not server.documents.worker.close(EXIT_WAIT_S):
            logging.shutdown()
            os._exit(status)
    return status
