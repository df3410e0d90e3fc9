"""Leaves the line alone at which somebody types, and says when they pause."""

from __future__ import annotations

import asyncio

from codeodds.lsp.documents.scheduler import Document, Documents, Listener

TYPING_S = 1.0
"""A line is left alone for this long after it was changed: nobody wants to hear of a line that is not finished."""


class TypingPause:
    """Knows the line that was changed last. The server cannot see the cursor, but that is where it was."""

    def __init__(self, documents: Documents) -> None:
        self.on_paused: list[Listener] = []
        """Called when scores came while the user typed, and the user has paused since."""
        self._documents = documents
        self._timers: dict[str, asyncio.TimerHandle] = {}
        documents.on_scored.append(self._scored)
        documents.on_closed.append(self._forget)

    def left_s(self, document: Document) -> float:
        """How long the line must still be left alone, in seconds; 0 if it need not be."""
        if document.changed_line is None:
            return 0.0
        return max(0.0, document.changed_at + TYPING_S - asyncio.get_running_loop().time())

    def line(self, document: Document) -> int | None:
        """The line at which nothing may be shown now; None if there is none."""
        return document.changed_line if self.left_s(document) > 0 else None

    def _scored(self, document: Document) -> None:
        self._forget(document.uri)
        left_s = self.left_s(document)
        if left_s > 0:
            self._timers[document.uri] = asyncio.get_running_loop().call_later(left_s, self._paused, document)

    def _paused(self, document: Document) -> None:
        self._timers.pop(document.uri, None)
        if self._documents.get(document.uri) is document:
            for listener in self.on_paused:
                listener(document)

    def _forget(self, uri: str) -> None:
        timer = self._timers.pop(uri, None)
        if timer is not None:
            timer.cancel()
