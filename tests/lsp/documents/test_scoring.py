"""Scores on request through the inference thread, without a client: what is known when the time is up counts."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import pytest

from codeodds.engine.api import Cancellation
from codeodds.engine.fake import FakeScorer
from codeodds.engine.values import NOT_REACHED
from codeodds.engine.worker import ScoringWorker
from codeodds.errors import RequestTimeout, Superseded
from codeodds.lsp.documents.document import Document, FunctionScore
from codeodds.lsp.documents.scheduler import Documents
from codeodds.lsp.documents.scoring import limit_s, score_for
from codeodds.lsp.documents.text import Text
from codeodds.types import Score, ScoringUnit

URI = "file:///a.py"
TEXT = "def stub():\n    ...\n\n\n" + "\n\n".join(
    f"def f{number}(a):\n    return a + {number}\n" for number in range(6)
)
STUB = "it is a stub"


class PatientScorer(FakeScorer):
    """Holds every score but the first `free` ones, until it is cancelled."""

    def __init__(self) -> None:
        super().__init__()
        self.free = 0

    def score(self, unit: ScoringUnit, cancellation: Cancellation | None = None) -> Score:
        self.free -= 1
        while self.free < 0:
            time.sleep(0.002)
            assert cancellation is not None
            cancellation.raise_if_cancelled()
        return super().score(unit, cancellation)


class Heard:
    """What a listener was told."""

    def __init__(self) -> None:
        self.news: list[list[str]] = []
        self.counts: list[tuple[int, int]] = []

    def __call__(self, news: Sequence[FunctionScore], done: int, total: int) -> None:
        self.news.append([item.function.name for item in news])
        self.counts.append((done, total))


@pytest.fixture
def scorer() -> PatientScorer:
    return PatientScorer()


@pytest.fixture
def documents(scorer: PatientScorer) -> Iterator[Documents]:
    worker = ScoringWorker(lambda: scorer)
    documents = Documents(worker)
    documents.store.replace({"enable": False, "request_timeout_ms": 600_000}, {})
    yield documents
    worker.close()


def hurry(documents: Documents) -> None:
    documents.store.replace({"enable": False, "request_timeout_ms": 1_000}, {})


def opened(documents: Documents, text: str = TEXT, version: int = 1) -> Document:
    documents.update(URI, version, Text(text))
    document = documents.get(URI)
    assert document is not None
    return document


async def test_all_in_time_is_complete(documents: Documents, scorer: PatientScorer) -> None:
    scorer.free = 6
    heard = Heard()
    found = await score_for(documents, opened(documents), None, listener=heard)
    assert found.complete
    assert [item.reason for item in found.scored] == [STUB] + [None] * 6
    assert heard.news == [["stub"], *([f"f{number}"] for number in range(6))]
    assert heard.counts == [(done, 6) for done in range(7)]


@pytest.mark.parametrize("scored", [1, 3, 5])
async def test_what_is_known_when_the_time_is_up_counts(
    documents: Documents, scorer: PatientScorer, scored: int
) -> None:
    hurry(documents)
    scorer.free = scored
    heard = Heard()
    found = await score_for(documents, opened(documents), None, listener=heard)
    assert not found.complete
    assert [item.reason for item in found.scored] == [STUB] + [None] * scored + [NOT_REACHED] * (6 - scored)
    assert [item.probability is not None for item in found.scored[1:]] == [True] * scored + [False] * (6 - scored)
    # Every function once, those that were not reached together at the end.
    assert [name for names in heard.news for name in names] == [item.function.name for item in found.scored]
    assert heard.counts[-1] == (scored, 6)


async def test_a_second_request_goes_on_where_the_first_ended(documents: Documents, scorer: PatientScorer) -> None:
    hurry(documents)
    document = opened(documents)
    scorer.free = 2
    assert not (await score_for(documents, document, None)).complete
    documents.store.replace({"enable": False, "request_timeout_ms": 600_000}, {})
    scorer.free = 4
    heard = Heard()
    assert (await score_for(documents, document, None, listener=heard)).complete
    assert heard.news[0] == ["stub", "f0", "f1"]
    assert heard.counts == [(done, 4) for done in range(5)]
    assert len(scorer.calls) == 6


async def test_nothing_scored_in_time_is_an_error(documents: Documents) -> None:
    hurry(documents)
    with pytest.raises(RequestTimeout, match="nothing was scored within 1000 ms: the machine is busy"):
        await score_for(documents, opened(documents), None)


async def test_nothing_to_score_is_complete(documents: Documents) -> None:
    found = await score_for(documents, opened(documents, "def stub():\n    ...\n"), None)
    assert (found.complete, [item.reason for item in found.scored]) == (True, [STUB])


async def test_only_the_functions_of_the_lines_count(documents: Documents, scorer: PatientScorer) -> None:
    scorer.free = 2
    found = await score_for(documents, opened(documents), 4, 9)
    assert found.complete
    assert [item.function.name for item in found.scored] == ["f0", "f1"]


async def test_a_text_that_is_changed_has_no_answer(documents: Documents, scorer: PatientScorer) -> None:
    document = opened(documents)
    scorer.free = 1

    def change(news: Sequence[FunctionScore], done: int, total: int) -> None:
        if done == 1:
            opened(documents, "x = 1\n", 2)

    with pytest.raises(Superseded):
        await score_for(documents, document, None, listener=change)


@pytest.mark.parametrize(
    ("limit_ms", "waiting", "seconds"),
    [(10_000, 0, 10), (10_000, 1, 10), (10_000, 11, 20), (10_000, 200, 209), (10_000, 100_000, 600), (600_000, 9, 600)],
)
def test_the_limit_grows_with_the_work(limit_ms: int, waiting: int, seconds: float) -> None:
    assert limit_s(limit_ms, waiting) == pytest.approx(seconds)
