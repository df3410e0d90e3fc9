"""Calibration finds the parameters that made the labels, and shrinks early readings where that pays."""

from __future__ import annotations

import numpy as np
import pytest

from codeodds.bundle.calibration import calibrate, calibrate_readings
from codeodds_trainer.export.calibrate import fit_platt, fit_shrinkage
from codeodds_trainer.export.calibration_choice import (
    END_LOSS,
    FractionResult,
    _shrinkage_is_better,
    choose_calibration,
    collapse,
    fold_of_problems,
    held_out,
    log_loss,
)
from codeodds_trainer.export.card import calibration_lines
from codeodds_trainer.ground.errors import CalibrationError
from codeodds_trainer.ground.prefixes import FRACTIONS
from codeodds_trainer.ground.scoring import ScoredProgram, ScoredSet

RNG = np.random.default_rng(0)
ONCE = np.asarray(1)
"""Tokens so far, for maps that do not look at them."""


def sigmoid(logits):
    return 1 / (1 + np.exp(-logits))


def test_known_parameters_are_found_again():
    last, mean = RNG.normal(size=(2, 40_000)) * 2
    truth = sigmoid(0.8 * last + 0.4 * mean - 0.6)
    found = fit_platt(last, mean, RNG.random(40_000) < truth, "a test")
    assert (found.last, found.mean, found.bias) == pytest.approx((0.8, 0.4, -0.6), abs=0.05)
    assert np.abs(calibrate_readings(found, last, mean, ONCE) - truth).max() < 0.04


def test_a_reading_that_points_the_wrong_way_gets_no_weight():
    last, mean = RNG.normal(size=(2, 5_000))
    labels = RNG.random(5_000) < sigmoid(last - mean)
    found = fit_platt(last, mean, labels, "a test")
    assert found.mean == 0
    assert found.last == pytest.approx(0.8, abs=0.15)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (np.linspace(0.1, 0.9, 100), None),
        (np.concatenate([np.full(26, 0.3), np.linspace(0.4, 0.9, 74)]), "26% of the programs get one probability"),
        (np.concatenate([np.full(25, 0.3), np.linspace(0.4, 0.9, 75)]), None),
        (np.concatenate([np.linspace(0.001, 0.004, 6), np.linspace(0.1, 0.9, 94)]), "6% of the programs get 0 or 1"),
        (np.concatenate([np.linspace(0.996, 0.999, 5), np.linspace(0.1, 0.9, 95)]), None),
    ],
)
def test_a_collapsed_map_is_rejected(values, words):
    reason = collapse(values)
    assert (reason is None) == (words is None)
    assert words is None or words in reason


def scored_set(truth, problems=300, each=5, tokens=20, early=1.0):
    """Programs whose last logit decides their label as `truth` says; earlier tokens know the share `early` of it."""
    rng = np.random.default_rng(1)
    rows = []
    for number in range(problems):
        for _ in range(each):
            logit = float(rng.uniform(-3, 3))
            values = [logit * early] * (tokens - 1) + [logit]
            rows.append(ScoredProgram(f"p{number}", "toy", "toy", bool(rng.random() < truth(logit)), "", values, 9))
    return ScoredSet(rows)


def test_platt_scaling_is_chosen_where_early_values_are_as_good():
    calibration, comparison = choose_calibration(scored_set(lambda logit: sigmoid(0.8 * logit - 1)), "a test")
    assert (calibration.method, comparison.chosen) == ("platt", "platt")
    assert (comparison.programs, comparison.problems) == (1500, 300)
    assert comparison.platt.log_loss < 0.6
    assert (calibration.fitted_on, calibration.rows) == ("a test", 1500)
    assert calibration_lines(calibration)[1] == "- The calibration was fitted on a test (1,500 programs)."


def test_what_the_fractions_cost():
    """Early values are half the last ones: one calibration reads them too timidly, one for each fraction does not."""
    _, comparison = choose_calibration(scored_set(lambda logit: sigmoid(2 * logit), early=0.5), "a test")
    rows = {row.fraction: row for row in comparison.fractions}
    assert list(rows) == list(FRACTIONS)
    assert rows[0.5].own < rows[0.5].one < rows[0.5].constant
    assert rows[1.0].own == rows[1.0].one
    assert rows[0.5].constant == pytest.approx(np.log(2), abs=0.01)


def noisy_start(problems=300, each=5, tokens=40):
    """Programs whose early values are noise as bold as what their later ones know."""
    rng = np.random.default_rng(2)
    rows = []
    for number in range(problems):
        for _ in range(each):
            logit = float(rng.normal(-1, 1.5))
            trust = np.minimum(1, np.arange(1, tokens + 1) / 20)
            values = (trust * logit + (1 - trust) * rng.normal(-1, 4, tokens)).tolist()
            rows.append(ScoredProgram(f"p{number}", "toy", "toy", bool(rng.random() < sigmoid(logit)), "", values, 9))
    return ScoredSet(rows)


