"""The probability of each judged function, behind its signature."""

from __future__ import annotations

from lsprotocol import types as lsp

from codeodds.lsp.documents import Judged
from codeodds.lsp.server import CodeoddsServer


class InlayHints:
    """Answers from what is known already; `refresh` asks the client to come back when more is."""

    def __init__(self, server: CodeoddsServer) -> None:
        self._server = server

    def hints(self, uri: str, wanted: lsp.Range) -> list[lsp.InlayHint]:
        """The hints whose signature ends within the range."""
        document = self._server.documents.get(uri)
        if document is None or not self._server.documents.settings_for(uri).inlay_hints:
            return []
        converter = self._server.converter(document)
        hints = []
        for judged in document.judged:
            line, character = judged.function.signature_end
            if judged.probability is not None and wanted.start.line <= line <= wanted.end.line:
                hints.append(self._hint(judged, converter.position(line, character)))
        return hints

    def _hint(self, judged: Judged, position: lsp.Position) -> lsp.InlayHint:
        info = self._server.documents.worker.info
        model = f" ({info.name} {info.version})" if info else ""
        return lsp.InlayHint(
            position=position,
            label=judged.percent,
            padding_left=True,
            tooltip=f"Estimated probability that this function does what its signature and docstring say{model}.",
        )


def set_up(server: CodeoddsServer) -> None:
    """Wire the feature."""
    inlay_hints = InlayHints(server)

    @server.feature(lsp.TEXT_DOCUMENT_INLAY_HINT)
    def answer(params: lsp.InlayHintParams) -> list[lsp.InlayHint]:
        return inlay_hints.hints(params.text_document.uri, params.range)
