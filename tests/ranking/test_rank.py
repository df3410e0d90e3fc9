"""The Python API, on a fake scorer and on a tiny bundle with a real graph."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from codeodds.engine.api import Cancellation
from codeodds.engine.fake import FakeScorer
from codeodds.engine.scorer import open_scorer
from codeodds.errors import RankError, Superseded
from codeodds.ranking.plan import Context
from codeodds.ranking.rank import rank
from codeodds.types import ScoringUnit
from tests.engine.tiny import build_bundle

HEAD = "def f(x):\n"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_bundle(tmp_path_factory.mktemp("ranking") / "tiny")


def test_the_most_probable_comes_first() -> None:
    ranking = rank(FakeScorer(), HEAD, ["    return BUG\n", "    return x\n"])
    assert ranking.order == (1, 0)
    assert [candidate.probability for candidate in ranking.candidates] == [pytest.approx(0.9), pytest.approx(0.3)]
    assert ranking.candidates[1].lines[0].drop == pytest.approx(0.6)


def test_a_beginning_belongs_to_the_solution() -> None:
    scorer = FakeScorer()
    ranking = rank(scorer, Context(HEAD, "    y = x\n"), ["    return y\n"])
    assert scorer.calls == [ScoringUnit(HEAD, "    y = x\n    return y\n")]
    assert [line.line for line in ranking.candidates[0].lines] == [0]


def test_values_are_those_of_single_scores(bundle: Path) -> None:
    bodies = ["    return x\n", "    y = x + 1\n    return y\n", "    return\n", "    return x"]
    ranking = rank(open_scorer(bundle), HEAD, bodies)
    alone = open_scorer(bundle, memory_limit_mb=0)
    for candidate in ranking.candidates:
        index = candidate.index if candidate.duplicate_of is None else candidate.duplicate_of
        wanted = alone.score(ScoringUnit(HEAD, bodies[index])).probability
        assert candidate.probability == pytest.approx(wanted, abs=1e-5)
    assert sorted(ranking.order) == [0, 1, 2, 3]


def test_candidates_of_ten_thousand_tokens_are_reported(bundle: Path) -> None:
    ranking = rank(open_scorer(bundle), HEAD, ["    x = 1\n" * 2_500, "    return x\n"])
    assert ranking.order == (1, 0)
    assert "tokens" in str(ranking.candidates[1].reason)


def test_many_candidates_all_come_back() -> None:
    ranking = rank(FakeScorer(), HEAD, [f"    return {number}\n" for number in range(1_000)])
    assert ranking.order == tuple(range(1_000))


def test_nothing_to_rank_is_an_error() -> None:
    with pytest.raises(RankError, match="give at least one"):
        rank(FakeScorer(), HEAD, [])


def test_it_can_be_cancelled() -> None:
    cancellation = Cancellation()
    cancellation.cancel()
    with pytest.raises(Superseded):
        rank(FakeScorer(), HEAD, ["    return x\n"], cancellation)
    scorer, later = FakeScorer(gate=threading.Event()), Cancellation()
    timer = threading.Timer(0.02, later.cancel)
    timer.start()
    with pytest.raises(Superseded):
        rank(scorer, HEAD, ["    return x\n"], later)
    timer.join()
    assert len(scorer.calls) == 1
