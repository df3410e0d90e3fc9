"""Chooses a calibration by cross-validation over problems, and says what others would have been worth."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec
import numpy as np
import numpy.typing as npt

from codeodds.bundle.calibration import calibrate_readings
from codeodds.bundle.manifest import Calibration
from codeodds_trainer.bundling.calibrate import (
    STEP_PROGRAMS,
    Floats,
    Labels,
    check_programs,
    fit_isotonic,
    fit_platt,
    fit_temperature,
)
from codeodds_trainer.evaluation.metrics import expected_calibration_error
from codeodds_trainer.evaluation.scoring import ScoredSet

Fit = Callable[[Floats, Floats, Labels, str], Calibration]
METHODS: Mapping[str, Fit] = {"temperature": fit_temperature, "platt": fit_platt, "isotonic": fit_isotonic}
"""From few parameters to many."""

FOLDS = 5
MARGIN = 0.001
"""Nats by which a map with more parameters must be better than one with fewer: less is not worth them."""
SAME_VALUE_SHARE = 0.25
"""A map that sends more programs than this to one probability has collapsed: it cannot rank them any more."""
EXTREME, EXTREME_SHARE = 0.005, 0.05
"""Nor may more programs than this share lie within EXTREME of 0 or 1: no file here supports such certainty."""
FRACTIONS = (0.1, 0.25, 0.5, 0.75, 1.0)
BANDS = (16, 32, 64, 128)
"""Upper ends, in solution tokens, of the bands that an editor could tell apart; the last band is open."""


class MethodResult(msgspec.Struct, frozen=True):
    """One method on problems that it was not fitted on."""

    method: str
    log_loss: float
    """Mean over programs, in nats."""
    ece: float
    same_value: float
    """Largest share of programs with one probability."""
    extreme: float
    """Share of programs within EXTREME of 0 or 1."""
    rejected: str | None
    """Why the map has collapsed; None if it has not."""


class FractionResult(msgspec.Struct, frozen=True):
    """Log loss, in nats, of values read after a fraction of the solution's tokens; problems held out."""

    fraction: float
    one: float
    """The one calibration, fitted at the end of programs."""
    own: float
    """A Platt scaling fitted at this very fraction, which a live editor does not know."""
    bands: float
    """A Platt scaling for each band of tokens so far, fitted at all fractions together."""
    constant: float
    """The share of passing programs for everyone."""


class Comparison(msgspec.Struct, frozen=True):
    """What ``calibration.json`` in the run folder holds."""

    programs: int
    problems: int
    chosen: str
    methods: list[MethodResult]
    fractions: list[FractionResult]


def choose_calibration(scored: ScoredSet, fitted_on: str) -> tuple[Calibration, Comparison]:
    """The method with the smallest held-out log loss that has not collapsed, fitted on all programs.

    Methods are tried from few parameters to many; one with more must be better by MARGIN. If all collapse, Platt
    scaling is taken.

    Raises: CalibrationError if there are fewer than 20 programs or one label only.
    """
    check_programs(scored.labels)
    last, mean, labels = scored.last, scored.mean, scored.labels
    folds = fold_of_problems(scored.groups)
    results = []
    for fit in METHODS.values():
        values = held_out(fit, last, mean, labels, folds)
        # The map that would be shipped must not have collapsed either.
        shipped = fit(last, mean, labels, fitted_on)
        results.append(_result(shipped, values, calibrate_readings(shipped, last, mean), labels))
    chosen = _best(results)
    comparison = Comparison(
        programs=len(labels),
        problems=len(set(scored.groups.tolist())),
        chosen=chosen,
        methods=results,
        fractions=compare_fractions(scored, folds),
    )
    compared = ", ".join(f"{result.method} {result.log_loss:.3f}" for result in results)
    calibration = METHODS[chosen](last, mean, labels, fitted_on)
    return msgspec.structs.replace(calibration, compared=compared), comparison


def collapse(values: Floats) -> tuple[float, float, str | None]:
    """Largest share of programs with one probability, share near 0 or 1, and the reason to reject the map, if any."""
    _, counts = np.unique(np.round(values, 6), return_counts=True)
    same = float(counts.max() / len(values))
    extreme = float(np.mean((values < EXTREME) | (values > 1 - EXTREME)))
    reason = None
    if same > SAME_VALUE_SHARE:
        reason = f"{same:.0%} of the programs get one probability (at most {SAME_VALUE_SHARE:.0%})"
    elif extreme > EXTREME_SHARE:
        reason = f"{extreme:.0%} of the programs get 0 or 1 (at most {EXTREME_SHARE:.0%} within {EXTREME})"
    return same, extreme, reason


