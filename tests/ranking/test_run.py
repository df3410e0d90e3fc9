"""Candidates that run: what they agree on, examples, and the order that follows. Candidates run in the real sandbox."""

from __future__ import annotations

import threading
from pathlib import Path

import msgspec
import pytest

from codeodds.engine.api import Cancellation
from codeodds.engine.fake import FakeScorer
from codeodds.errors import ExecutionError, Superseded
from codeodds.execution.pool import Pool, WorkerProcess
from codeodds.execution.shown import doctest_examples
from codeodds.execution.verdict import Job, Outcome
from codeodds.ranking.agreement import Observed, agreement_shares, places
from codeodds.ranking.rank import rank
from codeodds.ranking.run import by_agreement, observe

HEAD = "def double(x: int):\n"
WITH_EXAMPLE = HEAD + '    """Double.\n\n    >>> double(3)\n    6\n    """\n'


def test_a_vote_is_the_share_of_the_values_of_all_that_do_the_same() -> None:
    observed = [Observed(("=1",)), Observed(("=2",)), Observed(("=1",)), None, Observed(("!ValueError",)), Observed(())]
    assert agreement_shares(observed, [0.2, 0.5, 0.2, 0.1, 0.9, None]) == [
        pytest.approx(0.4 / 1.9),
        pytest.approx(0.5 / 1.9),
        pytest.approx(0.4 / 1.9),
        None,
        0.0,
        None,
    ]


def test_examples_come_before_votes_and_votes_before_values() -> None:
    observed = [Observed(("=1",), (False,)), Observed(("=2",), (True,)), Observed(("=1",), (False,)), None]
    found = places(observed, [0.9, 0.1, 0.8, None])
    assert [found.index(place) for place in sorted((p for p in found if p is not None), reverse=True)] == [1, 0, 2]
    assert found[3] is None


def test_candidates_that_agree_stand_before_a_more_probable_one_that_does_not() -> None:
    scorer = FakeScorer({"BUG": 0.3})
    bodies = ["    return x * x * x\n", "    return x + x  # BUG\n", "    return 2 * x  # BUG\n"]
    ranking = rank(scorer, HEAD, bodies)
    assert ranking.order == (0, 1, 2)
    ran = by_agreement(ranking, observe(HEAD, bodies))
    assert ran.order == (1, 2, 0)
    total = 0.9 + 0.6 + 0.6
    assert [candidate.agreement for candidate in ran.candidates] == [
        pytest.approx(1.2 / total),
        pytest.approx(1.2 / total),
        pytest.approx(0.9 / total),
    ]
    assert [candidate.examples_passed for candidate in ran.candidates] == [None, None, None]


def test_an_example_outweighs_the_majority() -> None:
    bodies = ["    return x\n", "    return +x\n", "    return 2 * x\n", "    return (\n", "    raise SystemExit\n"]
    ran = by_agreement(rank(FakeScorer(), WITH_EXAMPLE, bodies), observe(WITH_EXAMPLE, bodies))
    assert ran.order == (2, 0, 1, 4, 3)
    assert [candidate.examples_passed for candidate in ran.candidates] == [1.0, 0.0, 0.0, 0.0, 0.0]


def test_without_a_function_to_call_nothing_runs_and_the_order_stays() -> None:
    ranking = rank(FakeScorer(), "x = 1\n", ["y = BUG\n", "y = x\n"])
    observed = observe("x = 1\n", ["y = BUG\n", "y = x\n"])
    assert observed == [None, None]
    assert by_agreement(ranking, observed) is ranking


def test_only_literal_results_of_plain_calls_are_examples() -> None:
    text = ">>> f(1, [2])\n(3, 'a')\n>>> f(x)\n4\n>>> f(1) + 1\n5\n>>> g(1)\n6\n>>> f(7)\nTraceback:\n>>> f(8)"
    assert doctest_examples(text, "f") == [((1, [2]), (3, "a"))]


def test_without_namespaces_it_refuses_before_anything_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    with Pool(1, namespaces=False) as weak, pytest.raises(ExecutionError, match="rank without running the candidates"):
        weak.require_namespaces()
    ran: list[object] = []
    monkeypatch.setattr("codeodds.ranking.run.Pool", lambda workers, **_: Pool(workers, namespaces=False))
    monkeypatch.setattr(Pool, "judge", lambda *arguments: ran.append(arguments))
    with pytest.raises(ExecutionError, match="namespaces"):
        observe(HEAD, ["    return x\n"])
    assert ran == []


def test_once_cancelled_nothing_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[object] = []
    monkeypatch.setattr("codeodds.execution.pool.subprocess.Popen", lambda *command, **_: started.append(command))
    cancellation = Cancellation()
    cancellation.cancel()
    with pytest.raises(Superseded):
        observe(HEAD, ["    return x\n"], cancellation=cancellation)
    assert started == []


def test_a_cancellation_ends_a_candidate_that_never_would(monkeypatch: pytest.MonkeyPatch) -> None:
    cancellation = Cancellation()
    judge = WorkerProcess.judge

    def cancelled_meanwhile(worker: WorkerProcess, job: Job) -> Outcome:
        threading.Timer(0.2, cancellation.cancel).start()
        return judge(worker, msgspec.structs.replace(job, time_limit_s=3_600))

    monkeypatch.setattr(WorkerProcess, "judge", cancelled_meanwhile)
    with pytest.raises(Superseded):
        observe(HEAD, ["    while True:\n        pass\n"], cancellation=cancellation)


def test_no_folder_is_left(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (found,) = observe(HEAD, ["    return x\n"])
    assert found is not None
    assert len(found.outputs) == 12
    assert list(tmp_path.iterdir()) == []
