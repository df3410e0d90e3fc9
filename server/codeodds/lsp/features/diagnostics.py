"""Hints at the few places that deserve a look. Pulled by clients that can, pushed to the others, never both."""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException

from codeodds.engine.api import ScorerInfo
from codeodds.lsp.documents.document import Document
from codeodds.lsp.documents.text import Converter
from codeodds.lsp.server import CodeoddsServer, page_uri
from codeodds.lsp.shown.cues import CODES, MORE_LIKELY, Cue, cues

if TYPE_CHECKING:
    from codeodds.odds.findings import Finding

SOURCE = "codeodds"

SEVERITIES = {
    "hint": lsp.DiagnosticSeverity.Hint,
    "information": lsp.DiagnosticSeverity.Information,
    "warning": lsp.DiagnosticSeverity.Warning,
}


class Diagnostics:
    """Answers from the newest scores; `Hint` severity stays out of the list of problems."""

    def __init__(self, server: CodeoddsServer) -> None:
        self._server = server
        self._shown: set[str] = set()
        self._waiting: dict[str, set[asyncio.Future[None]]] = {}

    def scored(self, document: Document) -> None:
        """New scores: answer who waits for them, or push. That a client pulls again is left to another feature."""
        self._wake(document.uri)
        if not self._server.client.pulls_diagnostics:
            self._push(document)

    def closed(self, uri: str) -> None:
        """A closed document has none."""
        self._wake(uri)
        if uri in self._shown:
            self._shown.remove(uri)
            self._server.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri=uri, diagnostics=[]))

    async def report(self, params: lsp.DocumentDiagnosticParams) -> lsp.DocumentDiagnosticReport:
        """The diagnostics of a document's newest version, once something is known of it.

        Raises: JsonRpcException (ServerCancelled, to be asked again) if the document changes in the meantime.
        """
        document = self._server.documents.get(params.text_document.uri)
        items: list[lsp.Diagnostic] = []
        if document is not None:
            await self._until_known(document)
            if self._server.documents.get(document.uri) is not document:
                raise JsonRpcException(
                    "the document changed before it was scored",
                    int(lsp.LSPErrorCodes.ServerCancelled),
                    lsp.DiagnosticServerCancellationData(retrigger_request=True),
                )
            items = self.items(document)
        name = _result_id(items)
        if params.previous_result_id == name:
            return lsp.RelatedUnchangedDocumentDiagnosticReport(result_id=name)
        return lsp.RelatedFullDocumentDiagnosticReport(items=items, result_id=name)

    def items(self, document: Document) -> list[lsp.Diagnostic]:
        """What is to be said of a document by what is known now."""
        info = self._server.documents.worker.info
        settings = self._server.documents.settings_for(document.uri)
        if info is None or not settings.diagnostics:
            return []
        converter = self._server.converter(document)
        quiet_line, severity = self._server.documents.typing.line(document), SEVERITIES[settings.severity]
        found = cues(document, info, settings, quiet_line=quiet_line)
        findings = [finding for finding in self._server.findings(document) if finding.line != quiet_line]
        return [
            *(self._edit(finding, converter, info, severity) for finding in findings),
            *(self._diagnostic(cue, converter, info, severity) for cue in found),
        ]

    def _edit(
        self, finding: Finding, converter: Converter, info: ScorerInfo, severity: lsp.DiagnosticSeverity
    ) -> lsp.Diagnostic:
        """An edit that is much more likely, on the words themselves."""
        return lsp.Diagnostic(
            range=converter.range((finding.line, finding.character), (finding.end_line, finding.end_character)),
            message=finding.message,
            severity=severity,
            code=MORE_LIKELY,
            code_description=self._description(MORE_LIKELY),
            source=SOURCE,
            data={
                "replacement": finding.new,
                "log_odds": round(finding.alternative.log_odds, 2),
                "model": info.name,
                "version": info.version,
            },
        )

    def _diagnostic(
        self, cue: Cue, converter: Converter, info: ScorerInfo, severity: lsp.DiagnosticSeverity
    ) -> lsp.Diagnostic:
        assert cue.scored.probability is not None
        return lsp.Diagnostic(
            range=converter.line_range(cue.line),
            message=cue.message,
            severity=severity,
            code=cue.code,
            code_description=self._description(cue.code),
            source=SOURCE,
            data={
                "probability": round(cue.scored.probability, 4),
                "model": info.name,
                "version": info.version,
                "calibration": info.calibration,
            },
        )

    def _description(self, code: str) -> lsp.CodeDescription | None:
        page = page_uri(CODES) if self._server.client.follows_code_descriptions else None
        return None if page is None else lsp.CodeDescription(f"{page}#{code.lower()}")

    async def _until_known(self, document: Document) -> None:
        """Wait for scores: for the first ones if the client can be told of more, else for all, and for a pause.

        Ends early when the document changes or is closed, or after the time limit: what is known by then is answered.
        """
        documents = self._server.documents
        limit_s = documents.settings_for(document.uri).request_timeout_ms / 1000
        settled = asyncio.ensure_future(documents.settled(document))
        news: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waits = {settled, news} if self._server.client.refreshes_diagnostics else {settled}
        self._waiting.setdefault(document.uri, set()).add(news)
        try:
            await asyncio.wait(waits, timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            settled.cancel()
            self._forget(document.uri, news)
        if not self._server.client.refreshes_diagnostics:
            await asyncio.sleep(self._server.documents.typing.left_s(document))

    def _push(self, document: Document) -> None:
        """An empty list is pushed only to clear an older one."""
        found = self.items(document)
        if not found and document.uri not in self._shown:
            return
        (self._shown.add if found else self._shown.remove)(document.uri)
        self._server.text_document_publish_diagnostics(
            lsp.PublishDiagnosticsParams(uri=document.uri, version=document.version, diagnostics=found)
        )

    def _forget(self, uri: str, news: asyncio.Future[None]) -> None:
        waiting = self._waiting.get(uri, set())
        waiting.discard(news)
        if not waiting:
            self._waiting.pop(uri, None)

    def _wake(self, uri: str) -> None:
        """Answer the requests that wait for a document."""
        for news in self._waiting.pop(uri, set()):
            if not news.done():
                news.set_result(None)


def _result_id(items: list[lsp.Diagnostic]) -> str:
    """Equal diagnostics have equal names, whatever the version of the document."""
    return hashlib.sha256(repr(items).encode("utf-8", "replace")).hexdigest()[:16]


def set_up(server: CodeoddsServer) -> None:
    """Wire the feature."""
    diagnostics = Diagnostics(server)
    server.documents.on_scored.append(diagnostics.scored)
    server.documents.typing.on_paused.append(diagnostics.scored)
    server.documents.on_closed.append(diagnostics.closed)
    options = lsp.DiagnosticOptions(identifier=SOURCE, inter_file_dependencies=False, workspace_diagnostics=False)

    @server.feature(lsp.TEXT_DOCUMENT_DIAGNOSTIC, options)
    async def answer(params: lsp.DocumentDiagnosticParams) -> lsp.DocumentDiagnosticReport:
        return await diagnostics.report(params)
