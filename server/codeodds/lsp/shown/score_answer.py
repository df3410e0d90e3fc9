"""Scores on request, as `codeodds/score` and the commands answer them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pygls.exceptions import JsonRpcInvalidParams

from codeodds.errors import CodeoddsError
from codeodds.lsp.documents.document import Document, FunctionScore, everything, innermost, touches
from codeodds.lsp.documents.scoring import Listener, TimedScores, ignore, score_for
from codeodds.lsp.protocol.extensions import as_response
from codeodds.lsp.protocol.progress import ScoreProgress, Tokens
from codeodds.lsp.server import CodeoddsServer
from codeodds.lsp.shown.score_json import function_json

NO_TOKENS = Tokens()


def open_document(server: CodeoddsServer, name: str, uri: str, line: int | None = None) -> Document:
    """The open document of a request or command `name`, which must have the line.

    Raises: JsonRpcInvalidParams.
    """
    document = server.documents.get(uri)
    if document is None:
        raise JsonRpcInvalidParams(f"{name}: no open Python document has this URI; send textDocument/didOpen first")
    if line is not None and line >= len(document.lines):
        raise JsonRpcInvalidParams(
            f"{name}: position.line is {line}, but the document has {len(document.lines)} lines, counted from 0"
        )
    return document


async def scored_now(
    server: CodeoddsServer, document: Document, first: int | None, last: int | None = None, listener: Listener = ignore
) -> TimedScores:
    """The document's functions, scored, each with those within it behind it; or those that touch the lines from `first`
    to `last`. Without `last`, the innermost one around `first` (and what else stands there that is no function).

    Raises: JsonRpcException with one sentence: RequestFailed when the bundle or the engine fails or the time is up
    before anything is scored, ServerCancelled when the document changes or closes meanwhile.
    """

    def heard(news: Sequence[FunctionScore], done: int, total: int) -> None:
        listener(_chosen(news, first, last), done, total)

    try:
        found = await score_for(server.documents, document, first, last, heard)
    except CodeoddsError as error:
        raise as_response(error) from error
    return replace(found, scored=tuple(_chosen(found.scored, first, last)))


def _chosen(scored: Sequence[FunctionScore], first: int | None, last: int | None) -> list[FunctionScore]:
    if first is None:
        return list(everything(scored))
    if last is None:
        return [innermost(item, first) for item in scored]
    return [item for item in everything(scored) if touches(item.function, first, last)]


async def score_result(
    server: CodeoddsServer,
    document: Document,
    first: int | None = None,
    last: int | None = None,
    tokens: Tokens = NO_TOKENS,
) -> dict[str, Any]:
    """What `codeodds/score` answers. Raises: as `scored_now`."""
    converter = server.converter(document)
    progress = ScoreProgress(server.protocol.notify, tokens)

    def heard(news: Sequence[FunctionScore], done: int, total: int) -> None:
        progress.scored(
            [function_json(item, converter) for item in news] if progress.sends_results else [], done, total
        )

    try:
        found = await scored_now(server, document, first, last, heard)
    finally:
        progress.end()
    info = server.documents.worker.info
    return {
        "uri": document.uri,
        "version": document.version,
        "model": None if info is None else {"name": info.name, "version": info.version},
        "complete": found.complete,
        "functions": [] if progress.sends_results else [function_json(item, converter) for item in found.scored],
    }
