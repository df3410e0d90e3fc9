"""The probability above each function. Off by default: it moves the code, and the inlay hint says the same."""

from __future__ import annotations

from typing import Any

from lsprotocol import types as lsp

from codeodds.lsp.protocol.capabilities import EXPLAIN
from codeodds.lsp.server import CodeoddsServer
from codeodds.lsp.shown.cues import percent
from codeodds.source.suppression import Suppression


class CodeLens:
    """Places at once, titles when the client shows them."""

    def __init__(self, server: CodeoddsServer) -> None:
        self._server = server

    def answer(self, params: lsp.CodeLensParams) -> list[lsp.CodeLens]:
        """One for each function with a probability that is not suppressed, without its title."""
        uri = params.text_document.uri
        document = self._server.documents.get(uri)
        settings = self._server.documents.settings_for(uri)
        if document is None or not settings.code_lens:
            return []
        converter = self._server.converter(document)
        suppression = Suppression(document.lines)
        return [
            lsp.CodeLens(
                range=converter.line_range(scored.function.line),
                data={"uri": uri, "version": document.version, "line": scored.function.line},
            )
            for scored in document.scored
            if scored.probability is not None and not suppression.function(scored.function)
        ]

    def resolve(self, lens: lsp.CodeLens) -> lsp.CodeLens:
        """Add the title and what a click does. A lens of an older version says that new scores are under way."""
        data: dict[str, Any] = lens.data if isinstance(lens.data, dict) else {}
        uri, line = str(data.get("uri", "")), data.get("line")
        document = self._server.documents.get(uri)
        title = "…"
        if document is not None and document.version == data.get("version"):
            for scored in document.scored:
                if scored.function.line == line and scored.probability is not None:
                    title = f"{percent(scored.probability)} likely to be right"
        arguments = [{"uri": uri, "position": {"line": line, "character": 0}, "show": True}]
        lens.command = lsp.Command(title, EXPLAIN, arguments=arguments)
        return lens


def create(server: CodeoddsServer) -> CodeLens:
    """The feature, imported when it is first asked."""
    return CodeLens(server)
