"""Fits what turns the head's logits into the probability shown, on programs that training did not see."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import expit

from codeodds.bundle.manifest import Calibration
from codeodds_trainer.errors import CalibrationError

Floats = npt.NDArray[np.float64]

MIN_PROGRAMS = 20
RIDGE = 1e-4
"""Weight of the squared parameters in the mean loss: only keeps separable data finite."""


def fit_calibration(last: Floats, mean: Floats, labels: npt.NDArray[np.bool_], fitted_on: str) -> Calibration:
    """Platt scaling (Platt, 1999) of two readings: the logit at the last solution token and the mean over the solution.

    Neither weight may be negative: a higher value must never lower the probability.

    `last`, `mean`: logits, float [programs]; `labels`: bool [programs].
    Raises: CalibrationError if there are fewer than 20 programs or one label only.
    """
    kinds = len(set(labels.tolist()))
    if len(labels) < MIN_PROGRAMS or kinds < 2:
        raise CalibrationError(
            f"{len(labels)} validation programs with {kinds} label(s) cannot calibrate probabilities; at least "
            f"{MIN_PROGRAMS} with both labels are needed: add labelled programs to a validation split"
        )
    readings = np.stack([last, mean, np.ones_like(last)], axis=1)
    sign = np.where(labels, 1.0, -1.0)

    def loss(parameters: Floats) -> tuple[float, Floats]:
        margins = sign * (readings @ parameters)
        value = np.logaddexp(0.0, -margins).mean() + RIDGE * float(parameters @ parameters)
        pull = -(readings * (sign * expit(-margins))[:, None]).mean(axis=0)
        return value, pull + 2 * RIDGE * parameters

    start = np.asarray([0.5, 0.5, 0.0])
    bounds = [(0.0, None), (0.0, None), (None, None)]
    fitted = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    last_weight, mean_weight, bias = (round(float(value), 6) for value in fitted)
    return Calibration(
        method="platt", last=last_weight, mean=mean_weight, bias=bias, fitted_on=fitted_on, rows=len(labels)
    )
