"""Fits maps from the head's logits to the probability shown, on programs that training did not see.

`calibration_choice` decides which of them a bundle gets.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import expit

from codeodds.bundle.manifest import Calibration
from codeodds_trainer.ground.errors import CalibrationError

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.bool_]
Tokens = npt.NDArray[np.int64]

MIN_PROGRAMS = 20
RIDGE = 1e-4
"""Weight of the squared parameters in the mean loss: only keeps separable data finite."""
LOG_HALF = (-3.0, 6.0)
"""Bounds of the logarithm of the tokens at which a reading counts half: 0.05 to 400."""


def fit_platt(last: Floats, mean: Floats, labels: Labels, fitted_on: str) -> Calibration:
    """Platt scaling (Platt, 1999) of two readings: the logit at the last solution token and the mean over the solution.

    Neither weight may be negative: a higher value must never lower the probability.
    `last`, `mean`: logits, float [programs]; `labels`: bool [programs].
    """
    readings = np.stack([last, mean, np.ones_like(last)], axis=1)
    bounds = [(0.0, None), (0.0, None), (None, None)]
    return _platt(_fit(readings, labels, [0.5, 0.5, 0.0], bounds).tolist(), labels, fitted_on)


def fit_shrinkage(
    last: Floats, mean: Floats, tokens: Tokens, labels: Labels, weights: Floats, fitted_on: str
) -> Calibration:
    """Platt scaling that shrinks a reading of few solution tokens towards a constant; see `Calibration`.

    Fitted on readings of unfinished programs too. `last`, `mean`: logits; `tokens`: solution tokens so far; `weights`:
    how much a reading counts; all [readings]. `labels`: bool [readings], of the finished program.
    """
    sign = np.where(labels, 1.0, -1.0)
    shares = weights / weights.sum()

    def loss(parameters: Floats) -> tuple[float, Floats]:
        by_last, by_mean, bias, start, log_half = parameters
        half = np.exp(log_half)
        trust = tokens / (tokens + half)
        reading = by_last * last + by_mean * mean + bias
        margins = sign * (trust * reading + (1 - trust) * start)
        value = shares @ np.logaddexp(0.0, -margins) + RIDGE * float(parameters[:4] @ parameters[:4])
        pull = -shares * sign * expit(-margins)
        of_trust = pull @ (-half * tokens / (tokens + half) ** 2 * (reading - start))
        slopes = [pull @ (trust * last), pull @ (trust * mean), pull @ trust, pull @ (1 - trust)]
        return float(value), np.asarray([*slopes, of_trust]) + 2 * RIDGE * np.append(parameters[:4], 0.0)

    bounds = [(0.0, None), (0.0, None), (None, None), (None, None), LOG_HALF]
    tried = [
        minimize(loss, [0.5, 0.5, 0.0, 0.0, log_half], jac=True, method="L-BFGS-B", bounds=bounds)
        for log_half in (1.0, 3.0)
    ]
    by_last, by_mean, bias, start, log_half = min(tried, key=lambda result: float(result.fun)).x.tolist()
    found = _platt([by_last, by_mean, bias], labels, fitted_on)
    half = round(float(np.exp(log_half)), 6)
    # The manifest calls this method `growing`.
    return msgspec.structs.replace(found, method="growing", half_tokens=half, start=round(start, 6))


def _fit(readings: Floats, labels: Labels, start: list[float], bounds: Sequence[tuple[float | None, None]]) -> Floats:
    """Weights of the readings [programs, n] with the smallest mean log loss."""
    sign = np.where(labels, 1.0, -1.0)

    def loss(parameters: Floats) -> tuple[float, Floats]:
        margins = sign * (readings @ parameters)
        value = np.logaddexp(0.0, -margins).mean() + RIDGE * float(parameters @ parameters)
        pull = -(readings * (sign * expit(-margins))[:, None]).mean(axis=0)
        return value, pull + 2 * RIDGE * parameters

    fitted: Floats = minimize(loss, np.asarray(start), jac=True, method="L-BFGS-B", bounds=bounds).x
    return fitted


def _platt(parameters: Sequence[float], labels: Labels, fitted_on: str) -> Calibration:
    last, mean, bias = (round(float(value), 6) for value in parameters)
    return Calibration(method="platt", last=last, mean=mean, bias=bias, fitted_on=fitted_on, rows=len(labels))


def check_programs(labels: Labels) -> None:
    """Raises: CalibrationError if there are fewer than 20 programs or one label only."""
    kinds = len(set(labels.tolist()))
    if len(labels) < MIN_PROGRAMS or kinds < 2:
        raise CalibrationError(
            f"{len(labels)} validation programs with {kinds} label(s) cannot calibrate probabilities; at least "
            f"{MIN_PROGRAMS} with both labels are needed: add labelled programs to a validation split"
        )
