"""Rankings as `codeodds/rank` and the command answer them. docs/protocol.md has the JSON."""

from __future__ import annotations

from typing import Any

from codeodds.engine.api import ScorerInfo
from codeodds.ranking.types import Ranked, Ranking

DECIMALS = 6


def model_json(info: ScorerInfo | None) -> dict[str, str] | None:
    """null if nothing had to be scored."""
    return None if info is None else {"name": info.name, "version": info.version}


def ranking_json(ranking: Ranking) -> list[dict[str, Any]]:
    """All candidates, best first."""
    return [candidate_json(candidate) for candidate in ranking.candidates]


def candidate_json(candidate: Ranked) -> dict[str, Any]:
    """One candidate. Its lines count from its own first, from 0."""
    return {
        "index": candidate.index,
        "probability": _rounded(candidate.probability),
        "reason": candidate.reason,
        "duplicateOf": candidate.duplicate_of,
        "lines": [
            {
                "line": line.line,
                "probability": round(line.probability, DECIMALS),
                "drop": round(line.drop, DECIMALS),
                "fraction": round(line.fraction, DECIMALS),
            }
            for line in candidate.lines
        ],
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, DECIMALS)
