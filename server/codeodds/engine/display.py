"""Which scores are worth showing: the one place that decides it, for the command line and the language server.

What can be said without a model is decided in `codeodds.source.eligibility`.
"""

from __future__ import annotations

from codeodds.engine.api import ScorerInfo
from codeodds.types import Score

NOT_REACHED = "the run ended before its turn"
"""Why there is no score where the time was up."""


def not_shown_because(score: Score, info: ScorerInfo) -> str | None:
    """Why a score is kept back, as words that complete "not judged: ..."; None if it may be shown."""
    if len(score.values) < info.min_solution_tokens:
        return f"too short: {len(score.values)} tokens, {info.min_solution_tokens} are needed"
    return None
