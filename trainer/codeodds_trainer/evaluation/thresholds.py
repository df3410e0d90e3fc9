"""Decision thresholds: chosen on validation problems, measured on others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from codeodds.bundle.manifest import Threshold
from codeodds_trainer.evaluation.metrics import precision_recall_below

PRECISIONS = (0.9, 0.8)
"""Thresholds are sought at which at least this share of the programs below failed."""


def choose_thresholds(
    values: npt.NDArray[np.float64], labels: npt.NDArray[np.bool_], precisions: Sequence[float]
) -> list[float]:
    """For each wanted precision, the highest threshold (in steps of 0.01) below which that share of programs failed.

    A program that the bundle does not speak of has an infinite value: it is below no threshold.
    A precision that no threshold with at least 20 programs below it reaches is left out. Choose on validation problems:
    `measure_thresholds` then says what the choice is worth on others.
    """
    found = set()
    for wanted in precisions:
        for threshold in np.arange(0.95, 0.0, -0.01):
            precision, _ = precision_recall_below(values, labels, float(threshold))
            if precision >= wanted and int((values < threshold).sum()) >= 20:
                found.add(round(float(threshold), 2))
                break
    return sorted(found)


def measure_thresholds(
    thresholds: Sequence[float], values: npt.NDArray[np.float64], labels: npt.NDArray[np.bool_], measured_on: str
) -> list[Threshold]:
    """Precision and recall of each threshold on these programs; one that none of them lies below is left out.

    A program that the bundle does not speak of has an infinite value: if it fails, it counts as one not found.
    """
    coverage = float(np.isfinite(values).mean()) if len(values) else 1.0
    measured = []
    for threshold in thresholds:
        precision, recall = precision_recall_below(values, labels, threshold)
        if (values < threshold).any():
            measured.append(
                Threshold(
                    probability=threshold,
                    precision=round(precision, 4),
                    recall=round(recall, 4),
                    measured_on=measured_on,
                    coverage=round(coverage, 4) if coverage < 1 else None,
                )
            )
    return measured
