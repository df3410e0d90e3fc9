"""The figures against slow definitions."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeodds_trainer.ground.metrics import (
    auroc,
    best_k_of_n,
    expected_calibration_error,
    oracle_of_n,
    precision_recall_below,
    random_k_of_n,
    within_problem_auroc,
)

SCORED = st.lists(st.tuples(st.integers(0, 4), st.booleans()), min_size=2, max_size=7)


def columns(rows):
    return np.asarray([float(row[0]) for row in rows]), np.asarray([row[1] for row in rows], dtype=bool)


@given(SCORED)
def test_auroc_counts_pairs(rows):
    scores, labels = columns(rows)
    pairs = [(a > b) + 0.5 * (a == b) for a in scores[labels] for b in scores[~labels]]
    if pairs:
        assert auroc(scores, labels) == pytest.approx(np.mean(pairs))
    else:
        assert np.isnan(auroc(scores, labels))


@given(SCORED, st.integers(1, 5), st.integers(1, 5))
def test_best_k_of_n_is_the_mean_over_all_draws_and_all_orders_of_ties(rows, n, k):
    scores, labels = columns(rows)
    if len(rows) < n or k > n:
        assert np.isnan(best_k_of_n(scores, labels, n, k))
        return
    assert best_k_of_n(scores, labels, n, k) == pytest.approx(
        np.mean(
            [chosen_passes(scores[list(draw)], labels[list(draw)], k) for draw in combinations(range(len(rows)), n)]
        )
    )


def chosen_passes(scores, labels, k):
    """Probability that one of the k best passes, over every choice among the programs that tie at the border."""
    border = np.sort(scores)[-k]
    sure, tied = labels[scores > border], labels[scores == border]
    return np.mean([sure.any() or any(some) for some in combinations(tied, k - len(sure))])


def test_best_k_of_n_by_hand():
    scores, labels = np.asarray([0.9, 0.5, 0.5, 0.1]), np.asarray([False, True, False, True])
    # Draws of 2 of the programs a, b, c, d: ab a, ac a, ad a, bc half each, bd b, cd c.
    assert best_k_of_n(scores, labels, 2) == pytest.approx((0 + 0 + 0 + 0.5 + 1 + 0) / 6)
    # Of 3 the best 2: abc a and one of b, c; abd a, b; acd a, c; bcd b, c.
    assert best_k_of_n(scores, labels, 3, 2) == pytest.approx((0.5 + 1 + 0 + 1) / 4)


@given(st.lists(st.booleans(), min_size=2, max_size=7), st.integers(1, 4), st.integers(1, 4))
def test_random_choice_is_best_k_of_n_of_equal_scores(labels, n, k):
    truth = np.asarray(labels)
    expected = best_k_of_n(np.zeros(len(labels)), truth, n, k)
    assert random_k_of_n(truth, n, k) == pytest.approx(expected, nan_ok=True)


def test_the_oracle_finds_any_right_program():
    labels = np.asarray([True, False, False, False])
    assert oracle_of_n(labels, 3) == pytest.approx(3 / 4)
    assert np.isnan(oracle_of_n(labels, 5))


def test_within_problem_auroc_ignores_differences_between_problems():
    scores = np.asarray([0.9, 0.8, 0.2, 0.1, 0.5])
    labels = np.asarray([True, False, True, False, True])
    groups = np.asarray([0, 0, 1, 1, 2])
    value, low, high = within_problem_auroc(scores, labels, groups)
    assert (value, low, high) == (1.0, 1.0, 1.0)
    assert auroc(scores, labels) < 1


def test_calibration_error_is_the_distance_of_prediction_and_outcome():
    assert expected_calibration_error(np.full(10, 0.7), np.arange(10) < 7, bins=1) == pytest.approx(0.0)
    assert expected_calibration_error(np.full(10, 0.9), np.arange(10) < 7, bins=1) == pytest.approx(0.2)


def test_precision_and_recall_below_a_threshold():
    values, labels = np.asarray([0.1, 0.2, 0.3, 0.9]), np.asarray([False, True, False, False])
    assert precision_recall_below(values, labels, 0.25) == (0.5, pytest.approx(1 / 3))


def test_thresholds_are_chosen_on_some_programs_and_measured_on_others():
    from codeodds_trainer.evaluation.figures.thresholds import choose_thresholds, measure_thresholds

    values = np.repeat([0.1, 0.3, 0.6, 0.9], 20)
    labels = np.asarray([False] * 20 + [False] * 18 + [True] * 2 + [True] * 40)
    assert choose_thresholds(values, labels, [0.99, 0.9, 0.999]) == [0.3, 0.6]
    measured = measure_thresholds([0.3, 0.6], np.asarray([0.2, 0.5, 0.7]), np.asarray([False, True, False]), "others")
    assert [(item.probability, item.precision, item.recall) for item in measured] == [(0.3, 1.0, 0.5), (0.6, 0.5, 0.5)]
    assert measure_thresholds([0.1], np.asarray([0.2]), np.asarray([False]), "others") == []


def test_a_threshold_holds_on_every_data_set_and_states_the_lowest_precision():
    from codeodds_trainer.evaluation.figures.thresholds import choose_thresholds, measure_thresholds

    # Below 0.2 nearly all of either fail; below 0.4 all of a and half of b.
    values = np.asarray([0.1] * 20 + [0.3] * 40 + [0.1] * 20 + [0.3] * 20)
    labels = np.asarray([False] * 60 + [True] * 1 + [False] * 19 + [True, False] * 10)
    datasets = ["a"] * 60 + ["b"] * 40
    assert choose_thresholds(values, labels, [0.8]) == [0.95]
    assert choose_thresholds(values, labels, [0.8], datasets) == [0.3]
    assert choose_thresholds(values, labels, [0.99], datasets) == []
    low, high = measure_thresholds([0.2, 0.4], values, labels, "others", datasets)
    assert (low.precision, high.precision) == (0.95, round(29 / 40, 4))
    assert (low.recall, high.recall) == (round(39 / 89, 4), 1.0)
    # Nine flags have no precision of their own, but may still contradict what is wanted.
    few = np.asarray([False] * 60 + [True] * 6 + [False] * 3)
    assert choose_thresholds(np.full(69, 0.1), few, [0.8], ["a"] * 60 + ["b"] * 9) == []
    assert choose_thresholds(np.full(69, 0.1), ~few, [0.8], ["a"] * 60 + ["b"] * 9) == []
    one = np.asarray([False] * 60 + [True] * 1 + [False] * 8)
    assert choose_thresholds(np.full(69, 0.1), one, [0.8], ["a"] * 60 + ["b"] * 9) == [0.95]
    assert measure_thresholds([0.5], np.full(69, 0.1), few, "others", ["a"] * 60 + ["b"] * 9)[0].precision == 1.0
