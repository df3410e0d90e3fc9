"""Tasks of the inference thread, such as text that is written: beside scores, interrupted, given up."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest

from codeodds.engine.api import Cancellation, Sampled, Scorer, Writing
from codeodds.engine.fake import FakeScorer
from codeodds.engine.worker import Priority, ScoringWorker
from codeodds.errors import BundleUnsupported, Superseded
from codeodds.types import Score, ScoringUnit

WAIT_S = 30
UNIT = ScoringUnit("def f():\n", "    return 1\n")
WRITING = Writing("def f():\n", samples=2, max_tokens=10)
FOUND = [Sampled("a b", finished=True), Sampled("c", finished=True)]


@pytest.fixture
def gate() -> threading.Event:
    return threading.Event()


@pytest.fixture
def scorer(gate: threading.Event) -> FakeScorer:
    return FakeScorer(gate=gate, writes=["a b", "c"])


@pytest.fixture
def worker(scorer: FakeScorer) -> Iterator[ScoringWorker]:
    worker = ScoringWorker(lambda: scorer)
    yield worker
    worker.close()


def test_what_is_written_comes_once_it_is_done(worker: ScoringWorker, gate: threading.Event) -> None:
    gate.set()
    assert worker.submit_task("write", WRITING).result(WAIT_S) == FOUND
    # Nothing of it is remembered as a score would be.
    assert worker.submit_task("write", WRITING).result(WAIT_S) == FOUND
    assert (worker.counters.runs, worker.counters.remembered) == (0, 0)


def test_equal_requests_that_wait_share_a_run_and_others_take_its_place(
    worker: ScoringWorker, scorer: FakeScorer, gate: threading.Event
) -> None:
    first = worker.submit_task("write", WRITING)
    assert worker.submit_task("write", WRITING) is first
    other = worker.submit_task("write", replace(WRITING, samples=1))
    with pytest.raises(Superseded):
        first.result(WAIT_S)
    gate.set()
    assert other.result(WAIT_S) == FOUND[:1]


def test_a_score_that_somebody_waits_for_goes_first_and_the_writing_begins_anew(
    worker: ScoringWorker, scorer: FakeScorer, gate: threading.Event
) -> None:
    told: list[list[Sampled]] = []
    begun = threading.Event()

    def progress(found: list[Sampled]) -> None:
        told.append(found)
        begun.set()

    written = worker.submit_task("write", replace(WRITING, progress=progress), Priority.NEAR)
    assert begun.wait(WAIT_S)
    score = worker.submit("score", UNIT, Priority.INTERACTIVE)
    gate.set()
    assert isinstance(score.result(WAIT_S), Score)
    assert written.result(WAIT_S) == FOUND
    assert told[-1] == FOUND
    assert len(scorer.writings) in (1, 2), "whether it was interrupted depends on who was quicker"


def test_a_writing_that_is_given_up_ends(worker: ScoringWorker, gate: threading.Event) -> None:
    begun = threading.Event()
    told: list[list[Sampled]] = []

    def progress(found: list[Sampled]) -> None:
        told.append(found)
        begun.set()

    written = worker.submit_task("write", replace(WRITING, progress=progress))
    assert begun.wait(WAIT_S)
    worker.cancel("write")
    with pytest.raises(Superseded):
        written.result(WAIT_S)
    assert told == [[Sampled("a", finished=False), Sampled("c", finished=True)]]
    gate.set()
    assert isinstance(worker.submit("score", UNIT).result(WAIT_S), Score), "the thread lives"


def test_a_scorer_that_can_not_write_says_so() -> None:
    worker = ScoringWorker(FakeScorer)
    with pytest.raises(BundleUnsupported, match="scores code and cannot write it"):
        worker.submit_task("write", WRITING).result(WAIT_S)
    worker.close()


def test_spare_work_gives_way_to_all_other_work_and_goes_on_later() -> None:
    gate, started = threading.Event(), threading.Event()
    scored = FakeScorer(gate=gate)
    calls: list[int] = []

    def task(scorer: Scorer, cancellation: Cancellation) -> str:
        calls.append(len(scored.calls))
        started.set()
        while len(calls) == 1:
            cancellation.raise_if_cancelled()
        return "done"

    worker = ScoringWorker(lambda: scored)
    spare = worker.submit_task("look", task, Priority.SPARE)
    assert started.wait(WAIT_S)
    assert worker.submit_task("look", task, Priority.SPARE) is spare
    gate.set()
    assert worker.submit("a", UNIT, Priority.BACKGROUND).result(WAIT_S).probability == pytest.approx(0.9)
    assert spare.result(WAIT_S) == "done"
    assert calls == [0, 1], "it was interrupted, and called again behind the score"
    worker.close()
