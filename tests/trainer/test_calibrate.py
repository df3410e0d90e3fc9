"""Calibration finds the parameters that made the labels."""

from __future__ import annotations

import numpy as np
import pytest

from codeodds.bundle.calibration import calibrate_readings
from codeodds_trainer.bundling.calibrate import fit_calibration
from codeodds_trainer.errors import CalibrationError

RNG = np.random.default_rng(0)


def test_known_parameters_are_found_again():
    last, mean = RNG.normal(size=(2, 40_000)) * 2
    truth = 1 / (1 + np.exp(-(0.8 * last + 0.4 * mean - 0.6)))
    found = fit_calibration(last, mean, RNG.random(40_000) < truth, "a test")
    assert (found.last, found.mean, found.bias) == pytest.approx((0.8, 0.4, -0.6), abs=0.05)
    assert np.abs(calibrate_readings(found, last, mean) - truth).max() < 0.04


def test_a_reading_that_points_the_wrong_way_gets_no_weight():
    last, mean = RNG.normal(size=(2, 5_000))
    labels = RNG.random(5_000) < 1 / (1 + np.exp(-(last - mean)))
    found = fit_calibration(last, mean, labels, "a test")
    assert found.mean == 0
    assert found.last == pytest.approx(0.8, abs=0.15)


@pytest.mark.parametrize(("count", "label"), [(5, None), (100, True)])
def test_too_few_programs_or_one_label_are_refused(count, label):
    labels = np.arange(count) % 2 == 0 if label is None else np.full(count, label)
    with pytest.raises(CalibrationError, match="validation programs"):
        fit_calibration(np.zeros(count), np.zeros(count), labels, "a test")
