"""95 % intervals that respect that programs of a problem belong together: whole problems are resampled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from codeodds_trainer.ground.pooled import WeightedFigure

Floats = npt.NDArray[np.float64]

DRAWS = 1000
CHUNK = 100
"""Draws whose program weights are in memory at a time."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure, its 95 % interval, and the number of problems that define it. NaN where it is not defined."""

    value: float
    low: float
    high: float
    problems: int


class Clusters:
    """Bootstrap draws of the problems of a set. Every figure of the set sees the same draws."""

    def __init__(self, groups: npt.NDArray[np.integer], draws: int = DRAWS, seed: int = 0) -> None:
        """`groups`: int [programs], the problem of each program, numbered from 0 without gaps.

        Without draws there are values and no intervals.
        """
        self.groups = groups
        self.problems = int(groups.max()) + 1 if len(groups) else 0
        chance = np.full(self.problems, 1 / max(self.problems, 1))
        rng = np.random.default_rng(seed)
        self.counts: Floats = rng.multinomial(self.problems, chance, size=draws).astype(np.float64)

    def mean(self, values: Floats) -> Estimate:
        """Mean over problems, float64 [problems]; NaN marks problems that do not count."""
        return self.ratio(values, np.ones(self.problems))

    def ratio(self, tops: Floats, bottoms: Floats) -> Estimate:
        """Sum over sum, each float64 [problems]; a problem with NaN in either does not count."""
        return self.of_sums(lambda sums: sums[0] / sums[1], tops, bottoms)

    def of_sums(self, figure: Callable[[Floats], Floats], *columns: Floats) -> Estimate:
        """A figure of sums over problems.

        `figure`: from float64 [columns, draws] to float64 [draws]. `columns`: float64 [problems] each; a problem with
        NaN in any of them does not count.
        """
        table = np.stack(columns)
        defined = ~np.isnan(table).any(axis=0)
        table = np.where(defined, table, 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            value = figure(table.sum(axis=1, keepdims=True))[0]
            draws = figure(table @ self.counts.T)
        return _estimate(float(value), draws, int(defined.sum()))

    def of_programs(self, figure: WeightedFigure) -> Estimate:
        """A figure of all programs at once; see `pooled`."""
        value = figure(np.ones((1, len(self.groups))))[0]
        parts = [
            figure(self.counts[start : start + CHUNK][:, self.groups]) for start in range(0, len(self.counts), CHUNK)
        ]
        return _estimate(float(value), np.concatenate(parts) if parts else np.zeros(0), self.problems)


def _estimate(value: float, draws: Floats, problems: int) -> Estimate:
    """Draws in which the figure is not defined are left out."""
    defined = draws[np.isfinite(draws)]
    if not np.isfinite(value) or not len(defined):
        return Estimate(value if np.isfinite(value) else float("nan"), float("nan"), float("nan"), problems)
    low, high = np.quantile(defined, [0.025, 0.975])
    return Estimate(value, float(low), float(high), problems)
