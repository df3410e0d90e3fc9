"""Programs that read stdin and print: run once for each input, their output compared here."""

from __future__ import annotations

import math
import os
import selectors
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from codeodds.execution.sandbox import Run

SPARE_OUTPUT = 1 << 16
"""Bytes that a program may print beyond four times what is expected of it."""

RELATIVE, ABSOLUTE = 1e-6, 1e-9
"""How far a printed float may be off."""

PIPE_FULL = 1 << 16


class TooMuchOutput(Exception):
    """The program printed far more than is expected of it."""


@contextmanager
def input_file(text: str) -> Iterator[int]:
    """A descriptor from which a program can read this text: a file in memory where the system has them."""
    content = text.encode("utf-8", "surrogateescape")
    if hasattr(os, "memfd_create"):
        file = os.memfd_create("input")
    else:
        file, name = tempfile.mkstemp()
        os.unlink(name)
    try:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(file, rest) :]
        os.lseek(file, 0, os.SEEK_SET)
        yield file
    finally:
        os.close(file)


def read_output(reading: int, run: Run, most: int) -> bytes:
    """All that the program prints, until its process has ended.

    Raises: TooMuchOutput. Ends at the deadline of the caller, by whatever its alarm raises.
    """
    parts: list[bytes] = []
    size = 0
    with selectors.DefaultSelector() as selector:
        selector.register(reading, selectors.EVENT_READ)
        selector.register(run.connection, selectors.EVENT_READ)
        while True:
            ready = [key.fd for key, _ in selector.select()]
            if reading in ready:
                part = os.read(reading, PIPE_FULL)
                if not part:
                    break
                parts.append(part)
                size += len(part)
                if size > most:
                    raise TooMuchOutput
            elif run.connection.fileno() in ready:
                # The process is gone, or says what it died of. A child of its own may still hold the pipe open.
                break
    os.set_blocking(reading, False)
    while size <= most:
        try:
            part = os.read(reading, PIPE_FULL)
        except BlockingIOError:
            break
        if not part:
            break
        parts.append(part)
        size += len(part)
    return b"".join(parts)


def most_output(expected: str) -> int:
    """Bytes that a program may print where this is expected."""
    return 4 * len(expected.encode("utf-8", "surrogatepass")) + SPARE_OUTPUT


def same_output(printed: str, expected: str) -> bool:
    """Equal but for white space at the ends of lines and of the text; a number with decimals may be off by 1e-6."""
    left, right = _lines(printed), _lines(expected)
    if left == right:
        return True
    if len(left) != len(right):
        return False
    return all(
        len(one.split()) == len(other.split()) and all(map(_same_word, one.split(), other.split()))
        for one, other in zip(left, right, strict=True)
    )


def _lines(text: str) -> list[str]:
    lines = [line.rstrip() for line in text.replace("\r\n", "\n").split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    return lines


def _same_word(word: str, expected: str) -> bool:
    if word == expected:
        return True
    if "." not in expected:
        return False
    try:
        number, wanted = float(word), float(expected)
    except ValueError:
        return False
    return math.isclose(number, wanted, rel_tol=RELATIVE, abs_tol=ABSOLUTE)
