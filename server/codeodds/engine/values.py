"""What the values at tokens say of what people read: of lines, and of parts of a solution; and what of it is shown.

The one place that decides what is worth showing, for the command line and the language server. What can be said without
a model is decided in `codeodds.source.functions`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from codeodds.engine.api import ScorerInfo
from codeodds.types import FloatArray, IntArray, LineScore, Score, ScoringUnit

SMALLEST_DROP = 0.05
"""Lines over which the value falls by no more are not pointed at."""

NOT_REACHED = "the run ended before its turn"
"""Why there is no score where the time was up."""

_STRING_OR_COMMENT = re.compile(
    r"""
    \"{3}(?:\\.|[^\\])*?(?:\"{3}|\Z) | '{3}(?:\\.|[^\\])*?(?:'{3}|\Z)
    | "(?:\\.|[^"\\\n])*"? | '(?:\\.|[^'\\\n])*'?
    | \#[^\n]*
    """,
    re.DOTALL | re.VERBOSE,
)
"""Enough of Python's lexical rules to know a comment from a string, also in unfinished code."""


class Part(NamedTuple):
    """What a part's reading is taken from."""

    unit: ScoringUnit
    """The part as a unit of its own: its problem is everything before it."""
    raw: FloatArray
    """Logits of its tokens, float32 [n]."""
    offsets: IntArray
    """Character range of each token within the part, int64 [n, 2]."""


def not_shown_because(score: Score, info: ScorerInfo) -> str | None:
    """Why a score is kept back, as words that complete "not judged: ..."; None if it may be shown."""
    if len(score.values) < info.min_solution_tokens:
        return f"too short: {len(score.values)} tokens, {info.min_solution_tokens} are needed"
    return None


def score_lines(score: Score, solution: str) -> list[LineScore]:
    """The value at the end of each line that holds a token which is not only white space.

    The drop of the first line is measured from the first token's value: before it nothing of the solution was read.
    A token that spans lines counts for the line on which its last visible character stands.
    """
    ends: dict[int, tuple[float, float]] = {}
    line, position = 0, 0
    tokens = len(score.values)
    for index, ((start, end), value) in enumerate(zip(score.offsets.tolist(), score.values.tolist(), strict=True)):
        visible = solution[start:end].rstrip()
        if not visible.strip():
            continue
        last = start + len(visible) - 1
        line += solution.count("\n", position, last)
        position = last
        ends[line] = value, (index + 1) / tokens
    comments = _comment_lines(solution) if "#" in solution else set()
    lines: list[LineScore] = []
    before = float(score.values[0]) if len(score.values) else 0.0
    for number, (value, fraction) in ends.items():
        lines.append(LineScore(number, value, before - value, fraction, number in comments))
        before = value
    return lines


def standing_out(lines: Iterable[LineScore], info: ScorerInfo, count: int) -> list[LineScore]:
    """The at most `count` lines that are pointed at: those over which the value fell most, largest fall first.

    This is the one rule, for the command line and the language server; docs/codes.md states it. Not among them: lines
    of the first part of the body, by which the model cannot tell yet, those that only hold a comment, and small falls.
    """
    falls = [
        line
        for line in lines
        if line.drop > SMALLEST_DROP and line.fraction >= info.min_prefix_fraction and not line.comment
    ]
    return sorted(falls, key=lambda line: -line.drop)[:count]


def parts_of(unit: ScoringUnit, raw: FloatArray, offsets: IntArray) -> list[Part | None]:
    """The parts that a unit names, in order; None for one without tokens. No token depends on what follows it, so
    nothing runs twice: a part has the values that it would have if it ended there and all before it were the problem.

    `raw`, `offsets`: of the solution's tokens, [n] and [n, 2]. A token that straddles a border belongs to the part, as
    one that straddles the start of a solution belongs to the solution.
    """
    return [_part(unit, raw, offsets, start, end) for start, end in unit.parts]


def _part(unit: ScoringUnit, raw: FloatArray, offsets: IntArray, start: int, end: int) -> Part | None:
    inside = (offsets[:, 1] > start) & (offsets[:, 0] < end)
    if not inside.any():
        return None
    alone = ScoringUnit(unit.problem + unit.solution[:start], unit.solution[start:end])
    return Part(alone, raw[inside], np.clip(offsets[inside] - start, 0, end - start))


def _comment_lines(solution: str) -> set[int]:
    """Numbers of the lines that hold nothing but a comment; a ``#`` that starts a line of a string is none."""
    found: set[int] = set()
    line, position = 0, 0
    for match in _STRING_OR_COMMENT.finditer(solution):
        start = match.start()
        line += solution.count("\n", position, start)
        position = start
        if match[0].startswith("#") and not solution[solution.rfind("\n", 0, start) + 1 : start].strip():
            found.add(line)
    return found
