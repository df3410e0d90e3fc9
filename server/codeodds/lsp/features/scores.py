"""``codeodds/scores``: tells a client that wants it what is known of a document, whenever that changed."""

from __future__ import annotations

from codeodds.lsp.documents.document import Document
from codeodds.lsp.server import CodeoddsServer
from codeodds.lsp.shown.score_json import known_scores

METHOD = "codeodds/scores"


class Scores:
    """A notification for views of a client's own; hints and diagnostics have theirs."""

    def __init__(self, server: CodeoddsServer) -> None:
        self._server = server

    def scored(self, document: Document) -> None:
        self._server.protocol.notify(METHOD, known_scores(self._server, document))


def create(server: CodeoddsServer) -> Scores:
    """The feature, imported when it is first asked."""
    return Scores(server)
