"""Which settings open the scorer anew, and with what."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from codeodds.engine.api import Scorer, ScorerOptions
from codeodds.engine.fake import FakeScorer
from codeodds.lsp.server import EngineSettings, scorer_options
from codeodds.lsp.settings.fields import Settings
from codeodds.types import ScoringUnit

UNIT = ScoringUnit("def f():\n", "    return 1 + 1\n")


def test_options_follow_the_settings() -> None:
    options = scorer_options(Settings(model="~/bundle", threads=3, memory_limit_mb=160))
    assert options == ScorerOptions(Path("~/bundle").expanduser(), 3, 150.0)
    assert scorer_options(Settings()).model is None


@pytest.mark.parametrize(
    ("change", "opened"),
    [
        ({"threshold": 0.5, "debounce_ms": 5, "idle_unload_s": 0}, 1),
        ({"threads": 1}, 2),
        ({"memory_limit_mb": 0}, 2),
        ({"model": "elsewhere"}, 2),
    ],
)
def test_the_scorer_is_opened_anew_only_for_what_concerns_it(change: dict[str, object], opened: int) -> None:
    seen: list[ScorerOptions] = []

    def open_scorer(options: ScorerOptions) -> Scorer:
        seen.append(options)
        return FakeScorer()

    engine = EngineSettings(open_scorer)
    engine.apply(Settings())
    engine.worker.submit("a", UNIT).result(30)
    settings = msgspec.structs.replace(Settings(), **change)
    engine.apply(settings)
    engine.apply(settings)
    engine.worker.submit("a", UNIT).result(30)
    engine.worker.close()
    assert len(seen) == opened
    assert seen[-1] == scorer_options(settings)
    assert engine.worker.counters.runs == opened
