"""One line on stderr that says how far a long run is."""

from __future__ import annotations

import sys
import time
from typing import TextIO

TERMINAL_PERIOD_S = 0.2
LOG_PERIOD_S = 30.0


class Progress:
    """Counts what is done and shows it: rewritten in place on a terminal, a new line now and then elsewhere.

    `log` turns on the lines for a stderr that is no terminal, and the summary at the end.
    """

    def __init__(self, what: str, *, log: bool, stream: TextIO | None = None) -> None:
        self._what = what
        self._log = log
        self._stream = stream or sys.stderr
        self._terminal = self._stream.isatty()
        self._started = self._shown = time.monotonic()
        self._count = self._failed = 0

    def add(self, *, failed: bool = False) -> None:
        """One more is done."""
        self._count += 1
        self._failed += failed
        now = time.monotonic()
        if self._terminal and now - self._shown >= TERMINAL_PERIOD_S:
            self._shown = now
            self._stream.write(f"\r\x1b[2K{self._line(now)}")
            self._stream.flush()
        elif self._log and not self._terminal and now - self._shown >= LOG_PERIOD_S:
            self._shown = now
            print(self._line(now), file=self._stream, flush=True)

    def clear(self) -> None:
        """Take the line off the terminal, so that output may follow."""
        if self._terminal:
            self._stream.write("\r\x1b[2K")
            self._stream.flush()

    def close(self) -> None:
        """Show the summary."""
        self.clear()
        if self._log:
            print(self._line(time.monotonic()), file=self._stream, flush=True)

    def _line(self, now: float) -> str:
        rate = self._count / max(now - self._started, 1e-9)
        failed = f", {self._failed} with errors" if self._failed else ""
        return f"{self._count} {self._what}{failed}, {rate:.1f} per second"
