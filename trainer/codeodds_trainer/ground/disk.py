"""Files that are either whole or not there, and what went wrong when one could not be written."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO


def write_whole(path: Path, content: bytes) -> None:
    """Write a file under another name first: whoever finds `path` finds all of it.

    Raises: OSError if it cannot be written; an older file is still there then.
    """
    partial = path.with_name(path.name + ".partial")
    try:
        partial.write_bytes(content)
        partial.replace(path)
    except OSError:
        partial.unlink(missing_ok=True)
        raise


def open_lines(path: Path) -> BinaryIO:
    """Open a file to append lines to it. A line that a killed run left torn is cut off first.

    Raises: OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = sum(len(line) + 1 for line in whole_lines(path))
    file = path.open("ab")
    file.truncate(whole)
    return file


def whole_lines(path: Path) -> list[bytes]:
    """The lines of a file that end with a line end, without it; none if there is no file.

    Raises: OSError.
    """
    return path.read_bytes().split(b"\n")[:-1] if path.exists() else []


def storage_reason(error: Exception) -> str | None:
    """What the file system said, if that is what `error` is about.

    numpy raises OSError without a number, safetensors and torch.save exceptions of their own.
    """
    if isinstance(error, OSError):
        place = f": {error.filename}" if error.filename else ""
        return f"{error.strerror or error}{place}"
    if type(error).__module__.startswith("safetensors") and "I/O error" in str(error):
        return str(error).partition("I/O error: ")[2]
    if isinstance(error, RuntimeError) and ("PytorchStreamWriter" in str(error) or "inline_container" in str(error)):
        return "torch could not write a checkpoint"
    return None
