"""From values at tokens to values at lines."""

from __future__ import annotations

import numpy as np
import pytest

from codeodds.engine.fake import FakeScorer
from codeodds.engine.values import score_lines, standing_out
from codeodds.types import ScoringUnit


def test_each_line_has_the_value_at_its_end_and_the_share_of_tokens_read_by_then() -> None:
    unit = ScoringUnit("def f(a):\n", "    b = BUG\n\n    return b\n")
    lines = score_lines(FakeScorer().score(unit), unit.solution)
    assert [line.line for line in lines] == [0, 2]
    assert np.allclose([line.probability for line in lines], [0.3, 0.3])
    assert np.allclose([line.drop for line in lines], [0.6, 0.0])
    # 11 tokens; the white space behind a line's end belongs to no line.
    assert [line.fraction for line in lines] == pytest.approx([6 / 11, 10 / 11])


STEADY = "    a = a + 1\n"
FALLS = {"BUG": 0.6, "DOUBT": 0.06, "hint": 0.05}
POINTED_AT: dict[str, tuple[str, list[int]]] = {
    "a line of code": (STEADY * 2 + "    b = BUG\n", [2]),
    "none, where nothing falls": (STEADY * 3, []),
    "none, where the fall is small": (STEADY * 2 + "    b = hint\n", []),
    "several, the largest fall first": (STEADY * 2 + "    b = DOUBT\n    c = BUG\n", [3, 2]),
    "none of the first part": ("    b = BUG\n" + STEADY * 9, []),
    "a comment": (STEADY * 2 + "    # BUG\n" + STEADY, []),
    "a comment at the margin": (STEADY * 2 + "# BUG\n" + STEADY, []),
    "code behind a comment": (STEADY * 2 + "    # DOUBT\n    b = BUG\n", [3]),
    "code with a comment": (STEADY * 2 + "    b = a  # BUG\n", [2]),
    "code below blank lines": (STEADY * 2 + "\n  \n    b = BUG\n", [4]),
    "a string's line": (STEADY + '    b = """\n    # BUG\n    """\n', [2]),
    "a string's line, behind quotes": (STEADY + "    b = '\"', \"it's\", \"\\\"\", '''\n    # BUG\n    '''\n", [2]),
    "a comment behind a string": (STEADY + "    b = '''\n    x\n    '''\n    # BUG\n" + STEADY, []),
    "a comment with a quote above": (STEADY + "    # don't\n    # BUG\n" + STEADY, []),
    "a string that is unfinished": (STEADY + '    b = """\n    # BUG\n', [2]),
    "a comment behind a quote that is unfinished": (STEADY + "    b = 'x\n    # BUG\n" + STEADY, []),
}


@pytest.mark.parametrize(("solution", "expected"), POINTED_AT.values(), ids=POINTED_AT)
def test_lines_that_are_pointed_at(solution: str, expected: list[int]) -> None:
    scorer = FakeScorer(FALLS)
    lines = score_lines(scorer.score(ScoringUnit("def f(a):\n", solution)), solution)
    assert [line.line for line in standing_out(lines, scorer.info, 5)] == expected
    assert [line.line for line in standing_out(lines, scorer.info, 1)] == expected[:1]
