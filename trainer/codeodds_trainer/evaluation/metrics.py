"""Figures for a score that ranks and predicts, with intervals that respect that programs of a problem belong together.

All functions take parallel arrays: `scores` float [n], higher means more likely right; `labels` bool [n]; `groups` int
[n], the problem of each program.
"""

from __future__ import annotations

from collections.abc import Callable
from math import comb

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

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

    Unbiased over all draws, not sampled. For k = 1 ties are exact; for k > 1 they are broken against the score: failing
    programs first. NaN if the problem has fewer than n programs.
    """
    total = len(scores)
    if total < n or not 1 <= k <= n:
        return float("nan")
    if k == 1:
        return _best_one(scores, labels, n)
    order = np.lexsort((labels, -scores))
    ranked = labels[order]
    # All of the k best fail: choose them from the failing programs; the last of them, at rank r, closes the k best,
    # and the other n - k of the draw rank behind it.
    none_passes = 0
    failing_before = 0
    for rank in range(total):
        if not ranked[rank]:
            none_passes += comb(failing_before, k - 1) * comb(total - rank - 1, n - k)
            failing_before += 1
    return 1.0 - none_passes / comb(total, n)


def _best_one(scores: Floats, labels: Labels, n: int) -> float:
    total = len(scores)
    expected, below = 0.0, 0
    for value in np.unique(scores):
        tied = scores == value
        upto = below + int(tied.sum())
        # The maximum of the draw is this value: all n lie at or below it, not all below.
        expected += (comb(upto, n) - comb(below, n)) * float(labels[tied].mean())
        below = upto
    return expected / comb(total, n)


def random_of_n(labels: Labels) -> float:
    """What choosing at random gives: the share of passing programs."""
    return float(labels.mean())


def oracle_of_n(labels: Labels, n: int) -> float:
    """Probability that any of n programs passes. NaN if there are fewer than n."""
    total, failing = len(labels), int((~labels).sum())
    return float("nan") if total < n else 1.0 - comb(failing, n) / comb(total, n)


def per_problem(figure: PerProblem, scores: Floats, labels: Labels, groups: Groups) -> Floats:
    """The figure of every problem, in order of problem number; NaN where it is not defined."""
    order = np.argsort(groups, kind="stable")
    cuts = np.flatnonzero(np.diff(groups[order])) + 1
    parts = np.split(order, cuts)
    return np.asarray([figure(scores[part], labels[part]) for part in parts])


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


def expected_calibration_error(probabilities: Floats, labels: Labels, bins: int = 15) -> float:
    """Mean distance between predicted and observed probability over bins of equal count (Nixon et al., 2019)."""
    order = np.argsort(probabilities, kind="stable")
    error = 0.0
    for part in np.array_split(order, min(bins, len(order))):
        error += len(part) * abs(float(probabilities[part].mean()) - float(labels[part].mean()))
    return error / len(order)


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
