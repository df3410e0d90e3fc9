"""The inference worker: latest wins, equal units are scored once, the thread lives through everything.

No test waits for time to pass: the scorer tells when a run starts, and a gate says when it may end.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future

import pytest

from codeodds.engine import memo as memo_module
from codeodds.engine.api import Cancellation, Scorer, ScorerInfo
from codeodds.engine.fake import FakeScorer
from codeodds.engine.worker import ScoringWorker
from codeodds.errors import BundleMissing, CodeoddsError, EngineError, Superseded, UnitEmpty
from codeodds.types import Score, ScoringUnit

WAIT_S = 30
"""A test that waits longer than this hangs; nothing is measured."""


class Watched:
    """A fake scorer that tells when each run starts. The gate is open unless a test closes it."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.threads: set[int] = set()
        self._fake = FakeScorer(gate=self.gate)
        self._started = threading.Semaphore(0)

    @property
    def info(self) -> ScorerInfo:
        return self._fake.info

    @property
    def scored(self) -> list[str]:
        return [unit.solution for unit in self._fake.calls]

    def score(self, unit: ScoringUnit, cancellation: Cancellation | None = None) -> Score:
        self.threads.add(threading.get_ident())
        self._started.release()
        if unit.solution == "CRASH":
            raise RuntimeError("secret_code()")
        return self._fake.score(unit, cancellation)

    def wait_for_start(self) -> None:
        assert self._started.acquire(timeout=WAIT_S)


@pytest.fixture
def scorer() -> Watched:
    return Watched()


@pytest.fixture
def worker(scorer: Watched) -> Iterator[ScoringWorker]:
    worker = ScoringWorker(lambda: scorer)
    yield worker
    scorer.gate.set()
    worker.close()


def unit_of(solution: str) -> ScoringUnit:
    return ScoringUnit("def f():\n", solution)


def failing_times(times: int, error: Exception, scorer: Scorer) -> Callable[[], Scorer]:
    """Opens a scorer at last, after failing some times."""
    left = [error] * times

    def open_scorer() -> Scorer:
        if left:
            raise left.pop()
        return scorer

    return open_scorer


def test_scores_in_one_thread_of_its_own(worker: ScoringWorker, scorer: Watched) -> None:
    assert worker.info is None
    futures = [worker.submit(str(index), unit_of(f"return {index}")) for index in range(5)]
    assert [future.result(WAIT_S).probability for future in futures] == pytest.approx([0.9] * 5)
    assert scorer.scored == [f"return {index}" for index in range(5)]
    assert len(scorer.threads) == 1
    assert threading.get_ident() not in scorer.threads
    assert worker.info == scorer.info


def test_of_queued_requests_with_one_key_only_the_newest_is_scored(worker: ScoringWorker, scorer: Watched) -> None:
    scorer.gate.clear()
    other = worker.submit("other", unit_of("other"))
    scorer.wait_for_start()
    older = [worker.submit("a", unit_of(f"old {index}")) for index in range(20)]
    newest = worker.submit("a", unit_of("new BUG"))
    assert all(isinstance(future.exception(WAIT_S), Superseded) for future in older)
    scorer.gate.set()
    assert newest.result(WAIT_S).probability == pytest.approx(0.3)
    assert other.result(WAIT_S).probability == pytest.approx(0.9)
    assert scorer.scored == ["other", "new BUG"]


def test_a_newer_request_ends_a_running_one(worker: ScoringWorker, scorer: Watched) -> None:
    scorer.gate.clear()
    old = worker.submit("a", unit_of("old"))
    scorer.wait_for_start()
    new = worker.submit("a", unit_of("new"))
    # The gate is still closed: only cancellation can have ended the older run.
    assert isinstance(old.exception(WAIT_S), Superseded)
    scorer.wait_for_start()
    assert not new.done()
    scorer.gate.set()
    assert new.result(WAIT_S).probability == pytest.approx(0.9)
    assert scorer.scored == ["old", "new"]