def test_bold_early_values_are_trusted_less():
    scored = noisy_start()
    calibration, comparison = choose_calibration(scored, "a test")
    assert (calibration.method, comparison.chosen) == ("growing", "shrinkage")
    assert calibration.half_tokens > 1
    rows = {row.fraction: row for row in comparison.fractions}
    assert rows[0.1].shrinkage < rows[0.1].one - 0.02
    assert rows[1.0].shrinkage <= comparison.platt.log_loss + END_LOSS
    # Early on, it hardly leaves the share of programs that pass.
    first = calibrate(calibration, np.asarray([6.0], dtype=np.float32))
    assert abs(first[0] - scored.labels.mean()) < 0.35
    assert calibrate(calibration, np.full(200, 6.0, dtype=np.float32))[-1] > 0.9


def test_shrinkage_parameters_are_found_again():
    last, mean = RNG.normal(size=(2, 40_000)) * 2
    tokens = RNG.integers(1, 60, size=40_000)
    trust = tokens / (tokens + 8.0)
    truth = sigmoid(trust * (0.9 * last + 0.5 * mean - 0.3) + (1 - trust) * -1.2)
    found = fit_shrinkage(last, mean, tokens, RNG.random(40_000) < truth, np.ones(40_000), "a test")
    assert (found.last, found.mean, found.bias) == pytest.approx((0.9, 0.5, -0.3), abs=0.08)
    assert found.half_tokens == pytest.approx(8.0, rel=0.25)
    assert found.start == pytest.approx(-1.2, abs=0.15)
    assert np.abs(calibrate_readings(found, last, mean, tokens) - truth).max() < 0.05


def test_folds_keep_problems_whole():
    groups = RNG.integers(0, 37, size=500)
    folds = fold_of_problems(groups)
    assert all(len(set(folds[groups == group])) == 1 for group in np.unique(groups))
    assert {len(set(groups[folds == fold])) for fold in range(5)} <= {7, 8}


def test_no_program_is_judged_by_a_map_that_saw_it():
    scored = scored_set(sigmoid, problems=20)
    folds = fold_of_problems(scored.groups)
    before = held_out(scored.last, scored.mean, scored.labels, folds)
    changed = np.where(folds == 0, ~scored.labels, scored.labels)
    after = held_out(scored.last, scored.mean, changed, folds)
    assert after[folds == 0] == pytest.approx(before[folds == 0])
    assert np.abs(after[folds == 1] - before[folds == 1]).max() > 0.05


def test_log_loss_by_hand():
    assert log_loss(np.asarray([0.9, 0.2]), np.asarray([True, False])) == pytest.approx(-np.log(0.9 * 0.8) / 2)


@pytest.mark.parametrize(("count", "label"), [(5, None), (100, True)])
def test_too_few_programs_or_one_label_are_refused(count, label):
    passed = [index % 2 == 0 if label is None else label for index in range(count)]
    rows = [ScoredProgram(f"p{i}", "toy", "toy", value, "", [0.0], 1) for i, value in enumerate(passed)]
    with pytest.raises(CalibrationError, match="validation programs"):
        choose_calibration(ScoredSet(rows), "a test")


def test_the_card_says_which_map_it_is():
    last = np.linspace(-1, 1, 40)
    labels = last + 0.2 * np.cos(40 * last) > 0
    platt = calibration_lines(fit_platt(last, last, labels, "a test"))
    assert "Platt scaling of the logits: `sigmoid(" in platt[0]
    assert platt[1] == "- The calibration was fitted on a test (40 programs)."
    shrunk = fit_shrinkage(last, last, np.full(40, 9), labels, np.ones(40), "a test")
    assert "Platt scaling with shrinkage, w = i / (i + " in calibration_lines(shrunk)[0]


@pytest.mark.parametrize(
    ("gain", "lost", "taken"),
    [(0.0049, 0.0, False), (0.0051, 0.0029, True), (0.0051, 0.0031, False), (0.2, 0.0199, True), (0.2, 0.0201, False)],
)
def test_the_map_for_unfinished_programs_may_cost_what_its_gain_is_worth(gain, lost, taken):
    early = [FractionResult(fraction, 0.6 + gain, 0.6, 0.6, 0.65) for fraction in (0.1, 0.25, 0.5, 0.75)]
    whole = FractionResult(1.0, 0.5, 0.5, 0.5 + lost, 0.65)
    assert _shrinkage_is_better([*early, whole], 0.5) is taken
