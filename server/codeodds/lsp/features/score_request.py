"""``codeodds/score``: the probabilities of a document, or of the function at a position, for any client.

docs/protocol.md describes parameters and result.
"""

from __future__ import annotations

from typing import Any

from pygls.exceptions import JsonRpcInvalidParams

from codeodds.lsp.protocol.progress import Tokens
from codeodds.lsp.server import CodeoddsServer
from codeodds.lsp.shown.score_answer import open_document, score_result

METHOD = "codeodds/score"


class ScoreRequest:
    """Scores what it is asked for, also when scoring by itself is switched off."""

    def __init__(self, server: CodeoddsServer) -> None:
        self._server = server

    async def answer(self, params: Any) -> dict[str, Any]:
        """Raises: JsonRpcInvalidParams for parameters of another shape or a document that is not open; JsonRpcException
        as `score_result`.
        """
        uri, line, tokens = _read(params)
        document = open_document(self._server, METHOD, uri, line)
        return await score_result(self._server, document, line, tokens=tokens)


def _read(params: Any) -> tuple[str, int | None, Tokens]:
    uri = _get(_get(params, "textDocument"), "uri")
    if not isinstance(uri, str):
        raise JsonRpcInvalidParams(
            f"{METHOD}: parameters are {{textDocument: {{uri}}, position?: {{line, character}}}}"
        )
    tokens = Tokens(_token(params, "workDoneToken"), _token(params, "partialResultToken"))
    position = _get(params, "position")
    if position is None:
        return uri, None, tokens
    line = _get(position, "line")
    if not isinstance(line, int) or isinstance(line, bool) or line < 0:
        raise JsonRpcInvalidParams(f"{METHOD}: position.line must be a whole number from 0")
    return uri, line, tokens


def _token(params: Any, name: str) -> int | str | None:
    token = _get(params, name)
    if token is None or (isinstance(token, int | str) and not isinstance(token, bool)):
        return token
    raise JsonRpcInvalidParams(f"{METHOD}: {name} must be a whole number or a string")


def _get(value: Any, name: str) -> Any:
    """A member of what pygls made of a JSON object: a named tuple or a dict."""
    return value.get(name) if isinstance(value, dict) else getattr(value, name, None)


def create(server: CodeoddsServer) -> ScoreRequest:
    """The feature, imported when it is first asked."""
    return ScoreRequest(server)
