"""Keeps the inference thread in step with the settings that concern it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from codeodds.engine.api import Scorer, ScorerOptions
from codeodds.engine.worker import ScoringWorker
from codeodds.lsp.settings.fields import Settings

OpenScorer = Callable[[ScorerOptions], Scorer]

MEMO_SHARE = 1 / 16
"""Of the memory limit, for scores; the rest is for keys and values, which are thousands of times larger."""


class EngineSettings:
    """Opens the scorer as the settings say, and opens it anew only if they say something else."""

    def __init__(self, open_scorer: OpenScorer) -> None:
        self._open_scorer = open_scorer
        self._options = scorer_options(Settings())
        self.worker = ScoringWorker(
            partial(open_scorer, self._options),
            idle_unload_s=Settings().idle_unload_s,
            memo_limit_mb=MEMO_SHARE * Settings().memory_limit_mb,
        )

    def apply(self, settings: Settings) -> None:
        """Take over settings. The scores of a scorer that is opened anew are forgotten."""
        options = scorer_options(settings)
        if options == self._options:
            self.worker.configure(idle_unload_s=settings.idle_unload_s)
            return
        self._options = options
        self.worker.configure(idle_unload_s=settings.idle_unload_s, memo_limit_mb=MEMO_SHARE * settings.memory_limit_mb)
        self.worker.reload(partial(self._open_scorer, options))


def scorer_options(settings: Settings) -> ScorerOptions:
    """How the settings want the scorer to be opened."""
    return ScorerOptions(
        model=Path(settings.model).expanduser() if settings.model else None,
        threads=settings.threads,
        memory_limit_mb=(1 - MEMO_SHARE) * settings.memory_limit_mb,
    )
