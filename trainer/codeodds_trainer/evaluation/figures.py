"""The figures of a bundle on problems that it never saw, beside what anyone can have without it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import msgspec
import numpy as np
import numpy.typing as npt

from codeodds.bundle.calibration import calibrate_readings
from codeodds.bundle.manifest import Calibration, Metric, Threshold
from codeodds_trainer.evaluation.metrics import (
    best_k_of_n,
    brier,
    expected_calibration_error,
    mean_with_interval,
    oracle_of_n,
    per_problem,
    precision_recall_below,
    random_of_n,
    within_problem_auroc,
)
from codeodds_trainer.evaluation.scoring import ScoredSet

DRAWS = (3, 10)
"""n of best 1 of n."""


def probabilities(scored: ScoredSet, calibration: Calibration) -> npt.NDArray[np.float64]:
    """The probability that the server shows for each program, float64 [programs]."""
    return calibrate_readings(calibration, scored.last, scored.mean)


def ranking_metrics(
    dataset: str, baseline: str | None, scores: npt.NDArray[np.float64], scored: ScoredSet
) -> list[Metric]:
    """Within-problem AUROC and best 1 of n of one score."""
    labels, groups = scored.labels, scored.groups
    found = [_metric(dataset, "within_problem_auroc", baseline, within_problem_auroc(scores, labels, groups))]
    for n in DRAWS:
        values = per_problem(partial(best_k_of_n, n=n), scores, labels, groups)
        found.append(_metric(dataset, f"best_1_of_{n}", baseline, mean_with_interval(values)))
    return _defined(found)


def chance_metrics(dataset: str, scored: ScoredSet) -> list[Metric]:
    """What choosing at random and choosing with hindsight give on the same draws."""
    found = []
    for n in DRAWS:
        large = np.asarray([np.sum(scored.groups == group) >= n for group in np.unique(scored.groups)])
        chance = per_problem(_random, scored.last, scored.labels, scored.groups)
        found.append(
            _metric(dataset, f"best_1_of_{n}", "random", mean_with_interval(np.where(large, chance, float("nan"))))
        )
        best = per_problem(partial(_oracle, n=n), scored.last, scored.labels, scored.groups)
        found.append(_metric(dataset, f"best_1_of_{n}", "oracle", mean_with_interval(best)))
    return _defined(found)


def _random(_: npt.NDArray[np.floating], labels: npt.NDArray[np.bool_]) -> float:
    return random_of_n(labels)


def _oracle(_: npt.NDArray[np.floating], labels: npt.NDArray[np.bool_], n: int) -> float:
    return oracle_of_n(labels, n)


def probability_metrics(
    dataset: str, values: npt.NDArray[np.float64], scored: ScoredSet, resamples: int = 500
) -> list[Metric]:
    """Calibration error and Brier score with intervals, problems resampled."""
    rng = np.random.default_rng(0)
    members = [np.flatnonzero(scored.groups == group) for group in np.unique(scored.groups)]
    metrics = []
    for name, figure in (("ece", expected_calibration_error), ("brier", brier)):
        draws = []
        for _ in range(resamples):
            rows = np.concatenate([members[index] for index in rng.integers(0, len(members), len(members))])
            draws.append(figure(values[rows], scored.labels[rows]))
        low, high = np.quantile(draws, [0.025, 0.975])
        value = figure(values, scored.labels)
        metrics.append(_metric(dataset, name, None, (value, float(low), float(high))))
    return metrics


def compare(dataset: str, scored: ScoredSet, calibration: Calibration, others: Mapping[str, ScoredSet]) -> list[Metric]:
    """All figures of one data set: the bundle's, chance, shortest, and each language-model baseline.

    `others`: baselines of the same programs, ranked by `ScoredSet.mean`. A baseline need only cover the problems with
    both labels: the programs of any other problem are all right or all wrong, however they are ranked.
    """
    values = probabilities(scored, calibration)
    metrics = ranking_metrics(dataset, None, values, scored)
    metrics += ranking_metrics(dataset, "shortest", -scored.characters.astype(np.float64), scored)
    for name, other in others.items():
        whole = _complete(other, scored)
        metrics += ranking_metrics(dataset, name, whole.mean, whole)
    metrics += chance_metrics(dataset, scored)
    metrics += probability_metrics(dataset, values, scored)
    return metrics


def _complete(other: ScoredSet, scored: ScoredSet) -> ScoredSet:
    """The baseline's programs, and those of the problems that it did not need to score, at a score of 0."""
    covered = {row.problem_id for row in other.rows}
    rest = [msgspec.structs.replace(row, values=[0.0]) for row in scored.rows if row.problem_id not in covered]
    return ScoredSet([*other.rows, *rest])


def choose_thresholds(
    values: npt.NDArray[np.float64], labels: npt.NDArray[np.bool_], precisions: Sequence[float]
) -> list[float]:
    """For each wanted precision, the highest threshold (in steps of 0.01) below which that share of programs failed.

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
    """Precision and recall of each threshold on these programs; one that none of them lies below is left out."""
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
                )
            )
    return measured


def _metric(dataset: str, name: str, baseline: str | None, figures: tuple[float, float, float]) -> Metric:
    value, low, high = (round(figure, 4) for figure in figures)
    return Metric(dataset=dataset, name=name, value=value, low=low, high=high, baseline=baseline)


def _defined(metrics: list[Metric]) -> list[Metric]:
    return [metric for metric in metrics if not np.isnan(metric.value)]
