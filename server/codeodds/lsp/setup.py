"""Wires the language server: which features it has, and what is imported when.

What a keystroke needs is imported at the start, every other feature when a client asks for it, can show it, or turns it
on.
"""

from __future__ import annotations

import logging
import os
from functools import partial
from importlib import import_module
from typing import Any

from lsprotocol import types as lsp

from codeodds.engine.worker import ModelState
from codeodds.errors import ProtocolError
from codeodds.lsp.documents.document import Document, says_python
from codeodds.lsp.documents.text import Text, changed_line
from codeodds.lsp.features import configuration, diagnostics, refresh
from codeodds.lsp.protocol.capabilities import (
    DEBUG_INFORMATION,
    EXPLAIN,
    OPEN_SETTINGS,
    RANK_ALTERNATIVES,
    RELOAD_MODEL,
    SCORE_FILE,
    SCORE_FUNCTION,
    SCORE_SELECTION,
    SET_COMPLETIONS_KEY,
    Client,
)
from codeodds.lsp.server import CodeoddsServer, OpenScorer
from codeodds.lsp.settings.fields import Settings, parse_settings

logger = logging.getLogger(__name__)

PYTHON_SUFFIXES = (".py", ".pyi", ".pyw")
NOTEBOOK_CELL = "vscode-notebook-cell:"
"""Scheme of a notebook's cells. They come with their notebook: alone, a cell lacks the imports of the others."""

EXIT_WAIT_S = 5.0
"""How long a run may take to end when the client is gone."""

REQUESTS: tuple[tuple[str, str, str, Any], ...] = (
    (lsp.TEXT_DOCUMENT_INLAY_HINT, "inlay_hints", "answer", lsp.InlayHintOptions(resolve_provider=True)),
    (lsp.INLAY_HINT_RESOLVE, "inlay_hints", "resolve", None),
    (lsp.TEXT_DOCUMENT_CODE_LENS, "code_lens", "answer", lsp.CodeLensOptions(resolve_provider=True)),
    (lsp.CODE_LENS_RESOLVE, "code_lens", "resolve", None),
    (lsp.TEXT_DOCUMENT_HOVER, "hover", "answer", None),
    (
        lsp.TEXT_DOCUMENT_CODE_ACTION,
        "code_actions",
        "answer",
        lsp.CodeActionOptions(code_action_kinds=[lsp.CodeActionKind.QuickFix], resolve_provider=True),
    ),
    (lsp.CODE_ACTION_RESOLVE, "code_actions", "resolve", None),
)
"""Answered at once, from what is known: the method, the feature that answers, its method, and what is advertised."""

AWAITED = (("codeodds/score", "score_request"), ("codeodds/rank", "rank_request"))
"""Requests of our own, with the feature whose `answer` waits for the model."""

COMMANDS = (
    (SCORE_FUNCTION, "commands", "score_function"),
    (SCORE_FILE, "commands", "score_file"),
    (SCORE_SELECTION, "commands", "score_selection"),
    (EXPLAIN, "commands", "explain"),
    (RELOAD_MODEL, "commands", "reload_model"),
    (DEBUG_INFORMATION, "commands", "debug_information"),
    (OPEN_SETTINGS, "commands", "open_settings"),
    (RANK_ALTERNATIVES, "alternatives", "answer"),
    (SET_COMPLETIONS_KEY, "completions_key", "answer"),
)
"""The command, the feature that has it, and its method there."""

WITHOUT_ARGUMENT = frozenset({RELOAD_MODEL, DEBUG_INFORMATION, OPEN_SETTINGS})


class Features:
    """The features of `features/` by name, each imported and made with its `create` when it is first asked."""

    def __init__(self, server: CodeoddsServer) -> None:
        self._server = server
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._made:
            self._made[name] = import_module(f"codeodds.lsp.features.{name}").create(self._server)
        return self._made[name]

    def __contains__(self, name: str) -> bool:
        """Whether it was asked already."""
        return name in self._made

    def scores(self, document: Document) -> None:
        """Something new is known of a document."""
        if self._server.client.takes_scores:
            self["scores"].scored(document)

    def odds(self, document: Document, *, paused: bool = False) -> None:
        """As `scores`, once the typing pauses. `paused`: it does now."""
        documents = self._server.documents
        can = documents.worker.info is not None and documents.worker.info.odds is not None
        if can and document.edited and (paused or not documents.typing.left_s(document)):
            self["odds"].scored(document)

    def trace(self, document: Document) -> None:
        """As `scores`."""
        if self._server.protocol.trace != lsp.TraceValue.Off:
            self["trace"].scored(document)

    def model(self, state: ModelState) -> None:
        """The model was loaded or unloaded."""
        if self._server.client.shows_progress:
            self["loading"].changed(state)
        if self._server.protocol.trace != lsp.TraceValue.Off:
            self["trace"].model_changed(state)


