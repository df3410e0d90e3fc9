"""From values at tokens to values at lines, the unit in which people read code."""

from __future__ import annotations

from codeodds.types import LineScore, Score


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
    lines: list[LineScore] = []
    before = float(score.values[0]) if len(score.values) else 0.0
    for number, (value, fraction) in ends.items():
        lines.append(LineScore(number, value, before - value, fraction))
        before = value
    return lines


def largest_drops(lines: list[LineScore], count: int, at_least: float = 0.0) -> list[LineScore]:
    """The `count` lines over which the value fell most, and by more than `at_least`; largest fall first."""
    falls = sorted((line for line in lines if line.drop > at_least), key=lambda line: -line.drop)
    return falls[:count]
