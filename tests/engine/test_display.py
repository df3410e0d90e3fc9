"""Which scores are shown."""

from __future__ import annotations

import pytest

from codeodds.engine.fake import FakeScorer
from codeodds.engine.values import not_shown_because
from codeodds.types import ScoringUnit


@pytest.mark.parametrize(
    ("solution", "reason"),
    [("far", "too short: 1 tokens, 4 are needed"), ("a + b", None), ("return a + b", None)],
)
def test_only_a_score_of_few_tokens_is_kept_back(solution: str, reason: str | None) -> None:
    scorer = FakeScorer()
    score = scorer.score(ScoringUnit("def f():\n", solution))
    assert not_shown_because(score, scorer.info) == reason
