"""`codeodds score --jsonl`: rows in, rows out, in order, one at a time.

In:  {"id": "a", "prompt": "def f(x):\\n", "completion": "    return x\\n"}
Out: {"id": "a", "probability": 0.71}           with --values also "values": one number per token of the completion
  or {"id": "a", "error": "..."}                for a row that cannot be scored; the others are

With a bundle that says how far a score may be trusted, each row has "applicability" too; no row is kept back for it.
An id is a string or a number and comes back as it was; it is null where the row does not have a usable one.
Other keys of a row are ignored. Blank lines are passed over.
"""

from __future__ import annotations

import codecs
import json
import math
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, Any

from codeodds.errors import EngineError, RowError, UnitError

if TYPE_CHECKING:
    from codeodds.cli.progress import Progress
    from codeodds.engine.api import Scorer
    from codeodds.types import ScoringUnit

MAX_LINE_BYTES = 4 * 2**20
"""Longer rows are refused unread. It is far beyond what any model's context holds."""

DECIMALS = 6
"""Digits of a probability in the output."""

Identity = str | int | float | None


def score_rows(source: IO[bytes], sink: IO[bytes], scorer: Scorer, progress: Progress, *, values: bool) -> bool:
    """Score every row of `source` into `sink`, flushing after each.

    Returns: True if every row was scored.
    """
    complete = True
    for line in _read_lines(source):
        result = _score_line(line, scorer, values=values)
        failed = "error" in result
        complete = complete and not failed
        # ASCII output is valid UTF-8 whatever the reader's locale makes of it.
        sink.write(json.dumps(result, allow_nan=False).encode("ascii") + b"\n")
        sink.flush()
        progress.add(failed=failed)
    return complete


def _read_lines(source: IO[bytes]) -> Iterator[bytes | None]:
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


def _score_line(line: bytes | None, scorer: Scorer, *, values: bool) -> dict[str, object]:
    identity: Identity = None
    try:
        row = _parse(line)
        identity = _identity(row)
        score = scorer.score(_unit(row))
    except (RowError, UnitError, EngineError) as error:
        return {"id": identity, "error": str(error)}
    result: dict[str, object] = {"id": identity, "probability": round(score.probability, DECIMALS)}
    if score.applicability is not None:
        result["applicability"] = round(score.applicability, DECIMALS)
    if values:
        result["values"] = [round(value, DECIMALS) for value in score.values.tolist()]
    return result


def _parse(line: bytes | None) -> dict[str, Any]:
    if line is None:
        raise RowError(f"the row is longer than {MAX_LINE_BYTES // 2**20} MiB; leave it out or shorten it")
    try:
        row = json.loads(line.decode("utf-8"))
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
    if not isinstance(row, dict):
        raise RowError(f"the row is {_kind(row)}, not an object with id, prompt and completion")
    return row


def _identity(row: dict[str, Any]) -> str | int | float:
    if "id" not in row:
        raise RowError('the row has no "id"; give it a string or a number')
    value = row["id"]
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise RowError(f'"id" is {_kind(value)}; give it a string or a number')
    if isinstance(value, float) and not math.isfinite(value):
        raise RowError('"id" is not a finite number; give it a string or a number')
    if isinstance(value, str):
        _check_text("id", value)
    return value


def _unit(row: dict[str, Any]) -> ScoringUnit:
    from codeodds.types import ScoringUnit

    texts: dict[str, str] = {}
    for key in ("prompt", "completion"):
        if key not in row:
            raise RowError(f'the row has no "{key}"; give it a string')
        value = row[key]
        if not isinstance(value, str):
            raise RowError(f'"{key}" is {_kind(value)}; give it a string')
        _check_text(key, value)
        texts[key] = value
    if not texts["completion"]:
        raise RowError('"completion" is empty; there is nothing to score')
    return ScoringUnit(problem=texts["prompt"], solution=texts["completion"])


def _check_text(key: str, value: str) -> None:
    """Raises: RowError if a UTF-8 source file could not hold this text."""
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        code = f"\\u{ord(value[error.start]):04x}"
        raise RowError(f'"{key}" holds the lone surrogate {code} at character {error.start}; remove it') from None
    if key != "id" and (position := value.find("\0")) >= 0:
        raise RowError(f'"{key}" holds a NUL character at character {position}; remove it')


def _kind(value: object) -> str:
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
