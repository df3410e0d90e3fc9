"""From values at tokens to values at lines, the unit in which people read code."""

from __future__ import annotations

import re
from collections.abc import Iterable

from codeodds.engine.api import ScorerInfo
from codeodds.types import LineScore, Score

SMALLEST_DROP = 0.05
"""Lines over which the value falls by no more are not pointed at."""

_STRING_OR_COMMENT = re.compile(
    r"""
    \"{3}(?:\\.|[^\\])*?(?:\"{3}|\Z) | '{3}(?:\\.|[^\\])*?(?:'{3}|\Z)
    | "(?:\\.|[^"\\\n])*"? | '(?:\\.|[^'\\\n])*'?
    | \#[^\n]*
    """,
    re.DOTALL | re.VERBOSE,
)
"""Enough of Python's lexical rules to know a comment from a string, also in unfinished code."""


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
