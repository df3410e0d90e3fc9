"""What the process holds in memory: what the C library does with blocks that a run no longer needs, and files that a
runtime has mapped. The former is a matter of glibc alone.

A run over a long function allocates blocks of many megabytes between those that stay. glibc serves both from one heap
and then cannot give the heap back: after a function of 2,500 tokens it held 200 MB that nothing used.

A mapped file that somebody writes to in place changes the weights under a running model; one that gets shorter ends the
process with a bus error. Replacing or deleting files does no harm: the mapping keeps the old ones.
"""

from __future__ import annotations

import ctypes
import gc
import os
import sys
import weakref
from collections.abc import Iterable
from pathlib import Path

from codeodds.errors import ModelChanged

LARGE_BYTES = 4 * 2**20
"""Blocks of this size are mapped by themselves and go back to the system when they are freed. Mapping costs page
faults: two functions of 2,500 tokens took 11 % more processor time and peaked at 419 MB, against 558 MB with 16 MB;
five of them took a quarter more time than without any of this. Below 1,000 tokens no block is as large."""

_M_MMAP_THRESHOLD = -3


def keep_large_blocks_apart() -> None:
    """Once, before the first run. Without it glibc raises the size by itself, up to 32 MB."""
    library = _glibc()
    if library is not None:
        library.mallopt(_M_MMAP_THRESHOLD, LARGE_BYTES)


def give_back() -> None:
    """Return free memory to the system. Takes some milliseconds, up to 25 after a long run."""
    library = _glibc()
    if library is not None:
        library.malloc_trim(0)


def release_memory() -> None:
    """Collect garbage, and return what is free; takes some milliseconds.

    After a model was closed that is nearly all of it: 262 MB resident, of which 82 MB remain once the C library was
    asked to give back the rest (default bundle, glibc 2.36).
    """
    gc.collect()
    give_back()


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


def _glibc() -> ctypes.CDLL | None:
    if sys.platform != "linux":
        return None
    library = ctypes.CDLL(None)
    return library if hasattr(library, "malloc_trim") else None


def _state(number: int) -> tuple[int, int]:
    found = os.fstat(number)
    return found.st_size, found.st_mtime_ns


def _close(numbers: list[int]) -> None:
    for number in numbers:
        os.close(number)
