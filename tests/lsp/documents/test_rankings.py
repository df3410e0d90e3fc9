"""Rankings through the inference thread, without a client: what the time allows, and turns for others in between."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence

import pytest

from codeodds.engine.api import Cancellation
from codeodds.engine.fake import FakeScorer
from codeodds.engine.values import NOT_REACHED
from codeodds.engine.worker import Priority, ScoringWorker
from codeodds.errors import RankError, RequestTimeout, Superseded, UnitError
from codeodds.lsp.documents.rankings import rank_for
from codeodds.lsp.documents.scheduler import Documents
from codeodds.lsp.documents.text import Text
from codeodds.ranking.plan import SLICE_CANDIDATES, Context
from codeodds.types import Score, ScoringUnit

HEAD = Context("def f(x):\n")
MANY = [f"    return {number}\n" for number in range(2 * SLICE_CANDIDATES)]


class SlowScorer(FakeScorer):
    """Holds every batch but the first `free` ones."""

    def __init__(self, free: int) -> None:
        super().__init__()
        self._free = free
        self.batches = 0
        self.held = threading.Event()

    def score_batch(
        self, units: Sequence[ScoringUnit], cancellation: Cancellation | None = None
    ) -> list[Score | UnitError]:
        self.batches += 1
        if self.batches > self._free:
            self.held.set()
            gate = threading.Event()
            while not gate.wait(0.002):
                assert cancellation is not None
                cancellation.raise_if_cancelled()
        return super().score_batch(units, cancellation)


@pytest.fixture
def scorer() -> SlowScorer:
    return SlowScorer(free=1)


@pytest.fixture
def worker(scorer: SlowScorer) -> Iterator[ScoringWorker]:
    worker = ScoringWorker(lambda: scorer)
    yield worker
    worker.close()


async def test_what_was_not_reached_is_said(worker: ScoringWorker) -> None:
    found = await rank_for(Documents(worker), None, HEAD, MANY, limit_ms=400)
    reasons = [candidate.reason for candidate in found.ranking.candidates]
    assert not found.complete
    assert reasons == [None] * SLICE_CANDIDATES + [NOT_REACHED] * SLICE_CANDIDATES


async def test_no_score_in_time_is_an_error(worker: ScoringWorker, scorer: SlowScorer) -> None:
    await rank_for(Documents(worker), None, HEAD, MANY[:1], limit_ms=60_000)
    with pytest.raises(RequestTimeout, match="within 50 ms"):
        await rank_for(Documents(worker), None, HEAD, MANY[1:], limit_ms=50)


async def test_a_newer_document_ends_it(worker: ScoringWorker, scorer: SlowScorer) -> None:
    documents = Documents(worker)
    documents.store.waiting = True  # Nothing is scored by itself.
    documents.update("file:///a.py", 1, Text("x = 1\n"))
    document = documents.get("file:///a.py")
    running = asyncio.ensure_future(rank_for(documents, document, HEAD, MANY, limit_ms=60_000))
    await asyncio.to_thread(scorer.held.wait, 30)
    documents.update("file:///a.py", 2, Text("x = 2\n"))
    with pytest.raises(Superseded):
        await running
    with pytest.raises(Superseded, match="changed or closed"):
        await rank_for(documents, document, HEAD, MANY, limit_ms=60_000)
    documents.shutdown()


async def test_others_get_their_turn_between_slices(worker: ScoringWorker) -> None:
    gate = threading.Event()
    fake = FakeScorer(gate=gate)
    other = ScoringWorker(lambda: fake)
    running = asyncio.ensure_future(rank_for(Documents(other), None, HEAD, MANY, limit_ms=60_000))
    while not fake.calls:
        await asyncio.sleep(0.001)
    typed = other.submit("typing", ScoringUnit("", "typed"), Priority.INTERACTIVE)
    gate.set()
    assert (await running).complete
    assert typed.done()
    assert [unit.solution for unit in fake.calls].index("typed") == SLICE_CANDIDATES
    other.close()


async def test_scores_that_would_not_be_shown_alone_are_told_apart() -> None:
    worker = ScoringWorker(FakeScorer)
    found = await rank_for(Documents(worker), None, HEAD, ["    return 1\n"], limit_ms=60_000)
    assert found.unshown == {}
    short = await rank_for(Documents(worker), None, Context("", unfinished=True), ["x"], limit_ms=60_000)
    assert short.unshown == {0: "too short: 1 tokens, 4 are needed"}
    worker.close()


async def test_nothing_to_rank_is_an_error(worker: ScoringWorker) -> None:
    with pytest.raises(RankError):
        await rank_for(Documents(worker), None, HEAD, [], limit_ms=100)
