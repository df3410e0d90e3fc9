"""JSON-lines files that say what they are: beside ``rows.jsonl`` stands ``rows.jsonl.meta.json``.

The sidecar holds the rows' JSON schema, their number, the file's SHA-256, the command that made it, and the hashes of
what it was made from. It is written when the file is complete: without it, a file is unfinished.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from codeodds import __version__
from codeodds_trainer.ground.disk import whole_lines, write_whole
from codeodds_trainer.ground.errors import DataError
from codeodds_trainer.ground.labelled import open_rows, sha256

Row = TypeVar("Row")


class Meta(msgspec.Struct, frozen=True, kw_only=True):
    """What a sidecar holds."""

    rows: int
    sha256: str
    command: str
    made_from: dict[str, str]
    """SHA-256 of each input file, by name."""
    codeodds: str
    """Version of codeodds."""
    row_schema: dict[str, Any]


def meta_path(path: Path) -> Path:
    """The sidecar of a file."""
    return path.with_name(path.name + ".meta.json")


def seal(path: Path, row: type, rows: int, sources: Iterable[Path] = ()) -> Meta:
    """Write the sidecar of a finished file."""
    meta = Meta(
        rows=rows,
        sha256=sha256(path),
        command=" ".join(["codeodds-train", *sys.argv[1:]]),
        made_from={source.name: sha256(source) for source in sources if source.is_file()},
        codeodds=__version__,
        row_schema=msgspec.json.schema(row),
    )
    write_whole(meta_path(path), msgspec.json.format(msgspec.json.encode(meta), indent=2) + b"\n")
    return meta


def is_sealed(path: Path) -> bool:
    """True if a file is complete and what its sidecar says.

    Raises: DataError if it was changed since.
    """
    if not meta_path(path).exists() or not path.exists():
        return False
    try:
        meta = msgspec.json.decode(meta_path(path).read_bytes(), type=Meta)
    except msgspec.MsgspecError as error:
        raise DataError(f"{meta_path(path)}: {error}; delete it and make {path.name} again") from error
    if meta.sha256 != sha256(path):
        raise DataError(f"{path} is not what {meta_path(path).name} says; delete both and make it again")
    return True


def read_rows(path: Path, row: type[Row]) -> Iterator[Row]:
    """The rows of a JSON-lines file, plain or gzipped.

    Raises: DataError with the number of a line that is no such row.
    """
    decoder = msgspec.json.Decoder(row)
    number = 1
    try:
        with open_rows(path) as lines:
            for line in lines:
                if line.strip():
                    yield decoder.decode(line)
                number += 1
    except msgspec.MsgspecError as error:
        raise DataError(f"{path}:{number}: {error}") from error
    except (OSError, EOFError) as error:
        raise DataError(f"{path}: cannot be read ({error}); give a .jsonl or .jsonl.gz file") from error


def read_finished(path: Path, row: type[Row]) -> list[Row]:
    """The whole rows of a file that a killed run may have left; a torn last line is passed over.

    Raises: DataError for a line that is no such row.
    """
    decoder = msgspec.json.Decoder(row)
    found = []
    for number, line in enumerate(whole_lines(path), 1):
        try:
            found.append(decoder.decode(line))
        except msgspec.MsgspecError as error:
            raise DataError(f"{path}:{number}: {error}; name another file to write") from error
    return found
