"""Scores a document's functions for clients that ask. What is known when the time is up counts: the rest is reported as
not reached, and a second request goes on from there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from codeodds.engine.values import NOT_REACHED
from codeodds.engine.worker import Priority
from codeodds.errors import RequestTimeout
from codeodds.lsp.documents.document import Document, FunctionScore, touches, unscored
from codeodds.lsp.documents.scheduler import Documents
from codeodds.source.functions import unscored_because

EACH_MORE = 0.1
"""Each function without a score, after the first, lengthens the limit by this share of the setting."""

LONGEST_S = 600.0
"""The limit grows to no more than this, in seconds."""


@dataclass(frozen=True, slots=True)
class TimedScores:
    """What is known of functions, and whether the time was enough for all of them."""

    scored: tuple[FunctionScore, ...]
    complete: bool


Listener = Callable[[Sequence[FunctionScore], int, int], None]
"""Takes what is known newly, how many functions were scored so far, and how many have to be."""


def ignore(news: Sequence[FunctionScore], done: int, total: int) -> None:
    """For callers that wait for the whole."""


async def score_for(
    documents: Documents,
    document: Document,
    line: int | None,
    last_line: int | None = None,
    listener: Listener = ignore,
) -> TimedScores:
    """Score a document's functions, or only those that touch the lines from `line` to `last_line`.

    `last_line`: the same as `line` if None. `listener` hears of every function once.

    Raises: BundleError, EngineError; RequestTimeout if the time was up before anything was scored; Superseded at
    shutdown, and when the document changes or closes meanwhile. When the caller is cancelled, so are the runs.
    """
    limit_ms = documents.settings_for(document.uri).request_timeout_ms
    scored: list[FunctionScore] = []
    try:
        async with asyncio.timeout(limit_ms / 1000) as limit:
            functions = await documents.functions_of(document)
            if line is not None:
                last = line if last_line is None else last_line
                functions = [item for item in functions if touches(item, line, last)]
            scored = await documents.first_look(document, functions)
            waiting = [index for index, item in enumerate(scored) if item.pending]
            limit.reschedule(asyncio.get_running_loop().time() + limit_s(limit_ms, len(waiting)))
            listener([item for item in scored if not item.pending], 0, len(waiting))
            with documents.requests.held(document.uri, len(waiting)) as keys:
                for done, (key, index) in enumerate(zip(keys, waiting, strict=True), start=1):
                    documents.check_newest(document)
                    scored[index] = await documents.score_one(key, functions[index], Priority.INTERACTIVE)
                    listener([scored[index]], done, len(waiting))
    except TimeoutError as error:
        if all(item.pending or unscored_because(item.function) is not None for item in scored):
            raise RequestTimeout(
                f"nothing was scored within {limit_ms} ms: the machine is busy; ask again, or ask for one function"
            ) from error
        rest = {index: unscored(item.function, NOT_REACHED) for index, item in enumerate(scored) if item.pending}
        listener(list(rest.values()), len(waiting) - len(rest), len(waiting))
        return TimedScores(tuple(rest.get(index, item) for index, item in enumerate(scored)), complete=False)
    return TimedScores(tuple(scored), complete=True)


def limit_s(limit_ms: float, waiting: int) -> float:
    """How long a request may take that has to score so many functions, in seconds. `limit_ms`: the setting."""
    return min(LONGEST_S, limit_ms / 1000 * (1 + EACH_MORE * max(0, waiting - 1)))
