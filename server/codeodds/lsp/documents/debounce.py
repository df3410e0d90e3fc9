"""How long to wait after a change before a document is scored. Pure: times come from the caller.

A run that starts too early is thrown away with the next keystroke; one that starts too late shows its result late. Two
things tell how long to wait. A pause that is longer than those between the last keystrokes says that the typing has
stopped. And waiting as long as a run takes never wastes more time than twice the best choice, whatever comes next.
Where the keys are so far apart that each gets a run in any case, which ends before the next key, waiting gains nothing.
"""

from __future__ import annotations

import statistics
from collections import deque

MEMORY = 8
"""So many of the last intervals and run times are looked at."""

TYPING_S = 1.0
"""Changes further apart than this are not one burst of typing."""

LONGER = 1.5
"""A pause this many times longer than the longest recent interval ends a burst."""

SHORTEST = 0.25
"""The pause is never shorter than this share of the setting."""


class Debounce:
    """The pause for one document. Never longer than the setting, so that the setting stays a promise."""

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
