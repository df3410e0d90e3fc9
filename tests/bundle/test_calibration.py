"""The calibration against its formula, read slowly."""

from __future__ import annotations

import math
from itertools import pairwise

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeodds.bundle.calibration import calibrate, calibrate_readings
from codeodds.bundle.manifest import Calibration

LOGITS = st.lists(st.floats(-(2.0**100), 2.0**100, width=32), min_size=1, max_size=20)


def platt(last: float, mean: float, bias: float) -> Calibration:
    return Calibration(method="platt", last=last, mean=mean, bias=bias, fitted_on="nothing", rows=1)


def growing(last: float, mean: float, bias: float, half_tokens: float, start: float) -> Calibration:
    made = platt(last, mean, bias)
    return msgspec.structs.replace(made, method="growing", half_tokens=half_tokens, start=start)


def test_a_growing_reading_starts_at_a_constant_and_ends_at_platts() -> None:
    raw = np.asarray([2.0, -1.0, 0.5] + [0.5] * 997, dtype=np.float32)
    calibration = growing(1.5, 0.5, -0.25, half_tokens=2.0, start=-0.4)
    values = calibrate(calibration, raw)
    for i in range(3):
        trust = (i + 1) / (i + 1 + 2.0)
        reading = 1.5 * raw[i] + 0.5 * raw[: i + 1].mean() - 0.25
        assert values[i] == pytest.approx(1 / (1 + math.exp(-(trust * reading + (1 - trust) * -0.4))), rel=1e-6)
    plain = calibrate(platt(1.5, 0.5, -0.25), raw)
    assert abs(values[-1] - plain[-1]) < 1e-3
    assert abs(values[0] - plain[0]) > 0.2


def test_parameters_of_another_method_are_refused() -> None:
    with pytest.raises(ValueError, match="belong to the method growing, not to platt"):
        msgspec.structs.replace(platt(1.0, 0.0, 0.0), half_tokens=3.0)


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
    for each in (calibration, growing(0.7, 1.2, 0.3, half_tokens=3.0, start=-0.5)):
        whole = calibrate_readings(each, raw[-1:], raw.mean(keepdims=True), np.asarray([4]))
        np.testing.assert_allclose(whole, calibrate(each, raw)[-1:], rtol=1e-6)


@given(LOGITS, st.floats(0, 10), st.floats(0, 10), st.floats(-10, 10))
def test_probabilities_are_never_certain(raw: list[float], last: float, mean: float, bias: float) -> None:
    values = calibrate(platt(last, mean, bias), np.asarray(raw, dtype=np.float32))
    assert ((values > 0) & (values < 1)).all()


@given(LOGITS, st.floats(-5, 5), st.sampled_from([0.0, 3.0]))
def test_a_value_does_not_depend_on_later_tokens(raw: list[float], later: float, half: float) -> None:
    calibration = growing(1.0, 1.0, 0.0, half, -0.5) if half else platt(1.0, 1.0, 0.0)
    before = calibrate(calibration, np.asarray(raw, dtype=np.float32))
    after = calibrate(calibration, np.asarray([*raw, later], dtype=np.float32))
    np.testing.assert_array_equal(after[:-1], before)


POINTS = st.lists(st.tuples(st.integers(-50, 50), st.floats(0, 1)), min_size=2, max_size=8, unique_by=lambda p: p[0])


def isotonic(points: list[tuple[float, float]]) -> Calibration:
    return msgspec.structs.replace(platt(1.0, 0.5, 0.1), method="isotonic", points=points)


def between(points: list[tuple[float, float]], z: float) -> float:
    """Piecewise linear, constant beyond the ends."""
    if z <= points[0][0]:
        return points[0][1]
    for (left, low), (right, high) in pairwise(points):
        if z <= right:
            return low + (high - low) * (z - left) / (right - left)
    return points[-1][1]


@given(POINTS, st.lists(st.floats(-100, 100, width=32), min_size=1, max_size=9))
def test_isotonic_against_its_formula(found: list[tuple[int, float]], raw: list[float]) -> None:
    logits = sorted(float(logit) for logit, _ in found)
    points = list(zip(logits, sorted(value for _, value in found), strict=True))
    values = calibrate(isotonic(points), np.asarray(raw, dtype=np.float32))
    for i, value in enumerate(values.tolist()):
        z = raw[i] + 0.5 * math.fsum(raw[: i + 1]) / (i + 1) + 0.1
        assert value == pytest.approx(min(max(between(points, z), 1e-6), 1 - 1e-6), abs=1e-4)


def test_temperature_is_a_factor_of_the_last_logit() -> None:
    calibration = msgspec.structs.replace(platt(0.5, 0.0, 0.0), method="temperature")
    values = calibrate(calibration, np.asarray([2.0, -4.0], dtype=np.float32))
    np.testing.assert_allclose(values, [1 / (1 + math.exp(-1)), 1 / (1 + math.exp(2))], rtol=1e-6)


@pytest.mark.parametrize(
    ("method", "points"),
    [
        ("isotonic", None),
        ("platt", [(0.0, 0.1), (1.0, 0.2)]),
        ("isotonic", [(0.0, 0.1)]),
        ("isotonic", [(0.0, 0.1), (0.0, 0.2)]),
        ("isotonic", [(0.0, 0.2), (1.0, 0.1)]),
        ("isotonic", [(0.0, 0.2), (1.0, 1.1)]),
    ],
)
def test_points_that_are_no_rising_curve_are_refused(method: str, points: list[tuple[float, float]] | None) -> None:
    content = {**msgspec.to_builtins(platt(1.0, 0.0, 0.0)), "method": method, "points": points}
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(content, Calibration)


def test_a_calibration_without_points_is_written_as_before() -> None:
    assert list(msgspec.to_builtins(platt(1.0, 0.0, 0.0))) == ["method", "last", "mean", "bias", "fitted_on", "rows"]


def test_no_tokens() -> None:
    assert calibrate(platt(1.0, 1.0, 0.0), np.zeros(0, dtype=np.float32)).shape == (0,)
