"""What the log-odds of an edit owe to words and lengths."""

from __future__ import annotations

import pytest

from codeodds.edits.edit import Edit
from codeodds.odds.evidence import FREE_CHOICE, LOST_NEGATION, LOST_TOKEN, NEW_WORD, bias
from codeodds.odds.search import Alternative
from codeodds.types import ScoringUnit

UNIT = ScoringUnit("def f(self, size):\n", "    total = not size\n    return self.rest + size\n")


def at(word: str, last: bool = False) -> int:
    return UNIT.solution.rindex(word) if last else UNIT.solution.index(word)


@pytest.mark.parametrize(
    ("start", "old", "new", "kind", "gained", "wanted"),
    [
        (at("size", last=True), "size", "total", "name", 0, FREE_CHOICE),
        (at("rest"), "rest", "size", "attribute", 0, FREE_CHOICE + NEW_WORD),
        (at("rest") + 1, "est", "ate", "attribute", 0, FREE_CHOICE + NEW_WORD),
        (at("total"), "total", "size", "name", -1, FREE_CHOICE + NEW_WORD + LOST_TOKEN),
        (at("not "), "not ", "", "negation", -1, LOST_NEGATION),
        (at("+"), "+", "-", "operator", 0, 0.0),
        (at(" + size"), " + size", "", "operator", -2, 2 * LOST_TOKEN),
        (at("return"), "return ", "", "missing", -1, FREE_CHOICE + LOST_TOKEN),
        (len(UNIT.solution) - 1, "", " + 1", "number", 2, 0.0),
    ],
)
def test_saved_tokens_and_new_names_are_not_counted(
    start: int, old: str, new: str, kind: str, gained: int, wanted: float
) -> None:
    edit = Edit(start, start + len(old), new, kind)
    assert bias(UNIT, edit, gained) == pytest.approx(wanted)
    assert Alternative(edit, 7.0, gained, to_the_end=True, bias=wanted).evidence == pytest.approx(7.0 - wanted)


def test_a_word_that_the_problem_holds_is_not_new() -> None:
    unit = ScoringUnit("import rest\n\n\ndef f(size):\n", "    return rest\n")
    assert bias(unit, Edit(11, 15, "size", "name"), 0) == FREE_CHOICE
