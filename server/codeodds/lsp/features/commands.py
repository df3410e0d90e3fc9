"""The commands of ``workspace/executeCommand``. Each takes at most one argument, an object of a known type.

docs/protocol.md describes them.
"""

from __future__ import annotations

import platform
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import msgspec
from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException

from codeodds import __version__
from codeodds.lsp.protocol.capabilities import (
    EXPLAIN,
    OPEN_SETTINGS,
    SCORE_FILE,
    SCORE_FUNCTION,
    SCORE_SELECTION,
)
from codeodds.lsp.protocol.extensions import REQUEST_FAILED, Position, Range, read_argument
from codeodds.lsp.protocol.progress import Tokens
from codeodds.lsp.server import CodeoddsServer, page_uri
from codeodds.lsp.shown.score_answer import open_document, score_result, scored_now
from codeodds.lsp.shown.wording import explanation

_HIDDEN = {"completions_url": "not shown", "completions_key_variable": "not shown"}
"""Settings that a report of a problem should not hold: a URL may hold a password."""

SETTINGS = "settings.md"
"""The page that lists the settings."""

LIBRARIES = ("pygls", "lsprotocol", "onnxruntime", "tokenizers", "tree-sitter-python")


class InFile(msgspec.Struct, frozen=True):
    """A whole document."""

    uri: str


class AtPosition(msgspec.Struct, frozen=True):
    """The function around a position."""

    uri: str
    position: Position


class InRange(msgspec.Struct, frozen=True):
    """The functions that a range touches."""

    uri: str
    range: Range


class ToExplain(msgspec.Struct, frozen=True):
    """The function around a position, and whether to show the explanation in a message as well."""

    uri: str
    position: Position
    show: bool = False


class Commands:
    """What a user asks for by name; nothing of it happens by itself."""

    def __init__(self, server: CodeoddsServer) -> None:
        self._server = server

    async def score_file(self, argument: Any = None) -> dict[str, Any]:
        """As `codeodds/score` for a document."""
        wanted = read_argument(SCORE_FILE, argument, InFile)
        document = open_document(self._server, SCORE_FILE, wanted.uri)
        return await score_result(self._server, document, tokens=self._tokens())

    async def score_function(self, argument: Any = None) -> dict[str, Any]:
        """As `codeodds/score` for the function around a position."""
        wanted = read_argument(SCORE_FUNCTION, argument, AtPosition)
        line = wanted.position.line
        return await score_result(self._server, open_document(self._server, SCORE_FUNCTION, wanted.uri, line), line)

    async def score_selection(self, argument: Any = None) -> dict[str, Any]:
        """As `codeodds/score` for the functions that a range touches."""
        wanted = read_argument(SCORE_SELECTION, argument, InRange)
        first, last = wanted.range.start.line, wanted.range.end.line
        document = open_document(self._server, SCORE_SELECTION, wanted.uri, first)
        return await score_result(self._server, document, first, max(first, last), self._tokens())

    async def explain(self, argument: Any = None) -> dict[str, Any]:
        """The explanation of a function as Markdown and as plain text; null for both where there is no function."""
        wanted = read_argument(EXPLAIN, argument, ToExplain)
        line = wanted.position.line
        document = open_document(self._server, EXPLAIN, wanted.uri, line)
        scored = (await scored_now(self._server, document, line)).scored
        info = self._server.documents.worker.info
        settings = self._server.documents.settings_for(document.uri)
        if not scored:
            return {"markdown": None, "text": None}
        if info is None:
            # Nothing had to be scored, so no model was opened.
            text = f"{scored[0].function.name} is not scored: {scored[0].reason}."
            markdown = text
        else:
            text = explanation(scored[0], info, settings, markdown=False)
            markdown = explanation(scored[0], info, settings)
        if wanted.show:
            self._server.window_show_message(lsp.ShowMessageParams(lsp.MessageType.Info, text))
        return {"markdown": markdown, "text": text}

    def reload_model(self) -> None:
        """Open the bundle anew at the next score, and look at every open document again."""
        self._server.documents.reload()

    def debug_information(self) -> dict[str, Any]:
        """What a report of a problem should hold. No code, no names of files."""
        documents = self._server.documents
        info = documents.worker.info
        scored = [item for uri in documents.open_uris if (document := documents.get(uri)) for item in document.scored]
        return {
            "codeodds": __version__,
            "python": platform.python_version(),
            "platform": platform.platform(),
            "libraries": {name: _version(name) for name in LIBRARIES},
            "client": self._server.client.name,
            "position_encoding": str(self._server.position_encoding),
            "model": None if info is None else msgspec.to_builtins(info),
            "settings": {**msgspec.to_builtins(documents.settings), **_HIDDEN},
            "documents": {
                "open": len(documents.open_uris),
                "functions": len(scored),
                "scored": sum(item.probability is not None for item in scored),
            },
            "counters": asdict(documents.worker.counters),
        }

    async def open_settings(self) -> dict[str, Any]:
        """Show the page of the settings; every editor keeps the settings themselves at a place of its own.

        Raises: JsonRpcException (RequestFailed) if the client cannot show a document, or the page is not installed.
        """
        page = page_uri(SETTINGS)
        if page is None or not self._server.client.shows_documents:
            raise JsonRpcException(
                f"{OPEN_SETTINGS}: this client cannot be asked to show a document; docs/settings.md lists the settings",
                REQUEST_FAILED,
            )
        shown = await self._server.window_show_document_async(lsp.ShowDocumentParams(uri=page, take_focus=True))
        return {"uri": page, "shown": shown.success}

    def _tokens(self) -> Tokens:
        """Of the command that runs. The protocol knows no partial results of commands."""
        return Tokens(self._server.protocol.work_done_token.get())


def _version(library: str) -> str | None:
    try:
        return version(library)
    except PackageNotFoundError:
        return None


def create(server: CodeoddsServer) -> Commands:
    """The feature, imported when it is first asked."""
    return Commands(server)
