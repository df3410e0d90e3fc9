"""How long to wait after a change: before a document is scored, and before anything is shown at the line of the change.

A run that starts too early is thrown away with the next keystroke; one that starts too late shows its result late. Two
things tell how long to wait. A pause that is longer than those between the last keystrokes says that the typing has
stopped. And waiting as long as a run takes never wastes more time than twice the best choice, whatever comes next.
Where the keys are so far apart that each gets a run in any case, which ends before the next key, waiting gains nothing.
"""

from __future__ import annotations

import asyncio
import statistics
from collections import deque
from collections.abc import Callable

from codeodds.lsp.documents.document import Document, Listener

MEMORY = 8
"""So many of the last intervals and run times are looked at."""

TYPING_S = 1.0
"""Changes further apart than this are not one burst of typing. A line is left alone for as long after it was changed:
nobody wants to hear of a line that is not finished."""

LONGER = 1.5
"""A pause this many times longer than the longest recent interval ends a burst."""

SHORTEST = 0.25
"""The pause is never shorter than this share of the setting."""


class Debounce:
    """The pause for one document. Never longer than the setting, so that the setting stays a promise.

    Pure: times come from the caller.
    """

    def __init__(self) -> None:
        self._last: float | None = None
        self._intervals: deque[float] = deque(maxlen=MEMORY)
        self._runs: deque[float] = deque(maxlen=MEMORY)

    def changed(self, now_s: float) -> None:
        """The document changed at this time, in seconds of any clock that does not go back."""
        if self._last is not None:
            interval = now_s - self._last
            if interval > TYPING_S:
                self._intervals.clear()
            else:
                self._intervals.append(interval)
        self._last = now_s

    def scored(self, run_s: float) -> None:
        """A score of what was typed arrived this many seconds after it was asked for."""
        self._runs.append(run_s)

    def pause_s(self, debounce_ms: int, *, adaptive: bool) -> float:
        """Seconds to wait after the last change. `adaptive` false: the setting itself."""
        longest = debounce_ms / 1000
        if not adaptive:
            return longest
        shortest = SHORTEST * longest
        run = statistics.median(self._runs) if self._runs else 0.0
        if min(self._intervals, default=0.0) > max(longest, shortest + run):
            return shortest
        burst = LONGER * max(self._intervals, default=0.0)
        return min(longest, max(burst, run, shortest))


class TypingPause:
    """Knows the line that was changed last. The server cannot see the cursor, but that is where it was."""

    def __init__(self, newest: Callable[[str], Document | None]) -> None:
        """`newest`: the newest version of an open document, by its URI."""
        self.on_paused: list[Listener] = []
        """Called when scores came while the user typed, and the user has paused since."""
        self._newest = newest
        self._timers: dict[str, asyncio.TimerHandle] = {}

    def left_s(self, document: Document) -> float:
        """How long the line must still be left alone, in seconds; 0 if it need not be."""
        if document.changed_line is None:
            return 0.0
        return max(0.0, document.changed_at + TYPING_S - asyncio.get_running_loop().time())

    def line(self, document: Document) -> int | None:
        """The line at which nothing may be shown now; None if there is none."""
        return document.changed_line if self.left_s(document) > 0 else None

    def scored(self, document: Document) -> None:
        """Scores came: say when the user pauses, if that is not now."""
        self.forget(document.uri)
        left_s = self.left_s(document)
        if left_s > 0:
            self._timers[document.uri] = asyncio.get_running_loop().call_later(left_s, self._paused, document)

    def forget(self, uri: str) -> None:
        """Wait no longer for a pause in a document."""
        timer = self._timers.pop(uri, None)
        if timer is not None:
            timer.cancel()

    def _paused(self, document: Document) -> None:
        self._timers.pop(document.uri, None)
        if self._newest(document.uri) is document:
            for listener in self.on_paused:
                listener(document)
