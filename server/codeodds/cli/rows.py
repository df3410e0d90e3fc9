"""Rows of JSON: one object per line, read one at a time, each refused by itself where it cannot be used."""

from __future__ import annotations

import codecs
import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from codeodds.cli.streams import stdin_bytes
from codeodds.errors import RowError, SettingError

MAX_LINE_BYTES = 4 * 2**20
"""Longer rows are refused unread. It is far beyond what any model's context holds."""

DECIMALS = 6
"""Digits of a probability in the output."""

Identity = str | int | float | None


@contextmanager
def open_rows(path: Path) -> Iterator[IO[bytes]]:
    """The rows that --jsonl names; - is stdin.

    Raises: SettingError if the file cannot be read, StreamError if stdin is closed.
    """
    if str(path) == "-":
        yield stdin_bytes()
        return
    try:
        stream = path.open("rb")
    except OSError as error:
        message = f"--jsonl {path} cannot be read ({error.strerror}); name a file of JSON rows, or - for stdin"
        raise SettingError(message) from None
    with stream:
        yield stream


def read_lines(source: IO[bytes]) -> Iterator[bytes | None]:
    """The lines that are not blank; None stands for one that is too long, which is never held in memory."""
    first = True
    while line := source.readline(MAX_LINE_BYTES + 1):
        if first:
            line = line.removeprefix(codecs.BOM_UTF8)
            first = False
        if len(line) > MAX_LINE_BYTES and not line.endswith(b"\n"):
            while (rest := source.readline(MAX_LINE_BYTES)) and not rest.endswith(b"\n"):
                pass
            yield None
        elif line.strip():
            yield line


def parse_row(line: bytes | None, members: str) -> dict[str, Any]:
    """The object of a line. `members`: what it should hold, for the message. Raises: RowError."""
    value = parse_value(line)
    if not isinstance(value, dict):
        raise RowError(f"the row is {kind(value)}, not an object with {members}")
    return value


def parse_value(line: bytes | None) -> Any:
    """The JSON value of a line. Raises: RowError."""
    if line is None:
        raise RowError(f"the row is longer than {MAX_LINE_BYTES // 2**20} MiB; leave it out or shorten it")
    try:
        return json.loads(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise RowError(f"the row is not UTF-8: byte {error.start} cannot be decoded; write the file as UTF-8") from None
    except json.JSONDecodeError as error:
        raise RowError(
            f"the row is not valid JSON: {error.msg} at character {error.pos}; give one object per line"
        ) from None
    except ValueError:
        raise RowError("the row is not valid JSON: a number has too many digits; write it as a string") from None
    except RecursionError:
        raise RowError("the row is nested too deeply to be read; give one flat object per line") from None


def identity_of(row: dict[str, Any]) -> str | int | float:
    """Raises: RowError if the row has no usable id."""
    if "id" not in row:
        raise RowError('the row has no "id"; give it a string or a number')
    value = row["id"]
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise RowError(f'"id" is {kind(value)}; give it a string or a number')
    if isinstance(value, float) and not math.isfinite(value):
        raise RowError('"id" is not a finite number; give it a string or a number')
    if isinstance(value, str):
        check_text("id", value)
    return value


def text_of(row: dict[str, Any], key: str) -> str:
    """Raises: RowError if the row has no such text."""
    if key not in row:
        raise RowError(f'the row has no "{key}"; give it a string')
    value = row[key]
    if not isinstance(value, str):
        raise RowError(f'"{key}" is {kind(value)}; give it a string')
    check_text(key, value)
    return value


def check_text(key: str, value: str) -> None:
    """Raises: RowError if a UTF-8 source file could not hold this text."""
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        code = f"\\u{ord(value[error.start]):04x}"
        raise RowError(f'"{key}" holds the lone surrogate {code} at character {error.start}; remove it') from None
    if key != "id" and (position := value.find("\0")) >= 0:
        raise RowError(f'"{key}" holds a NUL character at character {position}; remove it')


def kind(value: object) -> str:
    """What a JSON value is, for people."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, str):
        return "a string"
    return "an array" if isinstance(value, list) else "an object"
