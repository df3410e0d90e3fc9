"""The server class: the open documents, the worker that scores them as the settings say, and what features need of the
client.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer

from codeodds import __version__
from codeodds.engine.api import Scorer, ScorerOptions
from codeodds.engine.worker import ModelState, ScoringWorker
from codeodds.lsp.documents.document import Document
from codeodds.lsp.documents.scheduler import Documents
from codeodds.lsp.documents.text import Converter
from codeodds.lsp.protocol.capabilities import Client
from codeodds.lsp.protocol.connection import Frames, watch_parent
from codeodds.lsp.protocol.repairs import Protocol
from codeodds.lsp.settings.fields import Settings

if TYPE_CHECKING:
    from codeodds.lsp.documents.notebooks import Notebooks
    from codeodds.lsp.documents.sampling import Sampling
    from codeodds.odds.findings import Finding

logger = logging.getLogger(__name__)

OpenScorer = Callable[[ScorerOptions], Scorer]

MEMO_SHARE = 1 / 16
"""Of the memory limit, for scores; the rest is for keys and values, which are thousands of times larger."""

LSP_ERRORS = range(-32899, -32799)
"""The codes that the protocol keeps for its own errors: cancelled, content modified, request failed."""

NOTEBOOKS = lsp.NotebookDocumentSyncOptions(
    [lsp.NotebookDocumentFilterWithCells(cells=[lsp.NotebookCellLanguage("python")])]
)


class EngineSettings:
    """Opens the scorer as the settings say, and opens it anew only if they say something else."""

    def __init__(self, open_scorer: OpenScorer) -> None:
        self._open_scorer = open_scorer
        self._options = scorer_options(Settings())
        self.worker = ScoringWorker(
            partial(open_scorer, self._options),
            idle_unload_s=Settings().idle_unload_s,
            memo_limit_mb=MEMO_SHARE * Settings().memory_limit_mb,
        )

    def apply(self, settings: Settings) -> None:
        """Take over settings. The scores of a scorer that is opened anew are forgotten."""
        options = scorer_options(settings)
        if options == self._options:
            self.worker.configure(idle_unload_s=settings.idle_unload_s)
            return
        self._options = options
        self.worker.configure(idle_unload_s=settings.idle_unload_s, memo_limit_mb=MEMO_SHARE * settings.memory_limit_mb)
        self.worker.reload(partial(self._open_scorer, options))


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
        self.on_model: list[Callable[[ModelState], None]] = []
        """Called on the event loop when the model is loaded or unloaded."""
        self.first_settings: Any = None
        self.on_initialize: list[Callable[[], None]] = []
        """Called before the server's capabilities are made up: a feature that is added here is advertised."""
        self.on_started: list[Callable[[], Awaitable[None]]] = []
        """Awaited one after the other when the client is ready."""
        self.client = Client(lsp.ClientCapabilities())
        self.findings: Callable[[Document], list[Finding]] = lambda document: []
        """Edits of a document's functions that are much more likely, as far as somebody looked."""
        self._parent: asyncio.Task[None] | None = None

    @cached_property
    def notebooks(self) -> Notebooks:
        """The open notebooks. Imported when a client opens one."""
        from codeodds.lsp.documents.notebooks import Notebooks

        return Notebooks(self.documents)

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


def scorer_options(settings: Settings) -> ScorerOptions:
    """How the settings want the scorer to be opened."""
    return ScorerOptions(
        model=Path(settings.model).expanduser() if settings.model else None,
        threads=settings.threads,
        memory_limit_mb=(1 - MEMO_SHARE) * settings.memory_limit_mb,
    )


def page_uri(name: str) -> str | None:
    """URI of a page of the documentation that came with the server, so that no network is needed; None if none did."""
    here = Path(__file__).resolve()
    for folder in (here.parents[1] / "docs", here.parents[3] / "docs"):
        if (folder / name).is_file():
            return (folder / name).as_uri()
    return None
