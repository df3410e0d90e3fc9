"""From values at tokens to values at lines."""

from __future__ import annotations

import numpy as np
import pytest

from codeodds.engine.fake import FakeScorer
from codeodds.engine.lines import largest_drops, score_lines
from codeodds.types import ScoringUnit


def test_each_line_has_the_value_at_its_end_and_the_share_of_tokens_read_by_then() -> None:
    unit = ScoringUnit("def f(a):\n", "    b = BUG\n\n    return b\n")
    lines = score_lines(FakeScorer().score(unit), unit.solution)
    assert [line.line for line in lines] == [0, 2]
    assert np.allclose([line.probability for line in lines], [0.3, 0.3])
    assert np.allclose([line.drop for line in lines], [0.6, 0.0])
    # 11 tokens; the white space behind a line's end belongs to no line.
    assert [line.fraction for line in lines] == pytest.approx([6 / 11, 10 / 11])
    assert [line.line for line in largest_drops(lines, 5)] == [0]
