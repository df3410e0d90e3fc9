"""Lets candidates run for a ranking, if a request says so, the user's settings allow it, and the sandbox can isolate.

Nothing that runs code is imported before both have agreed. One request's candidates run at a time, in a thread that
waits for the sandbox's processes; others wait for their turn.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from codeodds.engine.api import Cancellation
from codeodds.errors import ExecutionError
from codeodds.lsp.documents.scheduler import Document, Documents
from codeodds.ranking.agreement import Observed
from codeodds.ranking.plan import Context
from codeodds.ranking.types import Ranking

NOT_ASKED = "the request does not say runCode"
NOTHING_SCORED = "no candidate was scored"
NOTHING_CALLED = "no candidate makes a function that can be called by itself"


@dataclass(frozen=True, slots=True)
class Runs:
    """A ranking, and what the candidates' runs had to do with it."""

    ranking: Ranking
    reason: str | None = None
    """Why nothing ran, or nothing of it counts, as words that complete "not run: ..."; None if they ran."""
    inputs: int = 0
    """Inputs that the candidates were compared on."""

    @property
    def ran(self) -> bool:
        """Whether the order is that of what the candidates did."""
        return self.reason is None


class CandidateRuns:
    """The one place of the language server from which code is run. On the event loop only."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._turn = asyncio.Lock()
        self._running: set[Cancellation] = set()

    def check(self, asked: bool) -> None:
        """Raises: ExecutionError if a request asks for runs that the user has not allowed.

        The settings of the whole server count: what a workspace folder says of them may be somebody else's word.
        """
        if asked and not self._documents.settings.run_code:
            raise ExecutionError(
                "candidates may not run: the setting run_code is off; switch it on in your user settings (those of a "
                "workspace say nothing here), or rank without runCode"
            )

    async def order(self, asked: bool, document: Document | None, context: Context, ranking: Ranking) -> Runs:
        """The ranking once the candidates ran, as `codeodds rank --run-code` has it; as it is if not `asked`.

        Candidates that were not scored do not run. After `run_code_timeout_ms` the ranking stays as it is.

        Raises: ExecutionError as `check`, and if the sandbox can't cut programs off from the machine: then nothing has
        run. Superseded when the document changes or closes meanwhile. Then, and when the caller is cancelled, no
        process is left.
        """
        self.check(asked)
        if not asked:
            return Runs(ranking, NOT_ASKED)
        texts = {
            candidate.index: context.beginning + candidate.text
            for candidate in ranking.candidates
            if candidate.probability is not None
        }
        if not texts:
            return Runs(ranking, NOTHING_SCORED)
        limit_ms = self._documents.settings.run_code_timeout_ms
        try:
            async with asyncio.timeout(limit_ms / 1000), self._turn:
                found = await self._observe(document, context.problem, list(texts.values()))
        except TimeoutError:
            return Runs(ranking, f"the time was up, run_code_timeout_ms = {limit_ms}; raise it, or give fewer")
        inputs = max((len(one.outputs) for one in found if one is not None), default=0)
        if not inputs:
            return Runs(ranking, NOTHING_CALLED)
        from codeodds.ranking.run import by_agreement

        observed = dict(zip(texts, found, strict=True))
        return Runs(by_agreement(ranking, [observed.get(index) for index in sorted(ranking.order)]), None, inputs)

    def close(self) -> None:
        """End what runs, from any thread."""
        for cancellation in tuple(self._running):
            cancellation.cancel()

    async def _observe(
        self, document: Document | None, problem: str, candidates: Sequence[str]
    ) -> list[Observed | None]:
        """Raises: ExecutionError, Superseded. Comes back only when all processes are gone."""
        cancellation = Cancellation()
        workers = min(self._documents.settings.threads, os.cpu_count() or 1)
        with ExitStack() as stack:
            if document is not None:
                self._documents.check_newest(document)
                stack.enter_context(self._documents.requests.stopped_by_change(document.uri, cancellation.cancel))
            self._running.add(cancellation)
            stack.callback(self._running.discard, cancellation)
            work = asyncio.ensure_future(asyncio.to_thread(_observe, problem, candidates, workers, cancellation))
            try:
                return await asyncio.shield(work)
            except asyncio.CancelledError:
                cancellation.cancel()
                await asyncio.wait({work})
                raise


def _observe(
    problem: str, candidates: Sequence[str], workers: int, cancellation: Cancellation
) -> list[Observed | None]:
    # Imported here, so that a server that runs nothing has nothing loaded that could.
    from codeodds.ranking.run import observe

    return observe(problem, candidates, workers, cancellation)
