"""Decision thresholds: chosen on validation problems, measured on others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.stats import binom

from codeodds.bundle.manifest import Threshold
from codeodds_trainer.ground.metrics import precision_recall_below

PRECISIONS = (0.9, 0.8)
"""Thresholds are sought at which at least this share of the programs below failed."""
MIN_BELOW = 20
"""A threshold needs this many programs below it."""
MIN_FLAGS = 10
"""So many programs of one data set below a threshold have a precision of their own."""
OF_FEW, TOLERANCE = 0.05, 0.05
"""Fewer contradict what is wanted if chance would bring so few failures no more often than OF_FEW where a share smaller
by TOLERANCE fails."""

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.bool_]


def choose_thresholds(
    values: Floats, labels: Labels, precisions: Sequence[float], datasets: Sequence[str] | None = None
) -> list[float]:
    """For each wanted precision, the highest threshold (in steps of 0.01) below which that share of programs failed.

    `datasets`: the data set of each program: the share then holds on each of them, too. Data sets differ in how many
    programs fail at all, and users' code is like none of them or like one.

    A precision that no threshold with MIN_BELOW programs below it reaches is left out. Choose on validation problems:
    `measure_thresholds` then says what the choice is worth on others.
    """
    found = set()
    for wanted in precisions:
        for threshold in np.arange(0.95, 0.0, -0.01):
            if int((values < threshold).sum()) < MIN_BELOW:
                break
            precision, _ = precision_recall_below(values, labels, float(threshold))
            if precision >= wanted and _holds_on_each(values, labels, float(threshold), wanted, datasets):
                found.add(round(float(threshold), 2))
                break
    return sorted(found)


def _holds_on_each(
    values: Floats, labels: Labels, threshold: float, wanted: float, datasets: Sequence[str] | None
) -> bool:
    for inside in _each(datasets):
        below = inside & (values < threshold)
        flagged, failed = int(below.sum()), int((below & ~labels).sum())
        if flagged >= MIN_FLAGS and failed < wanted * flagged:
            return False
        if binom.cdf(failed, flagged, wanted - TOLERANCE) < OF_FEW:
            return False
    return True


def lowest_precision(values: Floats, labels: Labels, threshold: float, datasets: Sequence[str] | None = None) -> float:
    """The share of programs below a threshold that failed, on the data set where it is lowest of those with MIN_FLAGS
    or more below it; on all together where no data set has. NaN where nothing is below it."""
    found = [
        precision_recall_below(values[inside], labels[inside], threshold)[0]
        for inside in _each(datasets)
        if (values[inside] < threshold).sum() >= MIN_FLAGS
    ]
    return min(found, default=precision_recall_below(values, labels, threshold)[0])


def _each(datasets: Sequence[str] | None) -> list[Labels]:
    """Which programs each data set has."""
    names = np.asarray([] if datasets is None else datasets, dtype=str)
    return [names == name for name in sorted(set(names.tolist()))]


def measure_thresholds(
    thresholds: Sequence[float],
    values: Floats,
    labels: Labels,
    measured_on: str,
    datasets: Sequence[str] | None = None,
) -> list[Threshold]:
    """Precision and recall of each threshold on these programs; one that none of them lies below is left out.

    With `datasets` the precision is that of the data set where it is lowest; see `lowest_precision`.
    """
    measured = []
    for threshold in thresholds:
        _, recall = precision_recall_below(values, labels, threshold)
        if (values < threshold).any():
            measured.append(
                Threshold(
                    probability=threshold,
                    precision=round(lowest_precision(values, labels, threshold, datasets), 4),
                    recall=round(recall, 4),
                    measured_on=measured_on,
                )
            )
    return measured
