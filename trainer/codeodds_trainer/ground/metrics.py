"""Figures of single problems and of plain sets of programs.

All functions take parallel arrays: `scores` float [n], higher means more likely right; `labels` bool [n]; `groups` int
[n], the problem of each program. `pooled` has the figures that are resampled over whole sets.
"""

from __future__ import annotations

from collections.abc import Callable
from math import comb

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from codeodds_trainer.ground import pooled

Floats = npt.NDArray[np.floating]
Labels = npt.NDArray[np.bool_]
Groups = npt.NDArray[np.integer]
PerProblem = Callable[[Floats, Labels], float]


def auroc(scores: Floats, labels: Labels) -> float:
    """Probability that a passing program scores above a failing one, ties counting half. NaN without both labels."""
    positives = int(labels.sum())
    negatives = len(labels) - positives
    if not positives or not negatives:
        return float("nan")
    ranks = rankdata(scores)
    return float((ranks[labels].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def best_k_of_n(scores: Floats, labels: Labels, n: int, k: int = 1) -> float:
    """Probability that at least one of the k best-scored of n programs passes; the n are drawn without replacement.

    Exact over all draws, hence unbiased for n rollouts of the policy (Chen et al., 2021, do the same for pass@k); ties
    are broken at random. NaN if the problem has fewer than n programs.
    """
    total = len(scores)
    if total < n or not 1 <= k <= n:
        return float("nan")
    none_passes = 0.0
    above = failing_above = 0
    for value in np.unique(scores)[::-1]:
        tied = scores == value
        count, failing = int(tied.sum()), int((tied & ~labels).sum())
        below = total - above - count
        # The k-th best of the draw has this score: `better` < k programs of the draw score above it and all of them
        # fail; the k - better that are taken of the tied ones in the draw are a random choice of all tied ones.
        for better in range(min(k, failing_above + 1)):
            rest = k - better
            if rest > failing:
                continue
            draws = sum(comb(count, m) * comb(below, n - better - m) for m in range(rest, min(count, n - better) + 1))
            none_passes += comb(failing_above, better) * comb(failing, rest) / comb(count, rest) * draws
        above += count
        failing_above += failing
    return 1.0 - none_passes / comb(total, n)


def random_k_of_n(labels: Labels, n: int, k: int = 1) -> float:
    """Probability that at least one of k programs passes, chosen at random from n drawn ones.

    ``1 - C(failing, k) / C(total, k)``. NaN if there are fewer than n, so that it stands beside `best_k_of_n`.
    """
    return float("nan") if not 1 <= k <= n else _any_of(labels, k, at_least=n)


def oracle_of_n(labels: Labels, n: int) -> float:
    """Probability that any of n programs passes. NaN if there are fewer than n."""
    return _any_of(labels, n, at_least=n)


def _any_of(labels: Labels, k: int, at_least: int) -> float:
    total, failing = len(labels), int((~labels).sum())
    return float("nan") if total < at_least else 1.0 - comb(failing, k) / comb(total, k)


def per_problem(figure: PerProblem, scores: Floats, labels: Labels, groups: Groups) -> npt.NDArray[np.float64]:
    """The figure of every problem, in order of problem number; NaN where it is not defined."""
    order = np.argsort(groups, kind="stable")
    cuts = np.flatnonzero(np.diff(groups[order])) + 1
    parts = np.split(order, cuts)
    return np.asarray([figure(scores[part], labels[part]) for part in parts], dtype=np.float64)


def mean_with_interval(values: Floats, resamples: int = 2000, seed: int = 0) -> tuple[float, float, float]:
    """Mean over problems and its 95 % bootstrap interval, problems resampled. Undefined problems are left out."""
    defined = values[~np.isnan(values)]
    if not len(defined):
        return float("nan"), float("nan"), float("nan")
    draws = np.random.default_rng(seed).integers(0, len(defined), (resamples, len(defined)))
    low, high = np.quantile(defined[draws].mean(axis=1), [0.025, 0.975])
    return float(defined.mean()), float(low), float(high)


def within_problem_auroc(scores: Floats, labels: Labels, groups: Groups) -> tuple[float, float, float]:
    """Mean AUROC over the problems that have both labels, with its interval."""
    return mean_with_interval(per_problem(auroc, scores, labels, groups))


def expected_calibration_error(probabilities: Floats, labels: Labels, bins: int = pooled.ECE_BINS) -> float:
    """Mean distance between predicted and observed probability over bins of equal count (Nixon et al., 2019)."""
    figure = pooled.calibration_error(np.asarray(probabilities, dtype=np.float64), labels, bins)
    return float(figure(np.ones((1, len(labels))))[0])


def brier(probabilities: Floats, labels: Labels) -> float:
    """Mean squared distance between probability and outcome."""
    return float(np.mean((probabilities - labels) ** 2))


def precision_recall_below(probabilities: Floats, labels: Labels, threshold: float) -> tuple[float, float]:
    """Of the programs below the threshold, the share that failed; of the failing ones, the share below it."""
    below = probabilities < threshold
    failing = ~labels
    hits = int((below & failing).sum())
    precision = hits / int(below.sum()) if below.any() else float("nan")
    recall = hits / int(failing.sum()) if failing.any() else float("nan")
    return precision, recall
