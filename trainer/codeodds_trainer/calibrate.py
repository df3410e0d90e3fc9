"""Fits what turns the head's logits into the probability shown, on programs that training did not see."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from codeodds.bundle.manifest import Calibration
from sklearn.linear_model import LogisticRegression

from codeodds_trainer.errors import CalibrationError

Floats = npt.NDArray[np.floating]


def fit_calibration(last: Floats, mean: Floats, labels: npt.NDArray[np.bool_], fitted_on: str) -> Calibration:
    """Platt scaling (Platt, 1999) of two readings: the logit at the last solution token and the mean over the solution.

    A reading whose weight comes out negative is left out and the other fitted alone: a higher value must never lower the
    probability. Logits are clipped nowhere; the weak ridge (C = 100) only keeps separable data finite.

    `last`, `mean`: logits, float [programs]; `labels`: bool [programs].
    Raises: CalibrationError if there are fewer than 20 programs or one label only.
    """
    if len(labels) < 20 or len(set(labels.tolist())) < 2:
        raise CalibrationError(
            f"{len(labels)} validation programs with {len(set(labels.tolist()))} label(s) cannot calibrate probabilities; "
            "add labelled programs to a validation split"
        )
    weights, bias = _logistic(np.stack([last, mean], axis=1), labels)
    if weights.min() < 0:
        kept = int(np.argmax(weights))
        alone, bias = _logistic((last, mean)[kept][:, None], labels)
        weights = np.zeros(2)
        weights[kept] = alone[0]
    return Calibration(
        method="platt",
        last=round(float(weights[0]), 6),
        mean=round(float(weights[1]), 6),
        bias=round(float(bias), 6),
        fitted_on=fitted_on,
        rows=len(labels),
    )


def _logistic(readings: Floats, labels: npt.NDArray[np.bool_]) -> tuple[Floats, float]:
    fitted = LogisticRegression(C=100.0, max_iter=1000).fit(readings, labels)
    return np.asarray(fitted.coef_[0], dtype=np.float64), float(fitted.intercept_[0])
