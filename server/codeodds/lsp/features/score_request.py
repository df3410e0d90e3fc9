"""``codeodds/score``: the probabilities of a document, or of the function at a position, for any client.

docs/protocol.md describes parameters and result.
"""

from __future__ import annotations

from typing import Any

from pygls.exceptions import JsonRpcInvalidParams

from codeodds.errors import CodeoddsError
from codeodds.lsp.convert import Converter
from codeodds.lsp.documents import Judged
from codeodds.lsp.failures import as_response
from codeodds.lsp.server import CodeoddsServer

METHOD = "codeodds/score"
DECIMALS = 6


class ScoreRequest:
    """Scores what it is asked for, also when scoring by itself is switched off."""

    def __init__(self, server: CodeoddsServer) -> None:
        self._server = server

    async def answer(self, params: Any) -> dict[str, Any]:
        """Raises: JsonRpcInvalidParams for parameters of another shape or a document that is not open; JsonRpcException
        with one sentence: RequestFailed when the bundle or the engine fails or the time is up, ServerCancelled when the
        document changes or closes meanwhile.
        """
        uri, line = _read(params)
        document = self._server.documents.get(uri)
        if document is None:
            raise JsonRpcInvalidParams(
                f"{METHOD}: no open Python document has this URI; send textDocument/didOpen first"
            )
        if line is not None and line >= len(document.lines):
            raise JsonRpcInvalidParams(
                f"{METHOD}: position.line is {line}, but the document has {len(document.lines)} lines, counted from 0"
            )
        try:
            judged = await self._server.documents.judge(document, line)
        except CodeoddsError as error:
            raise as_response(error) from error
        info = self._server.documents.worker.info
        converter = self._server.converter(document)
        return {
            "uri": uri,
            "version": document.version,
            "model": None if info is None else {"name": info.name, "version": info.version},
            "functions": [_function(item, converter) for item in judged],
        }


def _function(judged: Judged, converter: Converter) -> dict[str, Any]:
    function = judged.function
    span = converter.span(min(function.line, function.signature_end[0]), function.end_line)
    return {
        "name": function.name,
        "range": {
            "start": {"line": span.start.line, "character": span.start.character},
            "end": {"line": span.end.line, "character": span.end.character},
        },
        "probability": None if judged.probability is None else round(judged.probability, DECIMALS),
        "reason": judged.reason,
        "lines": [
            {
                "line": function.solution_line + line.line,
                "probability": round(line.probability, DECIMALS),
                "drop": round(line.drop, DECIMALS),
                "fraction": round(line.fraction, DECIMALS),
            }
            for line in judged.lines
        ],
    }


def _read(params: Any) -> tuple[str, int | None]:
    uri = _get(_get(params, "textDocument"), "uri")
    if not isinstance(uri, str):
        raise JsonRpcInvalidParams(
            f"{METHOD}: parameters are {{textDocument: {{uri}}, position?: {{line, character}}}}"
        )
    position = _get(params, "position")
    if position is None:
        return uri, None
    line = _get(position, "line")
    if not isinstance(line, int) or isinstance(line, bool) or line < 0:
        raise JsonRpcInvalidParams(f"{METHOD}: position.line must be a whole number from 0")
    return uri, line


def _get(value: Any, name: str) -> Any:
    """A member of what pygls made of a JSON object: a named tuple or a dict."""
    return value.get(name) if isinstance(value, dict) else getattr(value, name, None)


def set_up(server: CodeoddsServer) -> None:
    """Wire the feature."""
    request = ScoreRequest(server)

    @server.feature(METHOD)
    async def answer(params: Any) -> dict[str, Any]:
        return await request.answer(params)
