"""What the model thinks of the function whose signature the pointer rests on, or of a line that is pointed at."""

from __future__ import annotations

from lsprotocol import types as lsp

from codeodds.engine.api import ScorerInfo
from codeodds.lsp.documents.document import Document, FunctionScore, innermost
from codeodds.lsp.server import CodeoddsServer
from codeodds.lsp.settings.fields import Settings
from codeodds.lsp.shown.cues import fall, is_low, percent, sharpest_drops
from codeodds.lsp.shown.wording import explanation, model_name, reading_of
from codeodds.source.suppression import Suppression


class Hover:
    """Answers from what is known already, so that it never waits for the model."""

    def __init__(self, server: CodeoddsServer) -> None:
        self._server = server

    def answer(self, params: lsp.HoverParams) -> lsp.Hover | None:
        """None where there is nothing to say: between functions, in ordinary lines, before the scores are there."""
        uri, line = params.text_document.uri, params.position.line
        document = self._server.documents.get(uri)
        info = self._server.documents.worker.info
        settings = self._server.documents.settings_for(uri)
        if document is None or info is None or not settings.hover:
            return None
        scored = _around(document, line)
        if scored is None:
            return None
        suppression = Suppression(document.lines)
        if suppression.function(scored.function) or suppression.line(line):
            return None
        inner = innermost(scored, line)
        if suppression.function(inner.function):
            return None
        text = self._text(scored, inner, line, info, settings)
        if text is None:
            return None
        kind = lsp.MarkupKind.Markdown if self._server.client.hover_in_markdown else lsp.MarkupKind.PlainText
        return lsp.Hover(lsp.MarkupContent(kind, text), self._server.converter(document).line_range(line))

    def _text(
        self, scored: FunctionScore, inner: FunctionScore, line: int, info: ScorerInfo, settings: Settings
    ) -> str | None:
        """`inner`: the innermost function around the line, which may be `scored` itself."""
        if scored.pending:
            return None
        if line <= max(inner.function.line, inner.function.signature_end[0]):
            return explanation(inner, info, settings, markdown=self._server.client.hover_in_markdown)
        if scored.probability is None or not is_low(scored, info, settings):
            return None
        for drop in sharpest_drops(scored, info, settings.max_hints):
            if scored.function.solution_line + drop.line == line:
                text = (
                    f"Over this line the estimate that the function is right falls most: {fall(drop)}. "
                    f"At its end it is {percent(scored.probability)} ({model_name(info)})."
                )
                return text if inner is scored else f"{text} {reading_of(inner)}"
        return None


def _around(document: Document, line: int) -> FunctionScore | None:
    """The function from whose ``def`` to whose end the line is."""
    for scored in document.scored:
        function = scored.function
        if min(function.line, function.signature_end[0]) <= line <= function.end_line:
            return scored
    return None


def create(server: CodeoddsServer) -> Hover:
    """The feature, imported when it is first asked."""
    return Hover(server)
