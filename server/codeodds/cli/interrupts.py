"""Ctrl-C, and the signals that ask a process to end: none of them may cut what is being written."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")


class Interrupts:
    """Within it, such a signal raises KeyboardInterrupt, but not while something is `held`: then behind that.

    A second signal ends what is held too, as its reader may be stuck. What the process was told to ignore stays so.
    """

    def __init__(self) -> None:
        self._number = signal.SIGINT
        self._held = self._pending = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Interrupts:
        for number in (getattr(signal, name) for name in _NAMES if hasattr(signal, name)):
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._receive)
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)

    @property
    def status(self) -> int:
        """The exit status of a run that was ended by the last signal."""
        return 128 + self._number

    @contextmanager
    def held(self) -> Iterator[None]:
        """What is done within is done whole."""
        self._held = True
        try:
            yield
        finally:
            self._held = False
        if self._pending:
            self._pending = False
            raise KeyboardInterrupt

    def _receive(self, number: int, frame: FrameType | None) -> None:
        self._number = signal.Signals(number)
        if self._held and not self._pending:
            self._pending = True
            return
        raise KeyboardInterrupt
