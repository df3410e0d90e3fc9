"""What the head says of whole programs, and the figures that select a state of training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from codeodds_trainer.ground.metrics import auroc, mean_with_interval, per_problem
from codeodds_trainer.ground.recipe import ReadingSection


@dataclass(frozen=True, slots=True)
class Reading:
    """One program."""

    problem: int
    """Number of its problem."""
    passed: bool
    last: float
    """Logit at the last solution token."""
    mean: float
    """Mean logit over the solution."""


def validation_figures(
    readings: Sequence[Reading], datasets: Sequence[str], reading: ReadingSection
) -> dict[str, float]:
    """Within-problem AUROC of last logit, mean logit and `reading`, and of `reading` by dataset.

    `datasets`: the dataset of each problem number. NaN where no problem has both labels.
    """
    labels = np.asarray([reading.passed for reading in readings], dtype=np.bool_)
    groups = np.asarray([reading.problem for reading in readings], dtype=np.int64)
    last = np.asarray([reading.last for reading in readings])
    mean = np.asarray([reading.mean for reading in readings])
    scores = {"last": last, "mean": mean, "reading": reading.last * last + reading.mean * mean}
    figures = {name: _within_problem(values, labels, groups) for name, values in scores.items()}
    names = np.asarray(datasets)[groups] if len(groups) else np.asarray([], dtype=str)
    for name in sorted(set(datasets)):
        here: npt.NDArray[np.bool_] = names == name
        if len(set(labels[here].tolist())) == 2:
            figures[f"reading/{name}"] = _within_problem(scores["reading"][here], labels[here], groups[here])
    return figures


def _within_problem(
    scores: npt.NDArray[np.floating], labels: npt.NDArray[np.bool_], groups: npt.NDArray[np.integer]
) -> float:
    return mean_with_interval(per_problem(auroc, scores, labels, groups), resamples=1)[0] if len(scores) else np.nan
