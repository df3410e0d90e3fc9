"""What `codeodds rank FILE` has to say: plain data, and its JSON form.

The JSON is one object. Lines of a candidate count from 1, probabilities are calibrated, the best comes first::

    {"model": {"name": "...", "version": "..."}, "path": "a.py", "function": {"name": "C.f", "line": 3},
     "ranking": [
       {"rank": 1, "name": "b.py", "index": 2, "probability": 0.71, "reason": null,
        "duplicate_of": null, "lines": [{"line": 1, "probability": 0.71, "drop": 0.02}]},
       {"rank": null, "name": "c.py", "index": 0, "probability": null, "reason": "it does not parse",
        "duplicate_of": null, "lines": []}],
     "complete": true}

"index" is the candidate's number in the order given, from 0; "duplicate_of" is the index of the first that says the
same. A candidate that cannot be scored has the reason in "reason". With --run-code each candidate has "agreement"
and "examples_passed" too, null for one of which nothing is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from codeodds.cli.rows import DECIMALS
from codeodds.engine.api import ScorerInfo
from codeodds.ranking.types import Ranked, Ranking
from codeodds.source.functions import Function


@dataclass(frozen=True, slots=True)
class RankReport:
    """The ranking of bodies for one function of a file."""

    path: str
    function: Function
    names: Sequence[str]
    """Of the candidates, in the order given."""
    ranking: Ranking
    ran: bool = False
    """Whether the candidates were run."""
    interrupted: bool = False
    """Whether somebody ended the run before all were scored."""

    @property
    def complete(self) -> bool:
        """Whether anything was scored."""
        return self.ranking.best is not None


def rank_json(report: RankReport, info: ScorerInfo) -> dict[str, Any]:
    """The document that the module's docstring shows."""
    return {
        "model": {"name": info.name, "version": info.version},
        "path": report.path,
        "function": {"name": report.function.name, "line": report.function.line + 1},
        "ranking": [
            {
                **candidate_json(candidate, place),
                **(_run_json(candidate) if report.ran else {}),
                "name": report.names[candidate.index],
                "lines": [
                    {
                        "line": line.line + 1,
                        "probability": round(line.probability, DECIMALS),
                        "drop": round(line.drop, DECIMALS),
                    }
                    for line in candidate.lines
                ],
            }
            for place, candidate in enumerate(report.ranking.candidates, 1)
        ],
        "complete": not report.interrupted,
    }


def _run_json(candidate: Ranked) -> dict[str, Any]:
    return {
        name: None if value is None else round(value, DECIMALS)
        for name, value in (("agreement", candidate.agreement), ("examples_passed", candidate.examples_passed))
    }


def candidate_json(candidate: Ranked, place: int) -> dict[str, Any]:
    """What both forms say of a candidate. `place`: in the ranking, from 1."""
    scored = candidate.probability is not None
    return {
        "rank": place if scored else None,
        "index": candidate.index,
        "probability": None if candidate.probability is None else round(candidate.probability, DECIMALS),
        "reason": candidate.reason,
        "duplicate_of": candidate.duplicate_of,
    }
