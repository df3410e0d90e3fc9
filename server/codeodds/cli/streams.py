"""The process's own streams, any of which may be closed, full, of another encoding, or a terminal that knows little."""

from __future__ import annotations

import os
import sys
from typing import IO, TextIO

from codeodds.errors import StreamError


def prepare_streams() -> None:
    """Make the streams fit to be used. Call it before anything is opened or printed.

    What was closed leads nowhere, so that no file that is opened later takes its number and gets what is meant for the
    stream. stderr may be missing: nothing depends on who reads it. Text that stdout's encoding lacks is replaced.

    Raises: StreamError if stdout is closed.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - It lives as long as the process.
    if sys.stdout is None:
        raise StreamError("stdout is closed, so the output has no place to go; leave out >&- or write > FILE")
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")


def stdin_bytes() -> IO[bytes]:
    """Raises: StreamError if stdin is closed."""
    if sys.stdin is None:
        raise StreamError("stdin is closed, so there is nothing to read; leave out <&- or name a file")
    return sys.stdin.buffer


def tell(text: str) -> None:
    """A line for people, on stderr. If that cannot be written nobody reads it, and the work goes on."""
    write_aside(sys.stderr, f"{text}\n")


def write_aside(stream: TextIO, text: str) -> None:
    """Write text that may be lost."""
    try:
        stream.write(text)
        stream.flush()
    except OSError:
        abandon(stream)


def abandon(stream: TextIO) -> None:
    """Let what is still buffered, and all that follows, lead nowhere: else the interpreter complains on exit."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
    except OSError:
        pass


def knows_little() -> bool:
    """Whether the terminal, if there is one, takes plain text alone."""
    return os.environ.get("TERM") in ("dumb", "unknown", "")
