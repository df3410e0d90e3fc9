"""One line on stderr that says how far a long run is. Nothing depends on whether it can be written."""

from __future__ import annotations

import os
import sys
import time
from typing import TextIO

from codeodds.cli.streams import knows_little, write_aside

TERMINAL_PERIOD_S = 0.2
LOG_PERIOD_S = 30.0

_CLEAR = "\r\x1b[2K"


class Progress:
    """Counts what is done and shows it: rewritten in place on a terminal that can, a new line now and then elsewhere.

    `log` turns on the lines for a stderr that is no terminal, and the summary at the end.
    """

    def __init__(self, what: str, *, log: bool, stream: TextIO | None = None) -> None:
        self._what = what
        self._stream = stream or sys.stderr
        self._in_place = self._stream.isatty() and not knows_little()
        self._summary = log
        self._log = not self._in_place and (log or self._stream.isatty())
        self._started = self._shown = time.monotonic()
        self._count = self._failed = 0

    def add(self, *, failed: bool = False) -> None:
        """One more is done."""
        self._count += 1
        self._failed += failed
        now = time.monotonic()
        if self._in_place and now - self._shown >= TERMINAL_PERIOD_S:
            self._shown = now
            write_aside(self._stream, _CLEAR + self._line(now)[: self._columns() - 1])
        elif self._log and now - self._shown >= LOG_PERIOD_S:
            self._shown = now
            write_aside(self._stream, f"{self._line(now)}\n")

    def clear(self) -> None:
        """Take the line off the terminal, so that output may follow."""
        if self._in_place:
            write_aside(self._stream, _CLEAR)

    def close(self) -> None:
        """Show the summary."""
        self.clear()
        if self._summary:
            write_aside(self._stream, f"{self._line(time.monotonic())}\n")

    def _line(self, now: float) -> str:
        rate = self._count / max(now - self._started, 1e-9)
        failed = f", {self._failed} with errors" if self._failed else ""
        return f"{self._count} {self._what}{failed}, {rate:.1f} per second"

    def _columns(self) -> int:
        """A line that is longer than the terminal would become two, of which one stays."""
        try:
            return os.get_terminal_size(self._stream.fileno()).columns or 80
        except OSError:
            return 80
