"""Fits the score that says how far a value may be trusted, and chooses where the bundle stays silent.

If thresholds can be stated that hold on every validation data set by itself, the bundle speaks of all.

Else the precision of flags is measured on each. Where it falls short of what is stated for all together, the values may
order the versions of one function well and still not be comparable from function to function. The score then learns,
from what can be told of a function without its label, whether it is like the data sets on which flags hold or like the
others. The threshold is the lowest at which flags hold on every data set.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit
from scipy.stats import binom

from codeodds.bundle.applicability import FARTHEST, FEATURES
from codeodds.bundle.calibration import calibrate_readings
from codeodds.bundle.manifest import Applicability, ApplicabilityFeature, Calibration, Spoken
from codeodds_trainer.evaluation.figures.applicability import Units, feature_columns, spoken_of
from codeodds_trainer.evaluation.figures.thresholds import PRECISIONS, choose_thresholds
from codeodds_trainer.export.calibrate import Floats, Labels
from codeodds_trainer.export.calibration_choice import fold_of_problems
from codeodds_trainer.ground.metrics import precision_recall_below
from codeodds_trainer.ground.scoring import ScoredSet

MIN_PROGRAMS = 200
MIN_FLAGS = 10
SIGNIFICANCE, OF_FEW = 0.2, 0.05
"""Flags on a data set contradict what is stated if chance would bring so few failures no more often than this; of fewer
than MIN_FLAGS flags more is asked, since those that are left hardly matter. One function more or less must not silence
a data set."""
RIDGE = 1e-2
"""Weight of the squared weights in the mean loss; the features are scaled. The bias is free."""
TOLERANCE = 0.05
"""How far the precision of flags on one data set may lie below what is stated."""
UNMEASURED = 0.5
"""The probability below which functions are flagged where no threshold reaches a wanted precision."""
CANDIDATES = 100
"""Quantiles of the applicability that are tried as its threshold."""
DIGITS = 6


def fit_applicability(
    scored: ScoredSet, units: Units, calibration: Calibration, fitted_on: str, say: Callable[[str], None]
) -> Applicability | None:
    """From validation programs that are scored already; None, with the reason said, if they are too few.

    The threshold and everything in `measured` rest on applicabilities from fits on other problems.
    """
    probabilities = calibrate_readings(calibration, scored.last, scored.mean, scored.tokens)
    labels, datasets = scored.labels, [row.dataset for row in scored.rows]
    if len(labels) < MIN_PROGRAMS:
        say(
            f"no applicability: {len(labels):,} validation programs; at least {MIN_PROGRAMS} are needed. "
            "The bundle speaks of all"
        )
        return None
    if choose_thresholds(probabilities, labels, PRECISIONS, datasets):
        say("no applicability: thresholds hold on every validation data set. The bundle speaks of all")
        return None
    everywhere = np.ones(len(labels), dtype=np.bool_)
    stated = stated_on(probabilities, labels, everywhere)
    found = spoken_of(datasets, probabilities, labels, everywhere, stated)
    doubtful = {row.dataset for row in found if not _holds(row)}
    if not doubtful:
        say("no applicability: flags hold what they state on every validation data set. The bundle speaks of all")
        return None
    trusted = np.asarray([name not in doubtful for name in datasets], dtype=np.bool_)
    columns = feature_columns(scored, units)
    weights = balanced_weights(datasets, trusted)
    values = np.full(len(labels), 0.5)
    folds = fold_of_problems(scored.groups)
    for fold in np.unique(folds):
        inside = folds == fold
        if not inside.all():
            features, bias = fit_features(columns[~inside], trusted[~inside], weights[~inside])
            values[inside] = applied(features, bias, columns[inside])
    threshold, measured = choose_applicability(values, probabilities, labels, datasets)
    features, bias = fit_features(columns, trusted, weights)
    if not features:
        say("no applicability: all validation programs look alike. The bundle speaks of all")
        return None
    coverage = float((values >= threshold).mean())
    say(f"speaks from an applicability of {threshold:.4f}: of {coverage:.0%} of the validation programs")
    if not coverage:
        say(
            "on some data set the flags never hold what they state, so the bundle shows nothing: train on more of its "
            "kind, or set export.applicability: false in the recipe to speak of all"
        )
    return Applicability(
        features=features,
        bias=bias,
        threshold=threshold,
        fitted_on=fitted_on,
        rows=len(labels),
        coverage=round(coverage, DIGITS),
        measured=measured,
    )


def balanced_weights(datasets: Sequence[str], trusted: Labels) -> Floats:
    """Weights that give either side the same sum, and within it each data set; they sum to 1. float64 [programs]."""
    kinds = np.unique(np.asarray(datasets), return_inverse=True)[1]
    weights = 1.0 / np.bincount(kinds)[kinds]
    for side in (trusted, ~trusted):
        if side.any():
            weights[side] /= weights[side].sum()
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def fit_features(columns: Floats, trusted: Labels, weights: Floats) -> tuple[list[ApplicabilityFeature], float]:
    """Ridge logistic regression of whether a program is of a trusted data set. Features that never change are left out.

    `columns`: float64 [programs, features]; `weights`: of the programs, any sum.
    """
    shares = weights / weights.sum()
    centres = shares @ columns
    scales = np.sqrt(shares @ (columns - centres) ** 2)
    used = np.flatnonzero(scales > 1e-6)
    inputs = np.clip((columns[:, used] - centres[used]) / scales[used], -FARTHEST, FARTHEST)
    readings = np.column_stack([inputs, np.ones(len(trusted))])
    sign = np.where(trusted, 1.0, -1.0)

    def loss(parameters: Floats) -> tuple[float, Floats]:
        margins = sign * (readings @ parameters)
        value = shares @ np.logaddexp(0.0, -margins) + RIDGE * float(parameters[:-1] @ parameters[:-1])
        slopes = -(readings.T @ (shares * sign * expit(-margins)))
        return float(value), slopes + 2 * RIDGE * np.append(parameters[:-1], 0.0)

    *found, bias = minimize(loss, np.zeros(len(used) + 1), jac=True, method="L-BFGS-B").x.tolist()
    features = [
        ApplicabilityFeature(
            name=FEATURES[index],
            weight=round(weight, DIGITS),
            centre=round(float(centres[index]), DIGITS),
            scale=round(float(scales[index]), DIGITS),
        )
        for index, weight in zip(used.tolist(), found, strict=True)
    ]
    return features, round(bias, DIGITS)


def applied(features: Sequence[ApplicabilityFeature], bias: float, columns: Floats) -> Floats:
    """The same for many programs at once as `codeodds.bundle.applicability.trust` for one, float64 [programs]."""
    total = np.full(len(columns), bias)
    for feature in features:
        column = columns[:, FEATURES.index(feature.name)]
        total += feature.weight * np.clip((column - feature.centre) / feature.scale, -FARTHEST, FARTHEST)
    return np.asarray(expit(total), dtype=np.float64)


def choose_applicability(
    values: Floats, probabilities: Floats, labels: Labels, datasets: Sequence[str]
) -> tuple[float, list[Spoken]]:
    """The lowest threshold above which flags hold what they state on every data set, and what was measured there.

    What is stated is the precision over all data sets together, at each threshold of the probability that would be
    chosen there. `values`: applicability, like all arguments of [programs]. A threshold of 1 means silence.
    """
    quantiles = np.quantile(values, np.linspace(0, 1, CANDIDATES + 1), method="lower")
    # Rounded down: the highest quantile must not lie above every value.
    candidates = [0.0, *np.unique(np.floor(quantiles * 1e4) / 1e4).tolist()]
    measured: list[Spoken] = []
    for threshold in [*candidates, 1.0]:
        speaks = values >= threshold
        measured = spoken_of(datasets, probabilities, labels, speaks, stated_on(probabilities, labels, speaks))
        if all(_holds(row) for row in measured):
            return threshold, measured
    return 1.0, measured


def stated_on(probabilities: Floats, labels: Labels, speaks: Labels) -> list[tuple[float, float | None]]:
    """Thresholds of the probability and the precision stated for each, of the programs that the bundle speaks of."""
    shown = np.where(speaks, probabilities, np.inf)
    chosen = choose_thresholds(shown, labels, PRECISIONS) or [UNMEASURED]
    found = [(probability, precision_recall_below(shown, labels, probability)[0]) for probability in chosen]
    return [(probability, None if np.isnan(precision) else precision) for probability, precision in found]


def _holds(row: Spoken) -> bool:
    if row.precision is None or row.stated is None:
        return True
    wanted = max(0.0, row.stated - TOLERANCE)
    if row.precision >= wanted:
        return True
    # One-sided binomial test: could so few of so many have failed if what is stated were true?
    failed = round(row.precision * row.flagged)
    return bool(binom.cdf(failed, row.flagged, wanted) >= (SIGNIFICANCE if row.flagged >= MIN_FLAGS else OF_FEW))
