"""What there is to say about each function of a file: plain data, and its JSON form.

The JSON of `codeodds score --json` is one object. Lines count from 1, probabilities are calibrated::

    {"model": {"name": "...", "version": "..."},
     "files": [{"path": "a.py", "error": null, "functions": [
       {"name": "C.f", "line": 3, "end_line": 9, "probability": 0.41, "applicability": 0.7, "not_judged": null,
        "drop": {"line": 6, "before": 0.72, "after": 0.41, "source": "return x"}}]}]}

A file that cannot be read, or at which the engine fails, has a string in "error" and the functions up to there.
A function that is not judged has the reason in "not_judged" and null for "probability". "applicability" says how far
the score may be trusted, also where it is the reason not to judge; null without a score, or if the bundle does not say.
"drop" is the line over which the value falls most, null if it never falls.
A function of a notebook has "cell" too: the number of its cell, from 1, cells of text included. Lines count within it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codeodds.cli.files import Found
from codeodds.engine.judgement import not_shown_because
from codeodds.engine.lines import largest_drops, score_lines
from codeodds.errors import EngineError, SourceError, UnitError
from codeodds.source.functions import Function, find_functions
from codeodds.source.judgement import not_judged_because
from codeodds.source.notebook import is_notebook, read_notebook
from codeodds.source.reading import Part, read_source
from codeodds.source.suppression import SUPPRESS_COMMENT, Suppression

if TYPE_CHECKING:
    from codeodds.cli.progress import Progress
    from codeodds.engine.api import Scorer, ScorerInfo

IGNORED = f"a comment says `{SUPPRESS_COMMENT}`"
"""Why a function that nobody wants to hear of is not judged."""

DECIMALS = 6
"""Digits of a probability in the JSON form."""


@dataclass(frozen=True, slots=True)
class Drop:
    """The line over which the value falls most."""

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
    """One function: judged (a probability) or not (a reason)."""

    name: str
    line: int
    """Line of its `def`, from 1."""
    end_line: int
    """Its last line, from 1."""
    probability: float | None = None
    drop: Drop | None = None
    not_judged: str | None = None
    applicability: float | None = None
    """How far its score may be trusted; None without a score, or if the bundle does not say."""
    cell: int | None = None
    """Of a notebook: the number of its cell, from 1; lines count within it."""


@dataclass(frozen=True, slots=True)
class FileReport:
    """One file: its functions in order, and what kept the others from being reported."""

    path: str
    """As given, with bytes that are not UTF-8 replaced."""
    functions: tuple[FunctionReport, ...] = ()
    error: str | None = None


def report_file(found: Found, scorer: Scorer, progress: Progress) -> FileReport:
    """Score every function of one file that deserves a score."""
    path = printable_path(found.path)
    if found.error is not None:
        return FileReport(path, error=f"{path} {found.error}")
    functions: list[FunctionReport] = []
    try:
        parts = list(read_notebook(found.path)) if is_notebook(found.path) else [Part(read_source(found.path))]
        for part in parts:
            lines = part.text.split("\n")
            suppression = Suppression(lines, SUPPRESS_COMMENT)
            for function in find_functions(part.text, part.imports):
                try:
                    report = _report_function(function, lines, suppression, scorer)
                except EngineError as error:
                    return FileReport(path, tuple(functions), f"{path}: {function.name}: {error}")
                functions.append(replace(report, cell=part.cell))
                progress.add()
    except SourceError as error:
        return FileReport(path, error=str(error))
    return FileReport(path, tuple(functions))


def _report_function(function: Function, lines: list[str], suppression: Suppression, scorer: Scorer) -> FunctionReport:
    place = (function.name, function.line + 1, function.end_line + 1)
    reason = IGNORED if suppression.function(function) else not_judged_because(function)
    if reason is not None:
        return FunctionReport(*place, not_judged=reason)
    try:
        score = scorer.score(function.unit)
    except UnitError as error:
        return FunctionReport(*place, not_judged=str(error))
    reason = not_shown_because(score, scorer.info)
    if reason is not None:
        return FunctionReport(*place, not_judged=reason, applicability=score.applicability)
    drop = None
    shown = [
        line
        for line in score_lines(score, function.unit.solution)
        if not suppression.line(function.solution_line + line.line)
    ]
    for fall in largest_drops(shown, 1):
        number = function.solution_line + fall.line
        drop = Drop(number + 1, fall.probability + fall.drop, fall.probability, lines[number].strip())
    return FunctionReport(*place, probability=score.probability, drop=drop, applicability=score.applicability)


def printable_path(path: Path) -> str:
    """The path as text that every output can hold: Linux allows names that are not UTF-8."""
    return str(path).encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def to_json(reports: list[FileReport], info: ScorerInfo) -> dict[str, Any]:
    """The document that the module's docstring shows."""
    return {
        "model": {"name": info.name, "version": info.version},
        "files": [
            {"path": report.path, "error": report.error, "functions": [_function_json(f) for f in report.functions]}
            for report in reports
        ],
    }


def _function_json(function: FunctionReport) -> dict[str, Any]:
    drop = function.drop
    return {
        "name": function.name,
        **({} if function.cell is None else {"cell": function.cell}),
        "line": function.line,
        "end_line": function.end_line,
        "probability": _rounded(function.probability),
        "applicability": _rounded(function.applicability),
        "not_judged": function.not_judged,
        "drop": drop
        and {
            "line": drop.line,
            "before": _rounded(drop.before),
            "after": _rounded(drop.after),
            "source": drop.source,
        },
    }


def _rounded(probability: float | None) -> float | None:
    return None if probability is None else round(probability, DECIMALS)
