"""From what a search found to what people are shown: a place in the document, and a sentence. Pure."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from codeodds.edits.edit import Edit
from codeodds.odds.search import Alternative, Odds
from codeodds.source.functions import Function

MOST_TIMES = 1_000
"""Odds above this are not told apart: no measurement of ours could."""

_WORD = re.compile(r"\w")
_BEFORE = re.compile(r"(\w+|[^\w\s])[ \t]*$")
_AFTER = re.compile(r"[ \t]*(\w+|[^\w\s])")


@dataclass(frozen=True, slots=True)
class Finding:
    """An edit that is much more likely than the function as it is written. Lines and characters count from 0."""

    line: int
    character: int
    end_line: int
    end_character: int
    old: str
    """What stands there; whole words."""
    new: str
    """What is more likely in its place."""
    alternative: Alternative

    @property
    def message(self) -> str:
        """For example ``'<=' is 20 times more likely here than '<'``."""
        return f"{_quoted(self.new)} is {times(self.alternative.log_odds)} more likely here than {_quoted(self.old)}"

    @property
    def title(self) -> str:
        """What a quick fix is called."""
        return f"replace {_quoted(self.old)} by {_quoted(self.new)}"


def find(function: Function, odds: Odds, threshold: float) -> Finding | None:
    """The most likely edit of a function if its evidence, in nats, reaches the threshold."""
    best = odds.alternatives[0] if odds.alternatives else None
    if best is None or not best.to_the_end or best.evidence < threshold:
        return None
    start, end, new = whole_words(function.unit.solution, best.edit)
    line, character = position(function, start)
    end_line, end_character = position(function, end)
    old = function.unit.solution[start:end]
    return Finding(line, character, end_line, end_character, old, new, best)


def times(log_odds: float) -> str:
    """Odds in words, rounded."""
    odds = math.exp(min(log_odds, 50.0))
    if odds >= MOST_TIMES:
        return f"more than {MOST_TIMES:,} times"
    size = math.floor(math.log10(odds))
    # Two digits below 20, one above: 2.5, 12, 30, 600.
    rounded = round(odds, -size if odds >= 20 else 1 - size)
    return f"{rounded:,g} times"


def whole_words(solution: str, edit: Edit) -> tuple[int, int, str]:
    """The edit with the rest of the words that it changes, and with a neighbour where it only adds or takes away.

    Returns: characters [start, end) of the solution and the text in their place; neither is blank.
    """
    start, end, new = edit.start, edit.end, edit.text
    while start > 0 and _WORD.match(solution[start - 1]) and (_WORD.match(solution[start : start + 1]) or _starts(new)):
        start, new = start - 1, solution[start - 1] + new
    while end < len(solution) and _WORD.match(solution[end]) and (_WORD.match(solution[end - 1 : end]) or _ends(new)):
        new, end = new + solution[end], end + 1
    if not solution[start:end].strip() or not new.strip():
        line = solution.rfind("\n", 0, start) + 1
        before, after = _BEFORE.search(solution, line, start), _AFTER.match(solution, end)
        changed = new or solution[start:end]
        if before is not None and (changed[:1].isspace() or after is None):
            new, start = solution[before.start() : start] + new, before.start()
        elif after is not None:
            new, end = new + solution[end : after.end()], after.end()
    # White space on both sides that stays is not part of the change.
    while start < end and new and solution[start] == new[0] and new[0].isspace():
        start, new = start + 1, new[1:]
    while start < end and new and solution[end - 1] == new[-1] and new[-1].isspace():
        end, new = end - 1, new[:-1]
    return start, end, new


def position(function: Function, offset: int) -> tuple[int, int]:
    """Line and character in the document of a character of the function's solution, both from 0."""
    before = function.unit.solution[:offset]
    number = before.count("\n")
    character = len(before) - (before.rfind("\n") + 1)
    if function.solution_lines:
        return function.solution_lines[number], character
    return function.solution_line + number, character + (function.solution_character if number == 0 else 0)


def _starts(text: str) -> bool:
    return bool(text) and _WORD.match(text[0]) is not None


def _ends(text: str) -> bool:
    return bool(text) and _WORD.match(text[-1]) is not None


def _quoted(text: str) -> str:
    short = " ".join(text.split())
    return f"`{short}`" if "'" in short else f"'{short}'"
