"""The probability of each scored function, behind its signature."""

from __future__ import annotations

from typing import Any

from lsprotocol import types as lsp

from codeodds.lsp.documents.document import Document, FunctionScore
from codeodds.lsp.server import CodeoddsServer
from codeodds.lsp.shown.cues import percent
from codeodds.source.suppression import Suppression


class InlayHints:
    """Answers from what is known already; `refresh` asks the client to come back when more is."""

    def __init__(self, server: CodeoddsServer) -> None:
        self._server = server

    def answer(self, params: lsp.InlayHintParams) -> list[lsp.InlayHint]:
        """The hints whose signature ends within the range, which is what the client shows."""
        uri, wanted = params.text_document.uri, params.range
        document = self._server.documents.get(uri)
        settings = self._server.documents.settings_for(uri)
        if document is None or not settings.inlay_hints:
            return []
        converter = self._server.converter(document)
        suppression = Suppression(document.lines)
        quiet_line = self._server.documents.typing.line(document)
        hints = []
        for scored in document.scored:
            line, character = scored.function.signature_end
            if scored.probability is None or not wanted.start.line <= line <= wanted.end.line:
                continue
            if suppression.function(scored.function) or line == quiet_line:
                continue
            hint = lsp.InlayHint(
                position=converter.position(line, character), label=percent(scored.probability), padding_left=True
            )
            if self._server.client.resolves_tooltips:
                hint.data = {"uri": uri, "version": document.version, "line": scored.function.line}
            else:
                hint.tooltip = self._tooltip(document, scored)
            hints.append(hint)
        return hints

    def resolve(self, hint: lsp.InlayHint) -> lsp.InlayHint:
        """Add the tooltip, unless the document has changed since."""
        data: dict[str, Any] = hint.data if isinstance(hint.data, dict) else {}
        document = self._server.documents.get(str(data.get("uri", "")))
        if document is not None and document.version == data.get("version"):
            for scored in document.scored:
                if scored.function.line == data.get("line"):
                    hint.tooltip = self._tooltip(document, scored)
        return hint

    def _tooltip(self, document: Document, scored: FunctionScore) -> lsp.MarkupContent | None:
        info = self._server.documents.worker.info
        if info is None:
            return None
        # Most clients ask for tooltips later, if at all.
        from codeodds.lsp.shown.wording import explanation

        markdown = self._server.client.hover_in_markdown
        text = explanation(scored, info, self._server.documents.settings_for(document.uri), markdown=markdown)
        return lsp.MarkupContent(lsp.MarkupKind.Markdown if markdown else lsp.MarkupKind.PlainText, text)


def create(server: CodeoddsServer) -> InlayHints:
    """The feature, imported when it is first asked."""
    return InlayHints(server)
