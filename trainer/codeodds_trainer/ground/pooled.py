"""Figures over all programs of a set at once, for many bootstrap draws in one pass.

Each function prepares a figure from columns over programs and returns it as a function of `weights`, float64
[draws, programs], that gives float64 [draws]. A row of ones is the figure itself. A row that says how often each
program's problem was drawn is one draw of the cluster bootstrap: a program of weight w counts as w equal programs.
A draw in which the figure is not defined (one label only) gives NaN.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.bool_]
WeightedFigure = Callable[[Floats], Floats]

ECE_BINS = 15


def auroc(scores: Floats, labels: Labels) -> WeightedFigure:
    """Probability that a passing program scores above a failing one of the whole set, ties counting half.

    `scores`: float64 [programs]; `labels`: bool [programs].
    """
    order = np.argsort(scores, kind="stable")
    ends, passes = _last_of_ties(scores[order]), labels[order]

    def figure(weights: Floats) -> Floats:
        ordered = weights[:, order]
        passing = _up_to(ordered * passes, ends)
        failing = _up_to(ordered * ~passes, ends)
        below = np.pad(failing, ((0, 0), (1, 0)))[:, :-1]
        wins = (np.diff(passing, axis=1, prepend=0) * (below + failing) / 2).sum(axis=1)
        return _divide(wins, passing[:, -1] * failing[:, -1])

    return figure


def average_precision(scores: Floats, labels: Labels) -> WeightedFigure:
    """Area under the precision-recall curve of finding the programs with `labels` True at high scores (AUPRC).

    The step-wise sum of precision times gain in recall, tied programs entering together; its value for uninformative
    scores is the share of True. `scores`: float64 [programs]; `labels`: bool [programs].
    """
    order = np.argsort(-scores, kind="stable")
    ends, wanted = _last_of_ties(scores[order]), labels[order]

    def figure(weights: Floats) -> Floats:
        ordered = weights[:, order]
        hits, found = _up_to(ordered * wanted, ends), _up_to(ordered, ends)
        precision = np.divide(hits, found, out=np.zeros_like(hits), where=found > 0)
        return _divide((np.diff(hits, axis=1, prepend=0) * precision).sum(axis=1), hits[:, -1])

    return figure


def calibration_error(probabilities: Floats, labels: Labels, bins: int = ECE_BINS) -> WeightedFigure:
    """Mean distance between predicted and observed probability over bins of equal count (Nixon et al., 2019).

    A program belongs to the bin in which the middle of its weight lies.
    `probabilities`: float64 [programs]; `labels`: bool [programs].
    """
    order = np.argsort(probabilities, kind="stable")
    surplus = probabilities[order] - labels[order]

    def figure(weights: Floats) -> Floats:
        ordered = weights[:, order]
        upto = np.cumsum(ordered, axis=1)
        total = upto[:, -1:]
        place = np.floor(_divide(upto - ordered / 2, total) * bins)
        place = np.clip(np.nan_to_num(place), 0, bins - 1).astype(np.int64)
        place += bins * np.arange(len(weights))[:, None]
        sums = np.bincount(place.ravel(), (ordered * surplus).ravel(), bins * len(weights))
        return _divide(np.abs(sums.reshape(-1, bins)).sum(axis=1), total[:, 0])

    return figure


def selective_risk(probabilities: Floats, labels: Labels, coverage: float) -> WeightedFigure:
    """Error rate among the `coverage` share of programs about which the probabilities are most certain.

    The predicted label is "passes" where the probability is at least 0.5; certainty is the distance from 0.5. Programs
    that tie at the border enter by the share that fits, at their mean error rate. `coverage`: in (0, 1].
    `probabilities`: float64 [programs]; `labels`: bool [programs].
    """
    order, ends, wrong = _by_certainty(probabilities, labels)

    def figure(weights: Floats) -> Floats:
        ordered = weights[:, order]
        errors, covered = (np.pad(_up_to(part, ends), ((0, 0), (1, 0))) for part in (ordered * wrong, ordered))
        limit = coverage * covered[:, -1]
        inside = [np.interp(most, x, y) for most, x, y in zip(limit, covered, errors, strict=True)]
        return _divide(np.asarray(inside), limit)

    return figure


def risk_coverage_area(probabilities: Floats, labels: Labels) -> WeightedFigure:
    """Area under the risk-coverage curve (AURC; Geifman and El-Yaniv, 2017): lower is better.

    The mean over programs of the error rate among all programs about which the probabilities are at least as certain;
    certainty and error as in `selective_risk`. `probabilities`: float64 [programs]; `labels`: bool [programs].
    """
    order, ends, wrong = _by_certainty(probabilities, labels)

    def figure(weights: Floats) -> Floats:
        ordered = weights[:, order]
        errors, covered = _up_to(ordered * wrong, ends), _up_to(ordered, ends)
        risk = np.divide(errors, covered, out=np.zeros_like(errors), where=covered > 0)
        return _divide((np.diff(covered, axis=1, prepend=0) * risk).sum(axis=1), covered[:, -1])

    return figure


def _by_certainty(probabilities: Floats, labels: Labels) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Labels]:
    # Rounding makes 0.3 and 0.7 equally certain; float subtraction alone does not.
    certainty: Floats = np.round(np.abs(probabilities - 0.5), 12).astype(np.float64)
    order = np.argsort(-certainty, kind="stable")
    wrong = (probabilities >= 0.5) != labels
    return order, _last_of_ties(certainty[order]), wrong[order]


def _last_of_ties(ordered: Floats) -> npt.NDArray[np.int64]:
    """The index of the last entry of each run of equal entries."""
    # Compared, not subtracted: the difference of two infinite scores is no number.
    return np.append(np.flatnonzero(ordered[1:] != ordered[:-1]), len(ordered) - 1)


def _up_to(weights: Floats, ends: npt.NDArray[np.int64]) -> Floats:
    """Sums of each row up to and including each end, float64 [draws, ends]."""
    return np.cumsum(weights, axis=1)[:, ends]


def _divide(top: Floats, bottom: Floats) -> Floats:
    """NaN where the bottom is 0."""
    found: Floats = np.full(np.broadcast(top, bottom).shape, np.nan)
    np.divide(top, bottom, out=found, where=bottom != 0)
    return found
