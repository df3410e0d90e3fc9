"""Applies a bundle's calibration: from logits to the probabilities shown. Fitting it is the trainer's work."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from codeodds.bundle.manifest import Calibration
from codeodds.types import FloatArray

SMALLEST = 1e-6
"""Probabilities stay within [SMALLEST, 1 - SMALLEST]: nothing the model says is certain, and log-odds stay finite."""

Floats = npt.NDArray[np.floating]


def calibrate(calibration: Calibration, raw: FloatArray) -> FloatArray:
    """The probability at each solution token from the logits up to and including it.

    `raw`: logits v_1..v_n, float32 [n]. Returns: float32 [n], each in (0, 1); `Calibration` has the formula. p_i does
    not depend on later tokens.
    """
    logits = np.asarray(raw, dtype=np.float64)
    tokens = np.arange(1, len(logits) + 1)
    return calibrate_readings(calibration, logits, np.cumsum(logits) / tokens, tokens).astype(np.float32)


def calibrate_readings(
    calibration: Calibration, last: Floats, mean: Floats, tokens: npt.NDArray[np.integer]
) -> npt.NDArray[np.float64]:
    """The probability from readings already taken of any number of programs.

    `last`, `mean`: last and mean logit of the solution so far; `tokens`: how many solution tokens that are, 1 or more.
    All of the same shape. Returns: float64 of that shape, each in (0, 1).
    """
    readings = combine(calibration, last, mean)
    if calibration.half_tokens:
        trust = tokens / (tokens + calibration.half_tokens)
        readings = trust * readings + (1 - trust) * calibration.start
    if calibration.points is None:
        values = sigmoid(readings)
    else:
        logits, probabilities = np.asarray(calibration.points, dtype=np.float64).T
        values = np.interp(readings, logits, probabilities)
    return np.clip(values, SMALLEST, 1 - SMALLEST)


def combine(calibration: Calibration, last: Floats, mean: Floats) -> npt.NDArray[np.float64]:
    """The one number that a calibration maps to a probability: ``last * v_i + mean * mean(v_1..v_i) + bias``."""
    return (
        calibration.last * np.asarray(last, dtype=np.float64)
        + calibration.mean * np.asarray(mean, dtype=np.float64)
        + calibration.bias
    )


def sigmoid(logits: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """``1 / (1 + exp(-x))`` without overflow for any finite x; float64 of the same shape."""
    decay = np.exp(-np.abs(logits))
    return np.where(logits >= 0, 1.0, decay) / (1.0 + decay)
