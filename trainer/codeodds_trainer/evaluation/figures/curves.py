"""The lines of the evaluation's plots."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

import numpy as np
import numpy.typing as npt

from codeodds_trainer.evaluation.figures.bootstrap import Estimate
from codeodds_trainer.evaluation.figures.programs import DIGITS, Programs
from codeodds_trainer.evaluation.figures.raters import Rater
from codeodds_trainer.evaluation.figures.schema import Curve, Curves
from codeodds_trainer.ground import pooled
from codeodds_trainer.ground.metrics import best_k_of_n, per_problem
from codeodds_trainer.ground.scoring import ScoredSet

Floats = npt.NDArray[np.float64]

MOST_DRAWN = 10
"""Largest n of best 1 of n."""
RELIABILITY_BINS = 10
GRID = tuple(round(0.05 * step, 2) for step in range(1, 21))
"""Fractions of tokens, and coverages, at which curves have points."""


def measure_curves(scored: ScoredSet, raters: Sequence[Rater]) -> Curves:
    """All curves of a data set. `raters`: the bundle of record first."""
    programs = Programs(scored.labels, scored.groups)
    largest = largest_n(programs.totals)
    complete = [rater for rater in raters if rater.probabilistic and rater.complete]
    return Curves(
        best_of_n=best_of_n(programs, raters, largest),
        best_of_n_problems=int((programs.totals >= largest).sum()),
        reliability=[_curve(rater.name, reliability(rater.scores(), programs)) for rater in complete],
        risk_coverage=[_curve(rater.name, risk_coverage(rater.scores(), programs)) for rater in complete],
        trajectories=trajectories(raters[0], programs),
    )


def largest_n(totals: Floats) -> int:
    """The largest n up to 10 for which half of the problems have n programs: all points then share their problems.

    `totals`: programs of each problem, float64 [problems].
    """
    return next((n for n in range(MOST_DRAWN, 1, -1) if (totals >= n).mean() >= 0.5), 1)


def best_of_n(programs: Programs, raters: Sequence[Rater], largest: int) -> list[Curve]:
    """Best 1 of n of every score, of random choice and of the oracle, on the problems with `largest` programs."""
    enough = np.where(programs.totals >= largest, 1.0, np.nan)
    counts = range(1, largest + 1)

    def curve(name: str, values: Iterable[Floats]) -> Curve:
        return _curve(name, [(n, programs.clusters.mean(row * enough)) for n, row in zip(counts, values, strict=True)])

    found = []
    for rater in raters:
        best = partial(per_problem, scores=rater.scores(), labels=programs.labels, groups=programs.groups)
        found.append(curve(rater.name, [best(partial(best_k_of_n, n=n)) for n in counts]))
    found.append(curve("random", [programs.random(n, 1) for n in counts]))
    found.append(curve("oracle", [programs.oracle(n) for n in counts]))
    return found


def reliability(probabilities: Floats, programs: Programs) -> list[tuple[float, Estimate]]:
    """Mean probability and share that passes, in bins of equal count. `probabilities`: float64 [programs]."""
    order = np.argsort(probabilities, kind="stable")
    points = []
    for part in np.array_split(order, min(RELIABILITY_BINS, len(order))):
        inside = np.zeros(len(order))
        inside[part] = 1.0
        share = programs.clusters.ratio(programs.sums(inside * programs.labels), programs.sums(inside))
        points.append((float(probabilities[part].mean()), share))
    return points


def risk_coverage(probabilities: Floats, programs: Programs) -> list[tuple[float, Estimate]]:
    """Error rate at each coverage; see `pooled.selective_risk`. `probabilities`: float64 [programs]."""
    measure, labels = programs.clusters.of_programs, programs.labels
    return [(coverage, measure(pooled.selective_risk(probabilities, labels, coverage))) for coverage in GRID]


def trajectories(rater: Rater, programs: Programs) -> list[Curve]:
    """Mean score of the passing and of the failing programs of a problem at each prefix, averaged over problems.

    Only problems with programs of both labels count, so that the two lines are about the same problems.
    """
    points: dict[str, list[tuple[float, Estimate]]] = {"passing": [], "failing": []}
    both = np.where(programs.mixed, 1.0, np.nan)
    for fraction in GRID:
        scores = rater.scores(fraction)
        for name, members in (("passing", programs.labels), ("failing", ~programs.labels)):
            with np.errstate(invalid="ignore", divide="ignore"):
                means = programs.sums(np.where(members, scores, 0.0)) / programs.sums(members.astype(np.float64))
            points[name].append((fraction, programs.clusters.mean(means * both)))
    return [_curve(name, line) for name, line in points.items()]


def _curve(name: str, points: Sequence[tuple[float, Estimate]]) -> Curve:
    defined = [(x, estimate) for x, estimate in points if not np.isnan([estimate.value, estimate.low]).any()]
    return Curve(
        column=name,
        x=[round(float(x), DIGITS) for x, _ in defined],
        y=[round(estimate.value, DIGITS) for _, estimate in defined],
        low=[round(estimate.low, DIGITS) for _, estimate in defined],
        high=[round(estimate.high, DIGITS) for _, estimate in defined],
    )
