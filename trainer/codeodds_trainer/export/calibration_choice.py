"""Chooses a calibration by cross-validation over problems: Platt scaling, with or without shrinkage."""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt

from codeodds.bundle.calibration import calibrate_readings
from codeodds.bundle.manifest import Calibration
from codeodds_trainer.export.calibrate import Floats, Labels, check_programs, fit_platt, fit_shrinkage
from codeodds_trainer.ground.metrics import expected_calibration_error
from codeodds_trainer.ground.prefixes import FRACTIONS, TokenValues
from codeodds_trainer.ground.scoring import ScoredSet

FOLDS = 5
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


class PlattResult(msgspec.Struct, frozen=True):
    """Platt scaling of whole programs, on problems that it was not fitted on."""

    log_loss: float
    """Mean over programs, in nats."""
    ece: float


class FractionResult(msgspec.Struct, frozen=True):
    """Log loss, in nats, of values read after a fraction of the solution's tokens; problems held out."""

    fraction: float
    one: float
    """The one calibration, fitted at the end of programs."""
    own: float
    """A Platt scaling fitted at this very fraction, which a live editor does not know."""
    shrinkage: float
    """One map that trusts a reading the more, the more tokens it rests on, fitted at all fractions together."""
    constant: float
    """The share of passing programs for everyone."""


class Comparison(msgspec.Struct, frozen=True):
    """What ``calibration.json`` in the run folder holds."""

    programs: int
    problems: int
    chosen: str
    platt: PlattResult
    fractions: list[FractionResult]


def choose_calibration(scored: ScoredSet, fitted_on: str) -> tuple[Calibration, Comparison]:
    """Platt scaling, or with shrinkage if that is clearly better on unfinished programs and hardly worse on finished
    ones; fitted on all programs.

    Raises: CalibrationError if there are fewer than 20 programs or one label only.
    """
    check_programs(scored.labels)
    last, mean, labels = scored.last, scored.mean, scored.labels
    folds = fold_of_problems(scored.groups)
    values = held_out(last, mean, labels, folds)
    platt = PlattResult(
        log_loss=round(log_loss(values, labels), 5), ece=round(expected_calibration_error(values, labels), 5)
    )
    fractions = compare_fractions(scored, folds)
    chosen, calibration = "platt", fit_platt(last, mean, labels, fitted_on)
    if _shrinkage_is_better(fractions, platt.log_loss):
        shrunk = fit_shrinkage_at(scored, np.ones(len(labels), dtype=np.bool_), fitted_on)
        if collapse(calibrate_readings(shrunk, last, mean, scored.tokens)) is None:
            chosen, calibration = "shrinkage", shrunk
    comparison = Comparison(
        programs=len(labels),
        problems=len(set(scored.groups.tolist())),
        chosen=chosen,
        platt=platt,
        fractions=fractions,
    )
    return calibration, comparison


def collapse(values: Floats) -> str | None:
    """The reason to reject a map that gives many programs one probability, or many 0 or 1; None if it does not."""
    _, counts = np.unique(np.round(values, 6), return_counts=True)
    same = float(counts.max() / len(values))
    extreme = float(np.mean((values < EXTREME) | (values > 1 - EXTREME)))
    if same > SAME_VALUE_SHARE:
        return f"{same:.0%} of the programs get one probability (at most {SAME_VALUE_SHARE:.0%})"
    if extreme > EXTREME_SHARE:
        return f"{extreme:.0%} of the programs get 0 or 1 (at most {EXTREME_SHARE:.0%} within {EXTREME})"
    return None


def fold_of_problems(groups: npt.NDArray[np.int64], folds: int = FOLDS, seed: int = 0) -> npt.NDArray[np.int64]:
    """The fold of each program, int [programs]: all programs of a problem share one; folds hold as many problems."""
    problems = np.unique(groups)
    order = np.random.default_rng(seed).permutation(len(problems))
    fold = np.empty(len(problems), dtype=np.int64)
    fold[order] = np.arange(len(problems)) % min(folds, len(problems))
    return fold[np.searchsorted(problems, groups)]


def held_out(last: Floats, mean: Floats, labels: Labels, folds: npt.NDArray[np.int64]) -> Floats:
    """The probability of each program from a Platt scaling that was fitted on the other folds."""
    values = np.full(len(labels), labels.mean(), dtype=np.float64)
    for fold in np.unique(folds):
        inside = folds == fold
        if not inside.all():
            found = fit_platt(last[~inside], mean[~inside], labels[~inside], "other problems")
            # Platt scaling does not look at the number of tokens.
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
    one, own, shrinkage = ({fraction: np.zeros(len(labels)) for fraction in FRACTIONS} for _ in range(3))
    for fold in np.unique(folds):
        inside = folds == fold
        outside = ~inside if not inside.all() else inside
        end = fit_platt(scored.last[outside], scored.mean[outside], labels[outside], "")
        by_tokens = fit_shrinkage_at(scored, outside, "")
        for fraction, read in readings.items():
            here = fit_platt(read.last[outside], read.mean[outside], labels[outside], "")
            for values, found in ((one, end), (own, here), (shrinkage, by_tokens)):
                values[fraction][inside] = calibrate_readings(
                    found, read.last[inside], read.mean[inside], read.tokens[inside]
                )
    constant = log_loss(np.full(len(labels), np.clip(labels.mean(), 1e-6, 1 - 1e-6)), labels)
    return [
        FractionResult(
            fraction=fraction,
            one=round(log_loss(one[fraction], labels), 5),
            own=round(log_loss(own[fraction], labels), 5),
            shrinkage=round(log_loss(shrinkage[fraction], labels), 5),
            constant=round(constant, 5),
        )
        for fraction in FRACTIONS
    ]


def fit_shrinkage_at(scored: ScoredSet, rows: Labels, fitted_on: str) -> Calibration:
    """The map for unfinished programs, fitted at all fractions of the programs `rows`, bool [programs].

    Finished programs count FINISHED times as much as all unfinished readings together: most that is shown is finished.
    """
    values = TokenValues([row.values for row, chosen in zip(scored.rows, rows, strict=True) if chosen])
    read = [values.read(fraction) for fraction in FRACTIONS]
    finished = FINISHED * (len(FRACTIONS) - 1)
    weights = np.concatenate([np.full(int(rows.sum()), 1.0 if fraction < 1 else finished) for fraction in FRACTIONS])
    found = fit_shrinkage(
        np.concatenate([part.last for part in read]),
        np.concatenate([part.mean for part in read]),
        np.concatenate([part.tokens for part in read]),
        np.tile(scored.labels[rows], len(FRACTIONS)),
        weights,
        fitted_on,
    )
    return msgspec.structs.replace(found, rows=int(rows.sum()))


def _shrinkage_is_better(fractions: list[FractionResult], at_the_end: float) -> bool:
    gain = float(np.mean([row.one - row.shrinkage for row in fractions if row.fraction < 1]))
    end = next(row.shrinkage for row in fractions if row.fraction == 1)
    return gain >= EARLY_GAIN and end - at_the_end <= max(END_LOSS, EXCHANGE * gain)


def comparison_json(comparison: Comparison) -> bytes:
    """Indented JSON."""
    return msgspec.json.format(msgspec.json.encode(comparison), indent=2) + b"\n"
