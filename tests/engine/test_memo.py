"""The memory of scores: bounded by number and by bytes, least recently used first."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeodds.engine import memo as memo_module
from codeodds.engine.memo import ScoreMemo
from codeodds.types import Score, ScoringUnit


def score_of(tokens: int) -> Score:
    values = np.full(tokens, 0.5, dtype=np.float32)
    return Score(values, values, np.zeros((tokens, 2), dtype=np.int64))


def unit_of(name: str) -> ScoringUnit:
    return ScoringUnit("", name)


def test_what_was_used_least_recently_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memo_module, "MEMO_SCORES", 2)
    memo = ScoreMemo()
    first = score_of(1)
    memo.put(unit_of("a"), first)
    memo.put(unit_of("b"), score_of(1))
    assert memo.get(unit_of("a")) is first
    memo.put(unit_of("c"), score_of(1))
    assert memo.get(unit_of("b")) is None
    assert memo.get(unit_of("a")) is first


def test_a_score_that_alone_exceeds_the_limit_is_not_kept() -> None:
    memo = ScoreMemo(0.001)
    memo.put(unit_of("small"), score_of(10))
    memo.put(unit_of("large"), score_of(1000))
    assert memo.get(unit_of("large")) is None
    assert memo.get(unit_of("small")) is not None


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(1, 60)), max_size=60), st.integers(0, 5000))
def test_never_holds_more_than_its_limit_and_counts_right(entries: list[tuple[str, int]], limit: int) -> None:
    memo = ScoreMemo(limit / 1_000_000)
    kept: dict[str, int] = {}
    for name, tokens in entries:
        memo.put(unit_of(name), score_of(tokens))
        kept[name] = tokens
        assert memo.nbytes <= limit
    for name, tokens in kept.items():
        known = memo.get(unit_of(name))
        assert known is None or len(known.values) == tokens
    memo.clear()
    assert (memo.nbytes, len(memo)) == (0, 0)
