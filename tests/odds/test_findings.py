"""From an edit to the words that people read, and to their place in the document."""

from __future__ import annotations

import math

import pytest

from codeodds.edits.edit import Edit
from codeodds.odds.findings import find, position, times, whole_words
from codeodds.odds.search import Alternative, Odds
from codeodds.source.functions import find_functions

SOLUTION = "    if a and b:\n        return base - size\n    x = not ready\n    return\n"


@pytest.mark.parametrize(
    ("old", "at", "new", "wanted"),
    [
        ("and", 0, "or", ("and", "or")),
        ("", SOLUTION.index("size") + 4, " + 1", ("size", "size + 1")),
        (" - size", 0, "", ("base - size", "base")),
        ("not ", 0, "", ("not ready", "ready")),
        ("", SOLUTION.index("ready"), "not ", ("ready", "not ready")),
        ("", SOLUTION.index("size"), "self.", ("size", "self.size")),
        ("", SOLUTION.index("if"), "el", ("if", "elif")),
        ("iz", 0, "al", ("size", "sale")),
        ("", len(SOLUTION) - 1, " x", ("return", "return x")),
    ],
)
def test_whole_words_are_shown(old: str, at: int, new: str, wanted: tuple[str, str]) -> None:
    start = at or SOLUTION.index(old)
    first, last, text = whole_words(SOLUTION, Edit(start, start + len(old), new, "name"))
    assert (SOLUTION[first:last], text) == wanted
    changed = SOLUTION[:start] + new + SOLUTION[start + len(old) :]
    assert SOLUTION[:first] + text + SOLUTION[last:] == changed


@pytest.mark.parametrize(
    ("odds", "words"),
    [
        (1.52, "1.5 times"),
        (9.96, "10 times"),
        (12.4, "12 times"),
        (33, "30 times"),
        (555, "600 times"),
        (5000, "more than 1,000 times"),
        (math.inf, "more than 1,000 times"),
    ],
)
def test_odds_are_rounded(odds: float, words: str) -> None:
    assert times(math.log(odds)) == words


DOCUMENT = "class A:\n    def f(self, data):\n        return data\n\n    def g(self): return self.datá + 1\n"


@pytest.mark.parametrize(("name", "word", "place"), [("A.f", "data", (2, 15)), ("A.g", "datá", (4, 29))])
def test_a_finding_has_its_place_in_the_document(name: str, word: str, place: tuple[int, int]) -> None:
    function = next(one for one in find_functions(DOCUMENT) if one.name == name)
    start = function.unit.solution.index(word)
    assert position(function, start) == place
    best = Alternative(Edit(start, start + len(word), "self", "name"), 3.0, 0, to_the_end=True)
    odds = Odds((best,), 10, 5, -1.0, 50)
    finding = find(function, odds, threshold=2.9)
    assert finding is not None
    assert (finding.line, finding.character) == place
    assert (finding.end_line, finding.end_character) == (place[0], place[1] + len(word))
    assert finding.message == f"'self' is 20 times more likely here than '{word}'"
    assert find(function, odds, threshold=3.1) is None
