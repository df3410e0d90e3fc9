"""A server process whose scorer needs no model: the value falls by 0.6 at the word BUG. Started by the tests.

``--gate`` holds every score until the client sends ``test/release``, and answers what was asked of the scorer. With
``--crash``, opening the scorer fails in a way that nobody foresaw; with ``--stuck`` it never ends. With
``--log LEVEL``, everything from that level on goes to stderr; with ``--slices N``, only so many batches are ever
scored; with ``--write TEXT TEXT ...`` the scorer writes these samples; with ``--odds`` it can compare. With any other
argument, opening the scorer fails with that as its sentence.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec
from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException

from codeodds.engine.api import Cancellation, Scorer, ScorerOptions
from codeodds.engine.fake import FakeScorer
from codeodds.errors import BundleMissing, UnitError
from codeodds.lsp import setup
from codeodds.lsp.protocol import connection
from codeodds.lsp.settings import fields
from codeodds.lsp.setup import create_server, run_stdio
from codeodds.types import Score, ScoringUnit

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.odds.comparing import ComparingScorer

POLL_S = 0.005
connection.LOOK_EVERY_S = 0.05
setup.EXIT_WAIT_S = 0.1
# Tests choose the limits as well, which no client can.
fields.FOR_CLIENTS = tuple(field.name for field in msgspec.structs.fields(fields.Settings))


class FewSlices(FakeScorer):
    """Holds every batch but the first ones, until it is cancelled."""

    def __init__(self, slices: int) -> None:
        super().__init__()
        self._left = slices

    def score_batch(
        self, units: Sequence[ScoringUnit], cancellation: Cancellation | None = None
    ) -> list[Score | UnitError]:
        self._left -= 1
        while self._left < 0:
            time.sleep(POLL_S)
            assert cancellation is not None
            cancellation.raise_if_cancelled()
        return super().score_batch(units, cancellation)


def open_scorer(options: ScorerOptions) -> Scorer:
    if sys.argv[1:] == ["--crash"]:
        raise RuntimeError("a text that may quote code")
    if sys.argv[1:] == ["--stuck"]:
        threading.Event().wait()
    if sys.argv[1:2] == ["--slices"]:
        return FewSlices(int(sys.argv[2]))
    if sys.argv[1:] == ["--odds"]:
        return ComparingScorer()
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

    @server.feature("test/process")
    def process(params: Any) -> int:
        return os.getpid()

    @server.feature("test/held")
    def held(params: Any) -> int:
        return len(server.protocol._request_futures) + len(server.protocol._result_types)

    @server.feature("test/fail")
    def fail(params: Any) -> None:
        raise ValueError("a text that may quote code")

    @server.feature("test/ask")
    async def ask(params: Any) -> int:
        try:
            await server.workspace_configuration_async(lsp.ConfigurationParams([]))
        except JsonRpcException as error:
            return error.code
        return 0

    server.start_io()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--gate"]:
        run_gated()
    else:
        sys.exit(run_stdio(open_scorer, sys.argv[2] if sys.argv[1:2] == ["--log"] else "warning"))
