"""`$/setTrace`: the client may follow what is scored, in counts and times. Source text is never part of it."""

from __future__ import annotations

from lsprotocol import types as lsp

from codeodds.engine.worker import ModelState
from codeodds.lsp.documents.document import Document
from codeodds.lsp.server import CodeoddsServer


class Trace:
    """Sends `$/logTrace` while the client wants it."""

    def __init__(self, server: CodeoddsServer) -> None:
        self._server = server

    def scored(self, document: Document) -> None:
        scored = sum(item.probability is not None for item in document.scored)
        counters = self._server.documents.worker.counters
        self._log(
            f"version {document.version} of a document: {scored} of {len(document.scored)} functions were scored",
            f"{counters.runs} runs so far, {counters.interrupted} of them interrupted; {counters.remembered} scores "
            f"were known; {counters.cached_tokens} tokens came from the cache, {counters.computed_tokens} were run",
        )

    def model_changed(self, state: ModelState) -> None:
        info = self._server.documents.worker.info
        self._log(f"model: {state.value}", f"{info.name} {info.version}" if info else "")

    def _log(self, message: str, details: str) -> None:
        verbose = details if self._server.protocol.trace == lsp.TraceValue.Verbose and details else None
        self._server.log_trace(lsp.LogTraceParams(message=message, verbose=verbose))


def create(server: CodeoddsServer) -> Trace:
    """The feature, imported when it is first asked."""
    return Trace(server)
