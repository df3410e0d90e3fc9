"""The calibration against its formula, read slowly."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from codeodds.bundle.calibration import calibrate, calibrate_readings
from codeodds.bundle.manifest import Calibration

LOGITS = st.lists(st.floats(-(2.0**100), 2.0**100, width=32), min_size=1, max_size=20)


def platt(last: float, mean: float, bias: float) -> Calibration:
    return Calibration(method="platt", last=last, mean=mean, bias=bias, fitted_on="nothing", rows=1)


def test_formula() -> None:
    raw = np.asarray([0.5, -1.0, 2.0], dtype=np.float32)
    values = calibrate(platt(1.5, 0.5, -0.25), raw)
    wanted = []
    for i in range(3):
        logit = 1.5 * raw[i] + 0.5 * raw[: i + 1].sum() / (i + 1) - 0.25
        wanted.append(1 / (1 + math.exp(-logit)))
    np.testing.assert_allclose(values, wanted, rtol=1e-6)
    assert values.dtype == np.float32


def test_readings_give_what_the_last_token_gives() -> None:
    raw = np.asarray([0.5, -1.0, 2.0, 0.1], dtype=np.float32)
    calibration = platt(0.7, 1.2, 0.3)
    whole = calibrate_readings(calibration, raw[-1:], raw.mean(keepdims=True))
    np.testing.assert_allclose(whole, calibrate(calibration, raw)[-1:], rtol=1e-6)


@given(LOGITS, st.floats(0, 10), st.floats(0, 10), st.floats(-10, 10))
def test_probabilities_are_never_certain(raw: list[float], last: float, mean: float, bias: float) -> None:
    values = calibrate(platt(last, mean, bias), np.asarray(raw, dtype=np.float32))
    assert ((values > 0) & (values < 1)).all()


@given(LOGITS, st.floats(-5, 5))
def test_a_value_does_not_depend_on_later_tokens(raw: list[float], later: float) -> None:
    calibration = platt(1.0, 1.0, 0.0)
    before = calibrate(calibration, np.asarray(raw, dtype=np.float32))
    after = calibrate(calibration, np.asarray([*raw, later], dtype=np.float32))
    np.testing.assert_array_equal(after[:-1], before)


def test_no_tokens() -> None:
    assert calibrate(platt(1.0, 1.0, 0.0), np.zeros(0, dtype=np.float32)).shape == (0,)
