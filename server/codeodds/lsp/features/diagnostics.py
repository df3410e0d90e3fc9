"""Hints at the lines of an improbable function over which the value falls most. Pushed after each scoring."""

from __future__ import annotations

from lsprotocol import types as lsp

from codeodds.engine.lines import largest_drops
from codeodds.lsp.convert import Converter
from codeodds.lsp.documents import Document, Judged
from codeodds.lsp.server import CodeoddsServer
from codeodds.lsp.settings import Settings

LOW_PROBABILITY = "CO001"
"""Code of a diagnostic for a function with a low probability."""

SMALLEST_DROP = 0.05
"""Lines over which the value falls less are not pointed at; then the signature is."""


class Diagnostics:
    """Publishes what `codeodds` thinks of a document; `Hint` severity stays out of the list of problems."""

    def __init__(self, server: CodeoddsServer) -> None:
        self._server = server
        self._shown: set[str] = set()

    def publish(self, document: Document) -> None:
        """Push the diagnostics of a document's newest scores; an empty list is pushed only to clear an older one."""
        converter = self._server.converter(document)
        settings = self._server.documents.settings_for(document.uri)
        found = [item for judged in document.judged for item in self._of(judged, converter, settings)]
        if not found and document.uri not in self._shown:
            return
        self._shown.add(document.uri)
        self._server.text_document_publish_diagnostics(
            lsp.PublishDiagnosticsParams(uri=document.uri, version=document.version, diagnostics=found)
        )

    def clear(self, uri: str) -> None:
        """A closed document has none."""
        if uri in self._shown:
            self._shown.remove(uri)
            self._server.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri=uri, diagnostics=[]))

    def _of(self, judged: Judged, converter: Converter, settings: Settings) -> list[lsp.Diagnostic]:
        info = self._server.documents.worker.info
        if judged.probability is None or info is None:
            return []
        threshold = info.low_probability if settings.threshold is None else settings.threshold
        if judged.probability >= threshold:
            return []
        function = judged.function
        likely = f"{judged.percent} likely to be right as written"
        places = [
            (
                function.solution_line + line.line,
                f"{likely}; the estimate falls most here ({line.probability + line.drop:.2f} → {line.probability:.2f})",
            )
            for line in largest_drops(list(judged.lines), settings.max_hints, SMALLEST_DROP)
        ] or [(function.line, f"{likely}; no single line stands out")]
        return [
            lsp.Diagnostic(
                range=converter.line_range(line),
                message=message,
                severity=lsp.DiagnosticSeverity.Hint,
                code=LOW_PROBABILITY,
                source="codeodds",
                data={"p": round(judged.probability, 4), "model": info.name, "version": info.version},
            )
            for line, message in sorted(places)
        ]


def set_up(server: CodeoddsServer) -> None:
    """Wire the feature."""
    diagnostics = Diagnostics(server)
    server.documents.on_scored.append(diagnostics.publish)
    server.documents.on_closed.append(diagnostics.clear)