def create_server(open_scorer: OpenScorer) -> CodeoddsServer:
    """A server with all features. `open_scorer` is called in the inference thread, when something is scored first."""
    server = CodeoddsServer(open_scorer)
    server.documents.on_problem.append(lambda message: server.tell(message, lsp.MessageType.Error))
    _set_up_lifecycle(server)
    _set_up_documents(server)
    configuration.set_up(server)
    # In the order in which they hear of scores.
    asked = Features(server)
    diagnostics.set_up(server)
    server.documents.on_scored.append(asked.scores)
    refresh.set_up(server)
    server.documents.on_scored.append(asked.odds)
    server.documents.typing.on_paused.append(partial(asked.odds, paused=True))
    server.documents.on_scored.append(asked.trace)
    server.on_model.append(asked.model)
    _set_up_requests(server, asked)
    _set_up_commands(server, asked)
    _set_up_completion(server, asked)
    return server


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
        # A client that just goes asks for no shutdown. The interpreter can't end well while a run is going on, nor
        # while the model is opened, which nothing can interrupt.
        if not server.documents.worker.close(EXIT_WAIT_S):
            logging.shutdown()
            os._exit(status)
    return status


def is_python(uri: str, language_id: str) -> bool:
    """By the client's word or by the name; a notebook's cell is not."""
    return not uri.startswith(NOTEBOOK_CELL) and (says_python(language_id) or uri.lower().endswith(PYTHON_SUFFIXES))


def _set_up_lifecycle(server: CodeoddsServer) -> None:
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

    @server.feature(lsp.SHUTDOWN)
    def shut_down(params: Any = None) -> None:
        server.documents.shutdown()


def _set_up_documents(server: CodeoddsServer) -> None:
    documents = server.documents

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


def _set_up_requests(server: CodeoddsServer, asked: Features) -> None:
    def take(method: str, feature: str, answer: str, options: Any) -> None:
        @server.feature(method, options)
        def handle(params: Any) -> Any:
            return getattr(asked[feature], answer)(params)

    def take_awaited(method: str, feature: str) -> None:
        @server.feature(method)
        async def handle(params: Any) -> Any:
            return await asked[feature].answer(params)

    for method, feature, answer, options in REQUESTS:
        take(method, feature, answer, options)
    for method, feature in AWAITED:
        take_awaited(method, feature)


def _set_up_commands(server: CodeoddsServer, asked: Features) -> None:
    """What a command's method returns may be a coroutine: `Protocol` awaits it."""

    def take(name: str, feature: str, method: str) -> None:
        @server.command(name)
        def run(argument: Any = None) -> Any:
            return getattr(asked[feature], method)(argument)

    def take_without_argument(name: str, feature: str, method: str) -> None:
        @server.command(name)
        def run() -> Any:
            return getattr(asked[feature], method)()

    for name, feature, method in COMMANDS:
        (take_without_argument if name in WITHOUT_ARGUMENT else take)(name, feature, method)


def _set_up_completion(server: CodeoddsServer, asked: Features) -> None:
    # Without options pygls does not advertise it.
    @server.feature(lsp.TEXT_DOCUMENT_INLINE_COMPLETION, lsp.InlineCompletionOptions())
    async def complete_inline(params: lsp.InlineCompletionParams) -> Any:
        # Clients ask at every keystroke, also where nothing is set.
        return await asked["inline_completion"].answer(params) if server.documents.settings.writes_completions else []

    def prepare() -> None:
        if parse_settings(server.first_settings)[0].complete_names:
            asked["completion"].advertise()

    def configured(settings: Settings) -> None:
        # Once it was on, it has to hear that it is off again.
        if settings.complete_names or "completion" in asked:
            asked["completion"].configured(settings)

    server.on_initialize.append(prepare)
    server.documents.on_configured.append(configured)
