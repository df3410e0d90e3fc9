"""Ranks candidates for clients: slice by slice through the inference thread, so that typing gets its turn in between.

What is known when the time is up counts: the rest is reported as not reached.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from codeodds.engine.values import not_shown_because
from codeodds.engine.worker import Priority
from codeodds.errors import RequestTimeout
from codeodds.lsp.documents.document import Document
from codeodds.lsp.documents.requests import outcome
from codeodds.lsp.documents.scheduler import Documents
from codeodds.ranking.plan import Context, Outcome, Plan
from codeodds.ranking.types import Ranking
from codeodds.types import Score

NO_DOCUMENT = ""
"""In place of a URI: a request about a text that the client sent."""


@dataclass(frozen=True, slots=True)
class TimedRanking:
    """A ranking, and whether the time was enough for all of it."""

    ranking: Ranking
    complete: bool
    unshown: Mapping[int, str]
    """Why a score would be kept back if it stood alone, by index of the candidate, as `not_shown_because` has it."""


async def rank_for(
    documents: Documents, document: Document | None, context: Context, candidates: Sequence[str], limit_ms: float
) -> TimedRanking:
    """Rank candidates that go on from `context`, for a version of a document if there is one.

    Raises: RankError for no candidates or too many; RequestTimeout if the time was up before anything was scored;
    Superseded when the document changes or closes meanwhile, and at shutdown; BundleError, EngineError. When the caller
    is cancelled, so is the run.
    """
    outcomes: dict[int, Outcome] = {}
    plan: Plan | None = None
    try:
        async with asyncio.timeout(limit_ms / 1000):
            # Candidates are parsed, which takes a while for many of them.
            plan = await asyncio.to_thread(Plan, context, candidates)
            await _score(documents, document, plan, outcomes)
    except TimeoutError as error:
        if plan is None or not outcomes:
            raise RequestTimeout(
                f"no candidate was scored within {limit_ms:.0f} ms; give fewer candidates, or ask again"
            ) from error
        return TimedRanking(plan.ranking(outcomes), complete=False, unshown=_unshown(documents, outcomes))
    return TimedRanking(plan.ranking(outcomes), complete=True, unshown=_unshown(documents, outcomes))


async def _score(documents: Documents, document: Document | None, plan: Plan, outcomes: dict[int, Outcome]) -> None:
    """Fills `outcomes` as they come."""
    worker = documents.worker
    for part in plan.slices():
        if document is not None:
            documents.check_newest(document)
        with documents.requests.held(NO_DOCUMENT if document is None else document.uri, 1) as keys:
            found = await outcome(worker.submit_batch(keys[0], list(part.values()), Priority.INTERACTIVE))
        outcomes.update(zip(part, found, strict=True))
    if document is not None:
        documents.check_newest(document)


def _unshown(documents: Documents, outcomes: Mapping[int, Outcome]) -> dict[int, str]:
    info = documents.worker.info
    if info is None:
        return {}
    scores = {index: found for index, found in outcomes.items() if isinstance(found, Score)}
    reasons = {index: not_shown_because(score, info) for index, score in scores.items()}
    return {index: reason for index, reason in reasons.items() if reason is not None}
