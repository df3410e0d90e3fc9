"""Wires the language server: which features it has, and what is imported when.

What a keystroke needs is imported at the start. A feature that writes, ranks or completes code is imported when a
client asks for it, or when a setting turns it on.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Coroutine
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, cast

from lsprotocol import types as lsp

from codeodds.errors import ProtocolError
from codeodds.lsp.documents.notebooks import says_python
from codeodds.lsp.documents.text import Text, changed_line
from codeodds.lsp.features import (
    code_actions,
    code_lens,
    commands,
    configuration,
    diagnostics,
    hover,
    inlay_hints,
    loading,
    refresh,
    score_request,
    scores,
    trace,
)
from codeodds.lsp.protocol.capabilities import Client
from codeodds.lsp.protocol.command_names import RANK_ALTERNATIVES, SET_COMPLETIONS_KEY
from codeodds.lsp.server import CodeoddsServer
from codeodds.lsp.settings.engine import OpenScorer
from codeodds.lsp.settings.fields import Settings, parse_settings

if TYPE_CHECKING:
    from codeodds.lsp.features.completion import Completion

logger = logging.getLogger(__name__)

PYTHON_SUFFIXES = (".py", ".pyi", ".pyw")
NOTEBOOK_CELL = "vscode-notebook-cell:"
"""Scheme of a notebook's cells. They come with their notebook: alone, a cell lacks the imports of the others."""

EXIT_WAIT_S = 5.0
"""How long a run may take to end when the client is gone."""

RANK = "codeodds/rank"

FEATURES = (
    configuration,
    diagnostics,
    inlay_hints,
    code_lens,
    hover,
    code_actions,
    commands,
    score_request,
    scores,
    loading,
    refresh,
    trace,
)
"""Those that are there from the start, in the order in which they hear of scores."""


class Answering(Protocol):
    """A feature that is imported when it is first asked."""

    def answer(self, params: Any) -> Coroutine[Any, Any, Any]: ...


def create_server(open_scorer: OpenScorer) -> CodeoddsServer:
    """A server with all features. `open_scorer` is called in the inference thread, when something is scored first."""
    server = CodeoddsServer(open_scorer)
    server.documents.on_problem.append(lambda message: server.tell(message, lsp.MessageType.Error))
    _set_up_lifecycle(server)
    _set_up_documents(server)
    for feature in FEATURES:
        feature.set_up(server)
    _set_up_ranking(server)
    _set_up_completion(server)
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
    documents, notebooks = server.documents, server.notebooks

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
        notebooks.open(params, server.position_encoding)

    @server.feature(lsp.NOTEBOOK_DOCUMENT_DID_CHANGE)
    async def notebook_changed(params: lsp.DidChangeNotebookDocumentParams) -> None:
        notebooks.change(params)

    @server.feature(lsp.NOTEBOOK_DOCUMENT_DID_CLOSE)
    async def notebook_closed(params: lsp.DidCloseNotebookDocumentParams) -> None:
        notebooks.close(params)


def _set_up_ranking(server: CodeoddsServer) -> None:
    rank_request = _when_asked(server, "rank_request")
    alternatives = _when_asked(server, "alternatives")
    completions_key = _when_asked(server, "completions_key")

    @server.feature(RANK)
    async def rank(params: Any) -> Any:
        return await rank_request().answer(params)

    @server.command(RANK_ALTERNATIVES)
    async def rank_alternatives(argument: Any = None) -> Any:
        return await alternatives().answer(argument)

    @server.command(SET_COMPLETIONS_KEY)
    async def set_completions_key(argument: Any = None) -> Any:
        return await completions_key().answer(argument)


def _set_up_completion(server: CodeoddsServer) -> None:
    inline_completion = _when_asked(server, "inline_completion")

    # Without options pygls does not advertise it.
    @server.feature(lsp.TEXT_DOCUMENT_INLINE_COMPLETION, lsp.InlineCompletionOptions())
    async def complete_inline(params: lsp.InlineCompletionParams) -> Any:
        # Clients ask at every keystroke, also where nothing is set.
        return await inline_completion().answer(params) if server.documents.settings.writes_completions else []

    @cache
    def names() -> Completion:
        from codeodds.lsp.features.completion import Completion

        return Completion(server)

    def prepare() -> None:
        if parse_settings(server.first_settings)[0].complete_names:
            names().advertise()

    def configured(settings: Settings) -> None:
        # Once it was on, it has to hear that it is off again.
        if settings.complete_names or names.cache_info().currsize:
            names().configured(settings)

    server.on_initialize.append(prepare)
    server.documents.on_configured.append(configured)


def _when_asked(server: CodeoddsServer, feature: str) -> Callable[[], Answering]:
    """The feature of `features/` with that name, made with its `create` at the first call."""

    @cache
    def made() -> Answering:
        return cast(Answering, import_module(f"codeodds.lsp.features.{feature}").create(server))

    return made
