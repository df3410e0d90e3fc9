"""New scores: asks the client to come back for the hints, lenses and diagnostics that it pulls."""

from __future__ import annotations

from lsprotocol import types as lsp

from codeodds.lsp.documents.scheduler import Document
from codeodds.lsp.protocol.refresh import Refresher
from codeodds.lsp.server import CodeoddsServer


class Refresh:
    """One refresher for each kind of request that both sides know."""

    def __init__(self, server: CodeoddsServer) -> None:
        self._server = server
        self._refreshers: list[Refresher] | None = None

    def scored(self, document: Document) -> None:
        """Refreshes concern all documents: the protocol has none for a single one."""
        if self._refreshers is None:
            self._refreshers = self._supported()
        for refresher in self._refreshers:
            refresher.want()

    def _supported(self) -> list[Refresher]:
        server = self._server
        workspace = server.client_capabilities.workspace or lsp.WorkspaceClientCapabilities()
        features = server.protocol.fm.features
        kinds = (
            (lsp.TEXT_DOCUMENT_INLAY_HINT, workspace.inlay_hint, server.workspace_inlay_hint_refresh),
            (lsp.TEXT_DOCUMENT_CODE_LENS, workspace.code_lens, server.workspace_code_lens_refresh),
            (lsp.TEXT_DOCUMENT_DIAGNOSTIC, workspace.diagnostics, server.workspace_diagnostic_refresh),
        )
        return [
            Refresher(lambda ask=ask: ask(None))  # type: ignore[misc]
            for method, support, ask in kinds
            if method in features and support is not None and support.refresh_support
        ]


def set_up(server: CodeoddsServer) -> None:
    """Wire the feature."""
    refresh = Refresh(server)
    server.documents.on_scored.append(refresh.scored)
    server.typing.on_paused.append(refresh.scored)
