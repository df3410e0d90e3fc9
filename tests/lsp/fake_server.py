"""A server process whose scorer needs no model: the value falls by 0.6 at the word BUG. Started by the tests.

``--gate`` holds every score until the client sends ``test/release``, and answers what was asked of the scorer. With
``--crash``, opening the scorer fails in a way that nobody foresaw; with ``--log LEVEL``, everything from that level on
goes to stderr; with ``--write TEXT TEXT ...`` the scorer writes these samples; with any other argument, opening the
scorer fails with that as its sentence.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from dataclasses import asdict
from typing import Any

from codeodds.engine.api import Scorer, ScorerOptions
from codeodds.engine.fake import FakeScorer
from codeodds.errors import BundleMissing
from codeodds.lsp import parent
from codeodds.lsp.server import create_server, run_stdio

POLL_S = 0.005
parent.LOOK_EVERY_S = 0.05


def open_scorer(options: ScorerOptions) -> Scorer:
    if sys.argv[1:] == ["--crash"]:
        raise RuntimeError("a text that may quote code")
    if sys.argv[1:2] == ["--write"]:
        return FakeScorer(writes=sys.argv[2:])
    if sys.argv[1:] and sys.argv[1] != "--log":
        raise BundleMissing(sys.argv[1])
    return FakeScorer()


def run_gated() -> None:
    gate = threading.Event()
    scorer = FakeScorer(gate=gate)
    server = create_server(lambda options: scorer)

    @server.feature("test/release")
    def release(params: Any) -> None:
        gate.set()

    @server.feature("test/calls")
    def calls(params: Any) -> list[str]:
        return [unit.solution for unit in scorer.calls]

    @server.feature("test/problems")
    def problems(params: Any) -> list[str]:
        return [unit.problem for unit in scorer.calls]

    @server.feature("test/called")
    async def called(params: Any) -> list[str]:
        while len(scorer.calls) < params[0]:
            await asyncio.sleep(POLL_S)
        return [unit.solution for unit in scorer.calls]

    @server.feature("test/counters")
    def counters(params: Any) -> dict[str, int]:
        return asdict(server.documents.worker.counters)

    @server.feature("test/held")
    def held(params: Any) -> int:
        return len(server.protocol._request_futures)

    server.start_io()


if __name__ == "__main__":
    if sys.argv[1:] == ["--gate"]:
        run_gated()
    else:
        run_stdio(open_scorer, sys.argv[2] if sys.argv[1:2] == ["--log"] else "warning")
