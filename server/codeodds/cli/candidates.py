"""Where the candidates of `codeodds rank FILE` come from: Python files, folders of them, JSONL files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from codeodds.cli.files import find_files
from codeodds.cli.report import printable_path
from codeodds.cli.rows import check_text, identity_of, kind, parse_value, read_lines, text_of
from codeodds.errors import RowError, SourceError
from codeodds.source.reading import read_source

ROWS = ".jsonl"
"""Suffix of a file that holds a candidate in each row."""


class Source(NamedTuple):
    """One candidate, or why there is none."""

    name: str
    """What to call it: its file's path, or the row's id."""
    text: str = ""
    error: str | None = None


def read_candidates(paths: Iterable[Path]) -> Iterator[Source]:
    """The candidates of each path, in order: those of a folder's .py files by name, those of a JSONL file by row."""
    for path in paths:
        if path.suffix == ROWS and not path.is_dir():
            yield from _read_rows(path)
            continue
        for found in find_files([path]):
            name = printable_path(found.path)
            if found.error is not None:
                yield Source(name, error=f"{name} {found.error}")
                continue
            try:
                yield Source(name, read_source(found.path))
            except SourceError as error:
                yield Source(name, error=str(error))


def _read_rows(path: Path) -> Iterator[Source]:
    """Each row is a string, or an object with "completion" and, if it likes, "id"."""
    place = printable_path(path)
    try:
        with path.open("rb") as stream:
            for number, line in enumerate(read_lines(stream), 1):
                try:
                    yield _read_row(line, f"{path.name}:{number}")
                except RowError as error:
                    yield Source(f"{path.name}:{number}", error=f"{place}: row {number}: {error}")
    except OSError as error:
        yield Source(place, error=f"{place} cannot be read ({error.strerror}); check the path and its permissions")


def _read_row(line: bytes | None, name: str) -> Source:
    row = parse_value(line)
    if isinstance(row, str):
        check_text("completion", row)
        return Source(name, row)
    if not isinstance(row, dict):
        raise RowError(f'the row is {kind(row)}, not a string or an object with "completion"')
    return Source(str(identity_of(row)) if "id" in row else name, text_of(row, "completion"))
