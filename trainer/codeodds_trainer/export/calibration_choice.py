"""Chooses a calibration by cross-validation over problems, and says what others would have been worth."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec
import numpy as np
import numpy.typing as npt

from codeodds.bundle.calibration import calibrate_readings
from codeodds.bundle.manifest import Calibration
from codeodds_trainer.export.calibrate import (
    STEP_PROGRAMS,
    Floats,
    Labels,
    check_programs,
    fit_growing,
    fit_isotonic,
    fit_platt,
    fit_temperature,
)
from codeodds_trainer.ground.metrics import expected_calibration_error
from codeodds_trainer.ground.prefixes import FRACTIONS, TokenValues
from codeodds_trainer.ground.scoring import ScoredSet

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
FINISHED = 4
"""Weight of finished programs beside all their prefixes when the map for unfinished programs is fitted."""
EARLY_GAIN, END_LOSS = 0.005, 0.003
"""Nats that the map for unfinished programs must gain on average over fractions below 1, and may lose at the end."""
EXCHANGE = 0.1
"""It may lose this share of its gain as well: most of what an editor shows while code is typed is unfinished."""


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
    growing: float
    """One map that trusts a reading the more, the more tokens it rests on, fitted at all fractions together."""
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
    scaling is taken. The map for unfinished programs takes the place of the winner if it is clearly better on them and
    hardly worse on finished ones.

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
        results.append(_result(shipped, values, calibrate_readings(shipped, last, mean, scored.tokens), labels))
    chosen = _best(results)
    fractions = compare_fractions(scored, folds)
    at_the_end = next(result.log_loss for result in results if result.method == chosen)
    calibration = METHODS[chosen](last, mean, labels, fitted_on)
    if _grows_better(fractions, at_the_end):
        growing = fit_growing_at(scored, np.ones(len(labels), dtype=np.bool_), fitted_on)
        if collapse(calibrate_readings(growing, last, mean, scored.tokens))[2] is None:
            chosen, calibration = growing.method, growing
    comparison = Comparison(
        programs=len(labels),
        problems=len(set(scored.groups.tolist())),
        chosen=chosen,
        methods=results,
        fractions=fractions,
    )
    compared = ", ".join(f"{result.method} {result.log_loss:.3f}" for result in results)
    if calibration.method == "growing":
        compared += f", growing {next(row.growing for row in fractions if row.fraction == 1):.3f}"
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
            # None of these methods looks at the number of tokens.
            values[inside] = calibrate_readings(
                found, last[inside], mean[inside], np.ones(inside.sum(), dtype=np.int64)
            )
    return values


def log_loss(values: Floats, labels: Labels) -> float:
    """Mean negative log-likelihood, in nats."""
    return float(-np.log(np.where(labels, values, 1 - values)).mean())


def compare_fractions(scored: ScoredSet, folds: npt.NDArray[np.int64]) -> list[FractionResult]:
    """One calibration for all prefixes beside one for each fraction, and one that looks at the tokens so far."""
    labels = scored.labels
    readings = {fraction: TokenValues([row.values for row in scored.rows]).read(fraction) for fraction in FRACTIONS}
    one, own, growing = ({fraction: np.zeros(len(labels)) for fraction in FRACTIONS} for _ in range(3))
    for fold in np.unique(folds):
        inside = folds == fold
        outside = ~inside if not inside.all() else inside
        end = fit_platt(scored.last[outside], scored.mean[outside], labels[outside], "")
        by_tokens = fit_growing_at(scored, outside, "")
        for fraction, read in readings.items():
            here = fit_platt(read.last[outside], read.mean[outside], labels[outside], "")
            for values, found in ((one, end), (own, here), (growing, by_tokens)):
                values[fraction][inside] = calibrate_readings(
                    found, read.last[inside], read.mean[inside], read.tokens[inside]
                )
    constant = log_loss(np.full(len(labels), np.clip(labels.mean(), 1e-6, 1 - 1e-6)), labels)
    return [
        FractionResult(
            fraction=fraction,
            one=round(log_loss(one[fraction], labels), 5),
            own=round(log_loss(own[fraction], labels), 5),
            growing=round(log_loss(growing[fraction], labels), 5),
            constant=round(constant, 5),
        )
        for fraction in FRACTIONS
    ]


def fit_growing_at(scored: ScoredSet, rows: Labels, fitted_on: str) -> Calibration:
    """The map for unfinished programs, fitted at all fractions of the programs `rows`, bool [programs].

    Finished programs count FINISHED times as much as all unfinished readings together: most that is shown is finished.
    """
    values = TokenValues([row.values for row, chosen in zip(scored.rows, rows, strict=True) if chosen])
    read = [values.read(fraction) for fraction in FRACTIONS]
    finished = FINISHED * (len(FRACTIONS) - 1)
    weights = np.concatenate([np.full(int(rows.sum()), 1.0 if fraction < 1 else finished) for fraction in FRACTIONS])
    found = fit_growing(
        np.concatenate([part.last for part in read]),
        np.concatenate([part.mean for part in read]),
        np.concatenate([part.tokens for part in read]),
        np.tile(scored.labels[rows], len(FRACTIONS)),
        weights,
        fitted_on,
    )
    return msgspec.structs.replace(found, rows=int(rows.sum()))


def _grows_better(fractions: list[FractionResult], at_the_end: float) -> bool:
    gain = float(np.mean([row.one - row.growing for row in fractions if row.fraction < 1]))
    end = next(row.growing for row in fractions if row.fraction == 1)
    return gain >= EARLY_GAIN and end - at_the_end <= max(END_LOSS, EXCHANGE * gain)


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