def test_the_same_request_again_gets_the_same_future(worker: ScoringWorker, scorer: Watched) -> None:
    scorer.gate.clear()
    running = worker.submit("a", unit_of("a"))
    scorer.wait_for_start()
    assert worker.submit("a", unit_of("a")) is running
    queued = worker.submit("b", unit_of("b"))
    assert worker.submit("b", unit_of("b")) is queued
    scorer.gate.set()
    assert queued.result(WAIT_S).probability == pytest.approx(0.9)
    assert scorer.scored == ["a", "b"]


def test_going_back_to_what_runs_gives_up_what_waits(worker: ScoringWorker, scorer: Watched) -> None:
    scorer.gate.clear()
    first = worker.submit("a", unit_of("a"))
    scorer.wait_for_start()
    second, third = worker.submit("a", unit_of("b")), worker.submit("a", unit_of("a"))
    assert isinstance(first.exception(WAIT_S), Superseded)
    assert isinstance(second.exception(WAIT_S), Superseded)
    scorer.gate.set()
    assert third.result(WAIT_S).probability == pytest.approx(0.9)


def test_equal_units_are_scored_once(worker: ScoringWorker, scorer: Watched) -> None:
    scorer.gate.clear()
    futures = [worker.submit(key, unit_of("a")) for key in "abc"]
    scorer.gate.set()
    scores = [future.result(WAIT_S) for future in futures]
    later = worker.submit("d", unit_of("a"))
    assert later.done()
    assert all(score is scores[0] for score in [*scores, later.result()])
    assert scorer.scored == ["a"]
    worker.submit("a", ScoringUnit("another problem", "a")).result(WAIT_S)
    assert scorer.scored == ["a", "a"]


def test_a_known_score_takes_the_place_of_an_older_request(worker: ScoringWorker, scorer: Watched) -> None:
    known = worker.submit("a", unit_of("known")).result(WAIT_S)
    scorer.wait_for_start()
    scorer.gate.clear()
    old = worker.submit("a", unit_of("old"))
    scorer.wait_for_start()
    assert worker.submit("a", unit_of("known")).result(WAIT_S) is known
    assert isinstance(old.exception(WAIT_S), Superseded)


def test_the_oldest_score_is_forgotten_first(
    worker: ScoringWorker, scorer: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memo_module, "MEMO_SCORES", 2)
    for solution in ("a", "b", "a", "c", "a", "b"):
        worker.submit("key", unit_of(solution)).result(WAIT_S)
    assert scorer.scored == ["a", "b", "c", "b"]


def test_cancelling_ends_what_waits_and_what_runs(worker: ScoringWorker, scorer: Watched) -> None:
    scorer.gate.clear()
    running = worker.submit("a", unit_of("a"))
    scorer.wait_for_start()
    waiting, other = worker.submit("b", unit_of("b")), worker.submit("c", unit_of("c"))
    worker.cancel("b")
    assert isinstance(waiting.exception(WAIT_S), Superseded)
    worker.cancel("a")
    assert isinstance(running.exception(WAIT_S), Superseded)
    worker.cancel("nothing has this key")
    scorer.gate.set()
    assert other.result(WAIT_S).probability == pytest.approx(0.9)
    again = worker.submit("a", unit_of("a"))
    assert again.result(WAIT_S).probability == pytest.approx(0.9)
    assert scorer.scored == ["a", "c", "a"]


def test_a_future_that_its_owner_cancelled_harms_nothing(worker: ScoringWorker, scorer: Watched) -> None:
    scorer.gate.clear()
    running, waiting = worker.submit("a", unit_of("a")), worker.submit("b", unit_of("b"))
    scorer.wait_for_start()
    assert running.cancel()
    assert waiting.cancel()
    scorer.gate.set()
    assert worker.submit("c", unit_of("c")).result(WAIT_S).probability == pytest.approx(0.9)


def test_closing_fails_what_is_pending_and_what_comes_later(worker: ScoringWorker, scorer: Watched) -> None:
    known = unit_of("known")
    worker.submit("a", known).result(WAIT_S)
    scorer.wait_for_start()
    scorer.gate.clear()
    futures = [worker.submit("a", unit_of("a")), worker.submit("b", unit_of("b"))]
    scorer.wait_for_start()
    worker.close()
    futures += [worker.submit("c", unit_of("c")), worker.submit("a", known)]
    assert all(isinstance(future.exception(0), Superseded) for future in futures)
    worker.close()
    assert "b" not in scorer.scored


