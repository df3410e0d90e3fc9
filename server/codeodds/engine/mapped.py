"""Watches the files that a runtime has mapped into memory.

A mapped file that somebody writes to in place changes the weights under a running model; one that gets shorter ends the
process with a bus error. Replacing or deleting files does no harm: the mapping keeps the old ones.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterable
from pathlib import Path

from codeodds.errors import ModelChanged


class MappedFiles:
    """Files as they are now. They are kept open, so that those are looked at which were mapped."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self._files = [(path, os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))) for path in sorted(paths)]
        self._states = [_state(number) for _, number in self._files]
        weakref.finalize(self, _close, [number for _, number in self._files])

    def check(self) -> None:
        """Some microseconds. Raises: ModelChanged if one of them was written to since."""
        for (path, number), before in zip(self._files, self._states, strict=True):
            if _state(number) != before:
                raise ModelChanged(
                    f"{path}: the file was overwritten while the model was in use; the model is opened anew at the "
                    "next score (to update a bundle, write it to another folder and move that into place)"
                )


def _state(number: int) -> tuple[int, int]:
    found = os.fstat(number)
    return found.st_size, found.st_mtime_ns


def _close(numbers: list[int]) -> None:
    for number in numbers:
        os.close(number)