def fold_of_problems(groups: npt.NDArray[np.int64], folds: int = FOLDS, seed: int = 0) -> npt.NDArray[np.int64]:
    """The fold of each program, int [programs]: all programs of a problem share one; folds hold as many problems."""
    problems = np.unique(groups)
    order = np.random.default_rng(seed).permutation(len(problems))
    fold = np.empty(len(problems), dtype=np.int64)
    fold[order] = np.arange(len(problems)) % min(folds, len(problems))
    return fold[np.searchsorted(problems, groups)]


def held_out(fit: Fit, last: Floats, mean: Floats, labels: Labels, folds: npt.NDArray[np.int64]) -> Floats:
    """The probability of each program from a map that was fitted on the other folds."""
    values = np.full(len(labels), labels.mean(), dtype=np.float64)
    for fold in np.unique(folds):
        inside = folds == fold
        if not inside.all():
            found = fit(last[~inside], mean[~inside], labels[~inside], "other problems")
            values[inside] = calibrate_readings(found, last[inside], mean[inside])
    return values


def log_loss(values: Floats, labels: Labels) -> float:
    """Mean negative log-likelihood, in nats."""
    return float(-np.log(np.where(labels, values, 1 - values)).mean())


def compare_fractions(scored: ScoredSet, folds: npt.NDArray[np.int64]) -> list[FractionResult]:
    """One calibration for all prefixes beside one for each fraction, and one for each band of tokens so far."""
    labels = scored.labels
    readings = {fraction: _readings_at(scored, fraction) for fraction in FRACTIONS}
    one, own, bands = ({fraction: np.zeros(len(labels)) for fraction in FRACTIONS} for _ in range(3))
    for fold in np.unique(folds):
        inside = folds == fold
        outside = ~inside if not inside.all() else inside
        end = fit_platt(scored.last[outside], scored.mean[outside], labels[outside], "")
        by_band = _fit_bands([reading[:, outside] for reading in readings.values()], labels[outside])
        for fraction, (last, mean, tokens) in readings.items():
            here = fit_platt(last[outside], mean[outside], labels[outside], "")
            one[fraction][inside] = calibrate_readings(end, last[inside], mean[inside])
            own[fraction][inside] = calibrate_readings(here, last[inside], mean[inside])
            for band, found in by_band.items():
                chosen = inside & (np.searchsorted(BANDS, tokens) == band)
                bands[fraction][chosen] = calibrate_readings(found, last[chosen], mean[chosen])
    constant = log_loss(np.full(len(labels), np.clip(labels.mean(), 1e-6, 1 - 1e-6)), labels)
    return [
        FractionResult(
            fraction=fraction,
            one=round(log_loss(one[fraction], labels), 5),
            own=round(log_loss(own[fraction], labels), 5),
            bands=round(log_loss(bands[fraction], labels), 5),
            constant=round(constant, 5),
        )
        for fraction in FRACTIONS
    ]


def _fit_bands(readings: list[npt.NDArray[np.float64]], labels: Labels) -> dict[int, Calibration]:
    """`readings`: one [last, mean, tokens] x programs for each fraction. A band without programs gets all of them."""
    last, mean, tokens = np.concatenate(readings, axis=1)
    repeated = np.tile(labels, len(readings))
    found = {}
    for band in range(len(BANDS) + 1):
        chosen = np.searchsorted(BANDS, tokens) == band
        chosen = chosen if chosen.any() else np.ones_like(chosen)
        found[band] = fit_platt(last[chosen], mean[chosen], repeated[chosen], "")
    return found


def _readings_at(scored: ScoredSet, fraction: float) -> npt.NDArray[np.float64]:
    """Last logit, mean logit and number of tokens after this fraction of each solution, float64 [3, programs]."""
    columns = []
    for row in scored.rows:
        tokens = max(1, int(np.ceil(fraction * len(row.values))))
        columns.append((row.values[tokens - 1], sum(row.values[:tokens]) / tokens, tokens))
    return np.asarray(columns, dtype=np.float64).T


def _result(shipped: Calibration, values: Floats, shown: Floats, labels: Labels) -> MethodResult:
    same, extreme, reason = collapse(shown)
    if shipped.points is not None and len(labels) < 2 * STEP_PROGRAMS:
        reason = f"a step has fewer than {STEP_PROGRAMS} programs"
    return MethodResult(
        method=shipped.method,
        log_loss=round(log_loss(values, labels), 5),
        ece=round(expected_calibration_error(values, labels), 5),
        same_value=round(same, 4),
        extreme=round(extreme, 4),
        rejected=reason,
    )


def _best(results: list[MethodResult]) -> str:
    best: MethodResult | None = None
    for result in results:
        if result.rejected is None and (best is None or result.log_loss < best.log_loss - MARGIN):
            best = result
    return "platt" if best is None else best.method


def comparison_json(comparison: Comparison) -> bytes:
    """Indented JSON."""
    return msgspec.json.format(msgspec.json.encode(comparison), indent=2) + b"\n"
