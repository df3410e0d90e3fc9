"""Which scores are shown."""

from __future__ import annotations

from dataclasses import replace

from codeodds.engine.fake import FakeScorer
from codeodds.engine.judgement import not_shown_because
from codeodds.types import ScoringUnit

SCORER = FakeScorer(strange={"far": 0.49, "near": 0.5})
DOUBT = "this model's estimates can't be trusted for such code: a marked word stands in it"


def reason(solution: str, minimum: float = 0.5) -> str | None:
    score = SCORER.score(ScoringUnit("def f():\n", solution))
    return not_shown_because(score, replace(SCORER.info, min_applicability=minimum))


def test_the_threshold_itself_is_shown() -> None:
    assert reason("return a + near") is None
    assert reason("return a + far") == DOUBT
    assert reason("return far + near") == DOUBT


def test_without_an_applicability_or_a_threshold_all_is_shown() -> None:
    assert reason("return a + b", 1.0) is None
    assert reason("return a + far", 0.0) is None


def test_too_short_comes_first() -> None:
    assert reason("far") == "too short: 1 tokens, 4 are needed"
