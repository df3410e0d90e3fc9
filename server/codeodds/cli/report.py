"""What there is to say about each function of a file: plain data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from codeodds.cli.files import Found
from codeodds.engine.values import not_shown_because, score_lines, standing_out
from codeodds.errors import EngineError, SourceError, UnitError
from codeodds.source.functions import Function, find_functions, unscored_because
from codeodds.source.notebook import is_notebook, read_notebook
from codeodds.source.reading import Part, read_source
from codeodds.source.suppression import SUPPRESS_COMMENT, Suppression

if TYPE_CHECKING:
    from codeodds.engine.api import Scorer

IGNORED = f"a comment says `{SUPPRESS_COMMENT}`"
"""Why a function that nobody wants to hear of is not scored."""


@dataclass(frozen=True, slots=True)
class Drop:
    """The line that stands out: see docs/codes.md."""

    line: int
    """Line of the file, from 1."""

    before: float
    """Calibrated value at the end of the line before."""

    after: float
    """Calibrated value at the end of this line."""

    source: str
    """The line without its indentation."""


@dataclass(frozen=True, slots=True)
class FunctionReport:
    """One function: scored (a probability) or not (a reason)."""

    name: str
    line: int
    """Line of its `def`, from 1."""
    end_line: int
    """Its last line, from 1."""
    probability: float | None = None
    drop: Drop | None = None
    reason: str | None = None
    cell: int | None = None
    """Of a notebook: the number of its cell, from 1; lines count within it."""


def report_file(found: Found, scorer: Scorer, done: Callable[[FunctionReport], None]) -> str | None:
    """Score every function of one file that deserves a score. `done` is told of each at once.

    Returns: what kept the file or the rest of its functions from being scored, as a message; None if nothing did.
    """
    path = printable_path(found.path)
    if found.error is not None:
        return f"{path} {found.error}"
    try:
        parts = list(read_notebook(found.path)) if is_notebook(found.path) else [Part(read_source(found.path))]
        for part in parts:
            lines = part.text.split("\n")
            suppression = Suppression(lines)
            for function in find_functions(part.text, part.imports):
                try:
                    report = _report_function(function, lines, suppression, scorer)
                except EngineError as error:
                    return f"{path}: {function.name}: {error}"
                done(replace(report, cell=part.cell))
    except SourceError as error:
        return str(error)
    return None


def _report_function(function: Function, lines: list[str], suppression: Suppression, scorer: Scorer) -> FunctionReport:
    place = (function.name, function.line + 1, function.end_line + 1)
    reason = IGNORED if suppression.function(function) else unscored_because(function)
    if reason is not None:
        return FunctionReport(*place, reason=reason)
    try:
        score = scorer.score(function.unit)
    except UnitError as error:
        return FunctionReport(*place, reason=str(error))
    reason = not_shown_because(score, scorer.info)
    if reason is not None:
        return FunctionReport(*place, reason=reason)
    drop = None
    shown = [
        line
        for line in score_lines(score, function.unit.solution)
        if not suppression.line(function.solution_line + line.line)
    ]
    for fall in standing_out(shown, scorer.info, 1):
        number = function.solution_line + fall.line
        drop = Drop(number + 1, fall.probability + fall.drop, fall.probability, lines[number].strip())
    return FunctionReport(*place, probability=score.probability, drop=drop)


def printable_path(path: Path) -> str:
    """The path as text that every output can hold: Linux allows names that are not UTF-8."""
    return str(path).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
