"""The inference worker: who goes first, and when the scorer is opened, closed and opened anew."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from codeodds.engine.api import Cancellation, Scorer, ScorerInfo
from codeodds.engine.fake import FakeScorer
from codeodds.engine.worker import ModelState, Priority, ScoringWorker
from codeodds.errors import BundleMissing, Superseded
from codeodds.types import Score, ScoringUnit

WAIT_S = 30


class Gated:
    """A fake scorer that tells when each run starts and holds it until a test lets it go."""

    def __init__(self, name: str = "fake") -> None:
        self.gate = threading.Event()
        self._fake = FakeScorer(gate=self.gate, info=ScorerInfo(name, "1", 2000, 4, 0.5, 0.75))
        self._started = threading.Semaphore(0)

    @property
    def info(self) -> ScorerInfo:
        return self._fake.info

    @property
    def scored(self) -> list[str]:
        return [unit.solution for unit in self._fake.calls]

    def score(self, unit: ScoringUnit, cancellation: Cancellation | None = None) -> Score:
        self._started.release()
        return self._fake.score(unit, cancellation)

    def wait_for_start(self) -> None:
        assert self._started.acquire(timeout=WAIT_S)


@pytest.fixture
def scorer() -> Gated:
    return Gated()


@pytest.fixture
def worker(scorer: Gated) -> Iterator[ScoringWorker]:
    worker = ScoringWorker(lambda: scorer)
    yield worker
    scorer.gate.set()
    worker.close()


def unit_of(solution: str) -> ScoringUnit:
    return ScoringUnit("def f():\n", solution)


def test_what_somebody_waits_for_pushes_a_run_aside_which_goes_on_later(worker: ScoringWorker, scorer: Gated) -> None:
    futures = [worker.submit(name, unit_of(name)) for name in ("far", "farther")]
    scorer.wait_for_start()
    futures.append(worker.submit("near", unit_of("near"), Priority.NEAR))
    urgent = worker.submit("urgent", unit_of("urgent"), Priority.INTERACTIVE)
    scorer.wait_for_start()
    assert scorer.scored == ["far", "urgent"]
    scorer.gate.set()
    assert urgent.result(WAIT_S).probability == pytest.approx(0.9)
    assert [future.result(WAIT_S).probability for future in futures] == pytest.approx([0.9] * 3)
    assert scorer.scored == ["far", "urgent", "near", "far", "farther"]
    assert (worker.counters.runs, worker.counters.interrupted) == (5, 1)


def test_equal_priorities_do_not_interrupt_each_other(worker: ScoringWorker, scorer: Gated) -> None:
    first = worker.submit("a", unit_of("a"), Priority.INTERACTIVE)
    scorer.wait_for_start()
    second = worker.submit("b", unit_of("b"), Priority.INTERACTIVE)
    scorer.gate.set()
    first.result(WAIT_S)
    second.result(WAIT_S)
    assert scorer.scored == ["a", "b"]


def test_a_run_that_was_pushed_aside_can_be_cancelled(worker: ScoringWorker, scorer: Gated) -> None:
    aside = worker.submit("a", unit_of("a"))
    scorer.wait_for_start()
    urgent = worker.submit("b", unit_of("b"), Priority.INTERACTIVE)
    scorer.wait_for_start()
    worker.cancel("a")
    assert isinstance(aside.exception(WAIT_S), Superseded)
    scorer.gate.set()
    urgent.result(WAIT_S)
    worker.submit("c", unit_of("c")).result(WAIT_S)
    assert scorer.scored == ["a", "b", "c"]


def test_asking_again_more_urgently_raises_the_priority(worker: ScoringWorker, scorer: Gated) -> None:
    futures = [worker.submit(name, unit_of(name), Priority.NEAR) for name in "abc"]
    scorer.wait_for_start()
    assert worker.submit("c", unit_of("c"), Priority.INTERACTIVE) is futures[2]
    scorer.gate.set()
    for future in futures:
        future.result(WAIT_S)
    assert scorer.scored == ["a", "c", "b"]


def test_the_scorer_is_closed_after_an_idle_time_and_opened_again_when_needed() -> None:
    opened, states, unloaded = [], [], threading.Event()

    def open_scorer() -> Scorer:
        opened.append(1)
        return FakeScorer()

    worker = ScoringWorker(open_scorer, idle_unload_s=0.01)
    worker.on_model.append(states.append)
    worker.on_model.append(lambda state: unloaded.set() if state is ModelState.UNLOADED else None)
    worker.submit("a", unit_of("a")).result(WAIT_S)
    assert unloaded.wait(WAIT_S)
    assert worker.counters.unloads == 1
    assert worker.info is not None
    assert worker.submit("a", unit_of("a")).result(WAIT_S).probability == pytest.approx(0.9)
    assert len(opened) == 1, "a score that is known needs no model"
    unloaded.clear()
    worker.submit("a", unit_of("b")).result(WAIT_S)
    assert len(opened) == 2
    assert states[:5] == [
        ModelState.LOADING,
        ModelState.READY,
        ModelState.UNLOADED,
        ModelState.LOADING,
        ModelState.READY,
    ]
    worker.close()


def test_reloading_forgets_scores_and_opens_another_model() -> None:
    first, second = Gated("first"), Gated("second")
    worker = ScoringWorker(lambda: first)
    first.gate.set()
    worker.submit("a", unit_of("a")).result(WAIT_S)
    first.wait_for_start()
    first.gate.clear()
    under_way = worker.submit("b", unit_of("b"))
    first.wait_for_start()
    second.gate.set()
    worker.reload(lambda: second)
    assert under_way.result(WAIT_S).probability == pytest.approx(0.9)
    worker.submit("a", unit_of("a")).result(WAIT_S)
    assert (first.scored, second.scored) == (["a", "b"], ["b", "a"])
    assert worker.info is not None
    assert worker.info.name == "second"
    worker.close()


def test_a_failure_to_open_is_told() -> None:
    def fail() -> Scorer:
        raise BundleMissing("no bundle")

    states: list[ModelState] = []
    worker = ScoringWorker(fail)
    worker.on_model.append(states.append)
    assert isinstance(worker.submit("a", unit_of("a")).exception(WAIT_S), BundleMissing)
    assert states == [ModelState.LOADING, ModelState.FAILED]
    worker.close()


def test_counters_tell_what_was_remembered() -> None:
    worker = ScoringWorker(FakeScorer)
    for solution in ("a b", "a b", "c"):
        worker.submit("key", unit_of(solution)).result(WAIT_S)
    counters = worker.counters
    assert (counters.runs, counters.remembered, counters.computed_tokens, counters.loads) == (2, 1, 4, 1)
    worker.configure(idle_unload_s=None, memo_limit_mb=0)
    worker.submit("key", unit_of("c")).result(WAIT_S)
    assert worker.counters.runs == 3
    worker.close()
