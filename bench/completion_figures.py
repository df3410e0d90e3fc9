"""How high the name that the author wrote stands in several orders of the same candidates. Pure but for numpy."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from codeodds_trainer.evaluation.figures.bootstrap import Clusters, Estimate

FUSION = 60
"""k of reciprocal rank fusion (Cormack, Clarke and Buettcher, 2009), as published: a candidate's score is the sum over
the orders of 1 / (k + rank)."""

JEDI, VALUE, RECENT = "Jedi", "value", "last used first"
FUSED, RECENT_FUSED = "Jedi and value, fused", "last used and value, fused"
RANDOM = "random"
DIGITS = 4


@dataclass(frozen=True, slots=True)
class Answered:
    """One place with its candidates, in Jedi's order."""

    function: str
    kind: str
    names: tuple[str, ...]
    written: str
    values: tuple[float | None, ...]
    """Probability of each; None for what could not be scored."""
    cut: bool
    """Whether Jedi knows more than these."""
    speaks: bool
    """Whether the language server would show any of these probabilities."""
    text: str
    """What the model reads of the function before the name."""

    @property
    def found(self) -> bool:
        return self.written in self.names


def reciprocal_ranks(place: Answered) -> dict[str, float]:
    """1 / rank of the author's name by each order; of a random order the mean."""
    count = len(place.names)
    truth = place.names.index(place.written)
    jedi = list(range(count))
    value = sorted(jedi, key=lambda index: (-(place.values[index] or 0.0), index))
    recent = sorted(jedi, key=lambda index: (-_last_use(place.text, place.names[index]), index))
    orders = {
        JEDI: jedi,
        VALUE: value,
        FUSED: _fused(jedi, value),
        RECENT: recent,
        RECENT_FUSED: _fused(recent, value),
    }
    found = {name: 1 / (1 + order.index(truth)) for name, order in orders.items()}
    return found | {RANDOM: sum(1 / rank for rank in range(1, count + 1)) / count}


def figures(places: Sequence[Answered]) -> dict[str, Any]:
    """Mean reciprocal rank by kind of place and of all, with 95 % intervals and paired differences; whole functions are
    resampled. Places with one candidate alone, where every order is the same, are not in it.
    """
    kinds = ["all", *sorted({place.kind for place in places})]
    parts = {kind: [place for place in places if kind in ("all", place.kind)] for kind in kinds}
    parts["all, where the bundle speaks"] = [place for place in places if place.speaks]
    return {name: _part(part) for name, part in parts.items()}


def counts(places: Sequence[Answered]) -> dict[str, int]:
    """Where the places of a part went."""
    return {
        "places": len(places),
        "without_candidates": sum(not place.names for place in places),
        "not_among_all_candidates": sum(bool(place.names) and not place.found and not place.cut for place in places),
        "not_among_the_first_of_more": sum(not place.found and place.cut for place in places),
        "only_candidate": sum(place.found and len(place.names) == 1 for place in places),
        "ranked": len(_ranked(places)),
    }


def _part(places: Sequence[Answered]) -> dict[str, Any]:
    ranked = _ranked(places)
    result: dict[str, Any] = {"counts": counts(places)}
    if not ranked:
        return result
    result["mean_candidates"] = round(float(np.mean([len(place.names) for place in ranked])), 2)
    owners = sorted({place.function for place in ranked})
    groups = np.asarray([owners.index(place.function) for place in ranked])
    clusters = Clusters(groups)
    sizes = np.bincount(groups, minlength=len(owners)).astype(np.float64)
    ranks = [reciprocal_ranks(place) for place in ranked]

    def mean(values: Sequence[float]) -> dict[str, float]:
        sums = np.bincount(groups, weights=np.asarray(values), minlength=len(owners))
        return _rounded(clusters.ratio(sums, sizes))

    result["mean_reciprocal_rank"] = {name: mean([found[name] for found in ranks]) for name in ranks[0]}
    pairs = [(VALUE, JEDI), (FUSED, JEDI), (VALUE, RANDOM), (RECENT, JEDI), (VALUE, RECENT), (RECENT_FUSED, RECENT)]
    result["gains"] = {f"{one} - {other}": mean([found[one] - found[other] for found in ranks]) for one, other in pairs}
    return result


def _ranked(places: Sequence[Answered]) -> list[Answered]:
    return [place for place in places if place.found and len(place.names) > 1]


def _fused(one: Sequence[int], other: Sequence[int]) -> list[int]:
    """Ties go to the first order."""

    def score(index: int) -> float:
        return sum(1 / (FUSION + 1 + order.index(index)) for order in (one, other))

    return sorted(one, key=lambda index: -score(index))


def _last_use(text: str, name: str) -> int:
    """Where a name stands last in a text, as a whole word; -1 if it does not."""
    return max((match.start() for match in re.finditer(rf"\b{re.escape(name.rstrip('='))}\b", text)), default=-1)


def _rounded(estimate: Estimate) -> dict[str, float]:
    return {name: round(getattr(estimate, name), DIGITS) for name in ("value", "low", "high")}


def table(found: Mapping[str, Any]) -> str:
    """The figures as Markdown, one row for each part."""
    columns = [JEDI, VALUE, FUSED, RECENT, RECENT_FUSED, RANDOM]
    rows = [["places", "ranked", "candidates", *columns], ["---"] * (3 + len(columns))]
    for name, part in found.items():
        cells = [name, str(part["counts"]["ranked"]), str(part.get("mean_candidates", "-"))]
        ranks = part.get("mean_reciprocal_rank", {})
        rows.append([*cells, *(_cell(ranks[column]) if ranks else "-" for column in columns)])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _cell(figure: Mapping[str, float]) -> str:
    return f"{figure['value']:.3f} ({figure['low']:.3f} to {figure['high']:.3f})"
