"""The language server: wiring only. It answers `initialize` before anything heavy is imported."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Generator
from typing import Any

from lsprotocol import types as lsp
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol, lsp_method

from codeodds import __version__
from codeodds.engine.api import Scorer
from codeodds.engine.worker import ScoringWorker
from codeodds.lsp.capabilities import Client
from codeodds.lsp.convert import Converter
from codeodds.lsp.documents import Document, Documents
from codeodds.lsp.edits import apply_edits

logger = logging.getLogger(__name__)

PYTHON_SUFFIXES = (".py", ".pyi")
NOTEBOOK_CELL = "vscode-notebook-cell:"
"""Scheme of a notebook's cells. One cell is not a module: its imports stand elsewhere."""


class Protocol(LanguageServerProtocol):
    """pygls' protocol, but it leaves the edits of documents to `edits`.

    Its own count lines with `str.splitlines`, and change the positions that they are given.
    """

    @lsp_method(lsp.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: lsp.DidChangeTextDocumentParams) -> Generator[Any, Any, None]:
        yield self.fm.features[lsp.TEXT_DOCUMENT_DID_CHANGE], (params,), None


class CodeoddsServer(LanguageServer):
    """A pygls server with the open documents and the worker that scores them."""

    def __init__(self, open_scorer: Callable[[], Scorer]) -> None:
        super().__init__(
            "codeodds",
            __version__,
            text_document_sync_kind=lsp.TextDocumentSyncKind.Incremental,
            protocol_cls=Protocol,
        )
        self.documents = Documents(ScoringWorker(open_scorer))
        self.first_settings: Any = None
        self.on_started: list[Callable[[], Awaitable[None]]] = []
        """Awaited one after the other when the client is ready."""
        self.client = Client(lsp.ClientCapabilities())

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

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Called by pygls for an error in a handler. Its text may quote a document, so only its type is told."""
        logger.error("a request failed: %s", type(error).__name__)


def create_server(open_scorer: Callable[[], Scorer]) -> CodeoddsServer:
    """A server with all features. `open_scorer` is called in the inference thread, when something is scored first."""
    from codeodds.lsp.features import (
        code_actions,
        code_lens,
        commands,
        configuration,
        diagnostics,
        hover,
        inlay_hints,
        score_request,
    )

    server = CodeoddsServer(open_scorer)
    documents = server.documents
    documents.on_problem.append(lambda message: server.tell(message, lsp.MessageType.Error))

    @server.feature(lsp.INITIALIZE)
    def initialize(params: lsp.InitializeParams) -> None:
        server.first_settings = params.initialization_options
        server.client = Client(params.capabilities, params.client_info.name if params.client_info else "")

    @server.feature(lsp.INITIALIZED)
    async def initialized(params: lsp.InitializedParams) -> None:
        for start in server.on_started:
            await start()

    @server.feature(lsp.TEXT_DOCUMENT_DID_OPEN)
    async def opened(params: lsp.DidOpenTextDocumentParams) -> None:
        item = params.text_document
        if is_python(item.uri, item.language_id):
            documents.update(item.uri, item.version, item.text)

    @server.feature(lsp.TEXT_DOCUMENT_DID_CHANGE)
    async def changed(params: lsp.DidChangeTextDocumentParams) -> None:
        known = documents.get(params.text_document.uri)
        if known is not None:
            text = apply_edits(known.text, params.content_changes, server.position_encoding)
            documents.update(known.uri, params.text_document.version, text, _changed_line(params))

    @server.feature(lsp.TEXT_DOCUMENT_DID_CLOSE)
    async def closed(params: lsp.DidCloseTextDocumentParams) -> None:
        documents.close(params.text_document.uri)

    @server.feature(lsp.SHUTDOWN)
    def shut_down(params: Any = None) -> None:
        documents.shutdown()

    features = (configuration, diagnostics, inlay_hints, code_lens, hover, code_actions, commands, score_request)
    for feature in features:
        feature.set_up(server)
    return server


def is_python(uri: str, language_id: str) -> bool:
    """By the client's word or by the name; a notebook's cell is not."""
    return not uri.startswith(NOTEBOOK_CELL) and (language_id == "python" or uri.endswith(PYTHON_SUFFIXES))


def _changed_line(params: lsp.DidChangeTextDocumentParams) -> int | None:
    for change in reversed(params.content_changes):
        if isinstance(change, lsp.TextDocumentContentChangePartial):
            return change.range.start.line
    return None


def run_stdio(open_scorer: Callable[[], Scorer]) -> None:
    """Serve on stdin and stdout until the client goes."""
    # pygls logs whole messages, which hold user code.
    logging.getLogger("pygls").setLevel(logging.CRITICAL)
    logging.basicConfig(level=logging.WARNING, format="codeodds: %(message)s")
    create_server(open_scorer).start_io()
