"""Reads a file as Python source, or says in one sentence why that can't be done."""

from __future__ import annotations

import io
import stat
import tokenize
from dataclasses import dataclass
from pathlib import Path

from codeodds.errors import SourceError
from codeodds.source.functions import normalise_newlines

MAX_BYTES = 20_000_000
"""Larger files are not read: no source file that people write comes near."""


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a file that is a document of its own: the whole file, or a cell of a notebook."""

    text: str
    """Lines ended by LF."""
    cell: int | None = None
    """Number of the cell, from 1."""
    imports: str = ""
    """Import lines that hold here too: those of a notebook's earlier cells."""


def read_source(path: Path) -> str:
    """The text of a file, decoded as Python does (UTF-8, or the encoding that its first lines declare), lines ended by
    LF.

    Raises: SourceError for a file that is missing, unreadable, a folder, a notebook, binary, too large or not text.
    """
    if path.suffix == ".ipynb":
        raise SourceError(f"{path} is a notebook; export its code first (jupyter nbconvert --to script)")
    content = read_bytes(path, MAX_BYTES)
    if b"\0" in content:
        raise SourceError(f"{path} is not text: it holds NUL bytes; give Python source")
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        return normalise_newlines(content.decode(encoding))
    except (SyntaxError, LookupError) as error:
        raise SourceError(f"{path}: {error}; save it as UTF-8, or correct its encoding comment") from error
    except UnicodeError as error:
        place = f"byte {error.start}" if isinstance(error, UnicodeDecodeError) else "it"
        raise SourceError(
            f"{path} is not {encoding}: {place} cannot be decoded; save it as UTF-8, or declare its encoding in the "
            "first line"
        ) from error


def read_bytes(path: Path, limit: int) -> bytes:
    """A regular file of at most `limit` bytes. Raises: SourceError if it is none, or cannot be read."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode) and not stat.S_ISDIR(status.st_mode):
            raise SourceError(f"{path} is not a regular file; save the code in one and name that")
        if status.st_size > limit:
            raise SourceError(f"{path} has {status.st_size:,} bytes; files above {limit:,} are not read: split it")
        return path.read_bytes()
    except IsADirectoryError as error:
        raise SourceError(f"{path} is a folder; name files, or let `codeodds score` search it") from error
    except FileNotFoundError as error:
        raise SourceError(f"{path} does not exist; check the path") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SourceError(f"{path} cannot be read ({reason}); check the path and its permissions") from error
