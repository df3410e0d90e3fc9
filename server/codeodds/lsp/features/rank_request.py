"""``codeodds/rank``: candidates that go on at a place of a document, or after a text, the most probable first.

docs/protocol.md describes parameters and result.
"""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcInvalidParams

from codeodds.errors import CodeoddsError, RankError
from codeodds.lsp.documents.document import Document
from codeodds.lsp.documents.rankings import rank_for
from codeodds.lsp.protocol.extensions import Position, as_response, read_argument
from codeodds.lsp.server import CodeoddsServer
from codeodds.lsp.shown.rank_json import model_json, ranking_json
from codeodds.lsp.shown.score_answer import open_document
from codeodds.ranking.plan import Context
from codeodds.source.functions import normalise_newlines
from codeodds.source.places import find_cursor

METHOD = "codeodds/rank"


class TextDocument(msgspec.Struct, frozen=True):
    """A document by its URI."""

    uri: str


class Parameters(msgspec.Struct, frozen=True, rename="camel"):
    """A place or a text, and the candidates that go on there."""

    candidates: list[str]
    text_document: TextDocument | None = None
    position: Position | None = None
    prefix: str | None = None


class RankRequest:
    """Ranks what it is given, also when scoring by itself is switched off."""

    def __init__(self, server: CodeoddsServer) -> None:
        self._server = server

    async def answer(self, params: Any) -> dict[str, Any]:
        """Raises: JsonRpcInvalidParams for parameters of another shape, a document that is not open, a position in no
        function's body, and for no candidates or too many; JsonRpcException as `codeodds/score`.
        """
        wanted = read_argument(METHOD, params, Parameters, "parameters are one object")
        documents = self._server.documents
        document, context = await self._context(wanted)
        settings = documents.settings if document is None else documents.settings_for(document.uri)
        try:
            found = await rank_for(documents, document, context, wanted.candidates, settings.request_timeout_ms)
        except RankError as error:
            raise JsonRpcInvalidParams(f"{METHOD}: {error}") from error
        except CodeoddsError as error:
            raise as_response(error) from error
        return {
            "uri": None if document is None else document.uri,
            "version": None if document is None else document.version,
            "model": model_json(documents.worker.info),
            "complete": found.complete,
            "order": list(found.ranking.order),
            "candidates": ranking_json(found.ranking),
        }

    async def _context(self, wanted: Parameters) -> tuple[Document | None, Context]:
        if wanted.prefix is not None:
            return None, Context(wanted.prefix)
        if wanted.text_document is None or wanted.position is None:
            raise JsonRpcInvalidParams(
                f"{METHOD}: parameters are {{candidates, textDocument: {{uri}}, position: {{line, character}}}}, or "
                "{candidates, prefix}"
            )
        document = open_document(self._server, METHOD, wanted.text_document.uri, wanted.position.line)
        position = lsp.Position(wanted.position.line, wanted.position.character)
        before = document.text[: document.source.offset(position)]
        cursor = await asyncio.to_thread(find_cursor, normalise_newlines(before), document.imports)
        if cursor is None:
            raise JsonRpcInvalidParams(f"{METHOD}: the position is in no function's body; give a prefix instead")
        return document, Context(cursor.function.unit.problem, cursor.written)


def create(server: CodeoddsServer) -> RankRequest:
    """The feature, imported when it is first asked."""
    return RankRequest(server)
