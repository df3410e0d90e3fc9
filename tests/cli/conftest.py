"""Runs the command line in the process, with a fake scorer in place of the bundle."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from codeodds.cli import scoring
from codeodds.cli.main import main
from codeodds.engine.fake import FakeScorer


@dataclass(frozen=True)
class Result:
    """What a run of the command line left behind."""

    status: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        """stdout as JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]


Run = Callable[..., Result]


@pytest.fixture
def scorer() -> FakeScorer:
    """Values start at 0.9 and fall by 0.6 at the word BUG, by 0.2 at the word DOUBT."""
    return FakeScorer({"BUG": 0.6, "DOUBT": 0.2})


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes], scorer: FakeScorer) -> Run:
    """Run `codeodds` with these arguments, and optionally bytes on stdin."""
    monkeypatch.setattr(scoring, "open_scorer", lambda model_path, threads: scorer)

    def run_once(*arguments: object, stdin: bytes = b"") -> Result:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        status = main([str(argument) for argument in arguments])
        captured = capfdbinary.readouterr()
        return Result(status, captured.out.decode("utf-8"), captured.err.decode("utf-8"))

    return run_once
