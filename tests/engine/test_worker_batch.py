"""Batches through the inference worker: in order, remembered, cancelled, beside single units."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from codeodds.engine.fake import FakeScorer
from codeodds.engine.worker import Priority, ScoringWorker
from codeodds.errors import Superseded, UnitEmpty
from codeodds.types import Score, ScoringUnit

WAIT_S = 30
UNITS = [ScoringUnit("def f():\n", f"    return {number}\n") for number in range(3)]


@pytest.fixture
def gate() -> threading.Event:
    return threading.Event()


@pytest.fixture
def scorer(gate: threading.Event) -> FakeScorer:
    return FakeScorer(gate=gate)


@pytest.fixture
def worker(scorer: FakeScorer) -> Iterator[ScoringWorker]:
    worker = ScoringWorker(lambda: scorer)
    yield worker
    worker.close()


def test_outcomes_come_in_order_with_the_reasons_among_them(worker: ScoringWorker, gate: threading.Event) -> None:
    gate.set()
    units = [UNITS[0], ScoringUnit("def f():\n", ""), UNITS[1]]
    first, empty, second = worker.submit_batch("rank", units).result(WAIT_S)
    assert isinstance(first, Score)
    assert isinstance(empty, UnitEmpty)
    assert isinstance(second, Score)
    assert worker.submit_batch("none", []).result(WAIT_S) == []


def test_known_units_of_a_batch_do_not_run_again(
    worker: ScoringWorker, scorer: FakeScorer, gate: threading.Event
) -> None:
    gate.set()
    one = worker.submit("one", UNITS[1]).result(WAIT_S)
    outcomes = worker.submit_batch("rank", UNITS).result(WAIT_S)
    assert outcomes[1] is one
    assert scorer.calls == [UNITS[1], UNITS[0], UNITS[2]]
    assert worker.submit("two", UNITS[2]).result(WAIT_S) is outcomes[2]
    assert worker.submit_batch("again", UNITS).result(WAIT_S) == outcomes
    assert (worker.counters.runs, worker.counters.remembered) == (3, 5)


def test_a_batch_can_be_given_up_and_is_superseded_by_a_newer_one(worker: ScoringWorker, gate: threading.Event) -> None:
    given_up = worker.submit_batch("a", UNITS)
    worker.cancel("a")
    with pytest.raises(Superseded):
        given_up.result(WAIT_S)
    older, newer = worker.submit_batch("b", UNITS), worker.submit_batch("b", UNITS[:2])
    assert worker.submit_batch("b", UNITS[:2]) is newer
    gate.set()
    with pytest.raises(Superseded):
        older.result(WAIT_S)
    assert len(newer.result(WAIT_S)) == 2


def test_a_batch_of_one_is_not_the_single_unit_of_its_key(worker: ScoringWorker, gate: threading.Event) -> None:
    single = worker.submit("a", UNITS[0])
    batch = worker.submit_batch("a", UNITS[:1])
    gate.set()
    with pytest.raises(Superseded):
        single.result(WAIT_S)
    assert len(batch.result(WAIT_S)) == 1


def test_a_batch_that_was_pushed_aside_goes_on(
    worker: ScoringWorker, scorer: FakeScorer, gate: threading.Event
) -> None:
    batch = worker.submit_batch("rank", UNITS, Priority.NEAR)
    while not scorer.calls:
        pass
    urgent = worker.submit("typing", ScoringUnit("", "x"), Priority.INTERACTIVE)
    gate.set()
    assert isinstance(urgent.result(WAIT_S), Score)
    assert len(batch.result(WAIT_S)) == 3