def test_closing_from_a_callback_does_not_wait_for_itself(worker: ScoringWorker, scorer: Watched) -> None:
    scorer.gate.clear()
    closed = threading.Event()
    future = worker.submit("a", unit_of("a"))
    future.add_done_callback(lambda _: (worker.close(), closed.set()))
    scorer.gate.set()
    assert closed.wait(WAIT_S)
    assert isinstance(worker.submit("b", unit_of("b")).exception(0), Superseded)


def test_a_callback_may_submit(worker: ScoringWorker, scorer: Watched) -> None:
    scorer.gate.clear()
    submitted: queue.Queue[Future[Score]] = queue.Queue()
    old = worker.submit("a", unit_of("old"))
    old.add_done_callback(lambda _: submitted.put(worker.submit("b", unit_of("b"))))
    worker.submit("a", unit_of("new"))
    scorer.gate.set()
    assert submitted.get(timeout=WAIT_S).result(WAIT_S).probability == pytest.approx(0.9)


def test_what_the_scorer_says_of_a_unit_fails_that_unit_only(worker: ScoringWorker) -> None:
    empty, fine = worker.submit("a", unit_of("")), worker.submit("b", unit_of("b"))
    assert isinstance(empty.exception(WAIT_S), UnitEmpty)
    assert fine.result(WAIT_S).probability == pytest.approx(0.9)


@pytest.mark.parametrize("error", [BundleMissing("no bundle at x"), EngineError("no memory")])
def test_a_failure_to_open_fails_the_request_and_a_later_one_tries_again(error: CodeoddsError, scorer: Watched) -> None:
    worker = ScoringWorker(failing_times(2, error, scorer))
    for _ in range(2):
        assert worker.submit("a", unit_of("a")).exception(WAIT_S) is error
        assert worker.info is None
    assert worker.submit("a", unit_of("a")).result(WAIT_S).probability == pytest.approx(0.9)
    worker.close()


def test_the_scorer_is_opened_once_and_only_when_needed(scorer: Watched) -> None:
    opened = []

    def open_scorer() -> Scorer:
        opened.append(threading.get_ident())
        return scorer

    ScoringWorker(open_scorer).close()
    assert opened == []
    worker = ScoringWorker(open_scorer)
    for solution in "abc":
        worker.submit("a", unit_of(solution)).result(WAIT_S)
    assert len(opened) == 1
    assert set(opened) == scorer.threads
    worker.close()


def test_an_unforeseen_error_becomes_an_engine_error_without_its_text(
    worker: ScoringWorker, scorer: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        error = worker.submit("secret_key", unit_of("CRASH")).exception(WAIT_S)
        assert worker.submit("a", unit_of("a")).result(WAIT_S).probability == pytest.approx(0.9)
    assert isinstance(error, EngineError)
    assert "RuntimeError" in str(error)
    assert "secret" not in str(error)
    assert [record.getMessage() for record in caplog.records] == ["scoring failed: RuntimeError"]
    assert "secret" not in caplog.text
    assert len(scorer.threads) == 1


def test_an_unforeseen_error_of_opening_is_tried_again(scorer: Watched) -> None:
    worker = ScoringWorker(failing_times(1, ValueError("secret"), scorer))
    error = worker.submit("a", unit_of("a")).exception(WAIT_S)
    assert isinstance(error, EngineError)
    assert "secret" not in str(error)
    assert worker.submit("a", unit_of("a")).result(WAIT_S).probability == pytest.approx(0.9)
    worker.close()


def test_nothing_is_logged_when_all_goes_well(
    worker: ScoringWorker, scorer: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        scorer.gate.clear()
        old = worker.submit("a", unit_of("old"))
        new = worker.submit("a", unit_of("new"))
        scorer.gate.set()
        new.result(WAIT_S)
        old.exception(WAIT_S)
    assert caplog.records == []
