"""Weighted figures of whole sets against slow definitions, and the bootstrap against resampling one set at a time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeodds_trainer.evaluation.figures.bootstrap import Clusters
from codeodds_trainer.ground import metrics, pooled

PROBABILITIES = st.sampled_from([0.1, 0.3, 0.45, 0.55, 0.7, 0.9])
WEIGHTED = st.lists(st.tuples(PROBABILITIES, st.booleans(), st.integers(0, 3)), min_size=1, max_size=8)


def columns(rows):
    scores, labels, weights = zip(*rows, strict=True)
    return np.asarray(scores), np.asarray(labels, dtype=bool), np.asarray(weights)


def agrees(figure, slow, rows):
    """`figure` at the weights equals `slow` on the set that repeats each program by its weight."""
    scores, labels, weights = columns(rows)
    found = figure(scores, labels)(np.stack([weights, np.ones(len(rows))]).astype(float))
    for value, counts in zip(found, (weights, np.ones(len(rows), dtype=int)), strict=True):
        expected = slow(scores.repeat(counts), labels.repeat(counts)) if counts.sum() else float("nan")
        assert value == pytest.approx(expected, nan_ok=True)


@given(WEIGHTED)
def test_auroc_is_that_of_the_repeated_programs(rows):
    agrees(pooled.auroc, metrics.auroc, rows)


@given(WEIGHTED)
def test_average_precision_sums_precision_over_gains_in_recall(rows):
    def slow(scores, labels):
        total, before = 0.0, 0.0
        for threshold in sorted(set(scores.tolist()), reverse=True):
            recall = labels[scores >= threshold].sum() / labels.sum() if labels.any() else float("nan")
            total += (recall - before) * labels[scores >= threshold].mean()
            before = recall
        return total

    agrees(pooled.average_precision, slow, rows)


@given(WEIGHTED, st.sampled_from([0.25, 0.5, 1.0]))
def test_selective_risk_is_the_mean_error_rate_over_random_orders_of_ties(rows, coverage):
    def slow(scores, labels):
        wrong = ((scores >= 0.5) != labels).astype(float)
        certainty = np.round(np.abs(scores - 0.5), 6)
        # Every program as 4 equal quarters, so that any coverage is a whole number; ties share their mean error.
        fair = np.asarray([wrong[certainty == own].mean() for own in certainty])
        quarters = fair[np.argsort(-certainty, kind="stable")].repeat(4)
        return quarters[: int(coverage * len(quarters))].mean()

    agrees(lambda scores, labels: pooled.selective_risk(scores, labels, coverage), slow, rows)


@given(WEIGHTED)
def test_risk_coverage_area_is_the_mean_error_rate_of_the_at_least_as_certain(rows):
    def slow(scores, labels):
        wrong = (scores >= 0.5) != labels
        certainty = np.round(np.abs(scores - 0.5), 6)
        return np.mean([wrong[certainty >= own].mean() for own in certainty])

    agrees(pooled.risk_coverage_area, slow, rows)


@given(st.lists(st.tuples(PROBABILITIES, st.booleans()), min_size=2, max_size=12), st.integers(1, 4))
def test_calibration_error_cuts_bins_of_equal_count(rows, bins):
    scores, labels = np.asarray([row[0] for row in rows]), np.asarray([row[1] for row in rows])
    whole = len(rows) // bins * bins
    if not whole:
        return
    scores, labels = scores[:whole], labels[:whole]
    order = np.argsort(scores, kind="stable").reshape(bins, -1)
    slow = np.mean([abs(scores[part].mean() - labels[part].mean()) for part in order])
    found = pooled.calibration_error(scores, labels, bins)(np.ones((1, whole)))
    assert found[0] == pytest.approx(slow)


def test_figures_by_hand():
    scores, labels = np.asarray([0.9, 0.8, 0.4, 0.2]), np.asarray([True, False, True, False])
    one = np.ones((1, 4))
    assert pooled.auroc(scores, labels)(one)[0] == pytest.approx(3 / 4)
    assert pooled.average_precision(scores, labels)(one)[0] == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)
    # Certain in the order 0.9, then 0.8 and 0.2 alike, then 0.4; 0.8 and 0.4 are wrong.
    assert pooled.selective_risk(scores, labels, 0.25)(one)[0] == pytest.approx(0)
    assert pooled.selective_risk(scores, labels, 0.5)(one)[0] == pytest.approx(0.5 / 2)
    assert pooled.risk_coverage_area(scores, labels)(one)[0] == pytest.approx((0 + 1 / 3 + 1 / 3 + 2 / 4) / 4)


def test_unscored_programs_rank_last_and_tie():
    scores, labels = np.asarray([0.5, -np.inf, -np.inf]), np.asarray([True, True, False])
    assert pooled.auroc(scores, labels)(np.ones((1, 3)))[0] == pytest.approx(0.75)


def test_a_bootstrap_draw_is_the_figure_of_the_problems_drawn():
    rng = np.random.default_rng(3)
    groups = np.sort(rng.integers(0, 12, 60))
    groups = np.unique(groups, return_inverse=True)[1]
    scores, labels = rng.random(60).round(1), rng.random(60) < 0.4
    clusters = Clusters(groups, draws=150)
    assert clusters.counts.sum(axis=1).tolist() == [clusters.problems] * 150
    slow, sums = [], []
    for counts in clusters.counts.astype(int):
        rows = np.concatenate(
            [np.flatnonzero(groups == problem) for problem in range(12) for _ in range(counts[problem])]
        )
        slow.append(metrics.auroc(scores[rows], labels[rows]))
        sums.append(labels[rows].mean())
    found = clusters.of_programs(pooled.auroc(scores, labels))
    assert found.value == pytest.approx(metrics.auroc(scores, labels))
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(slow, [0.025, 0.975])))
    assert found.problems == 12
    passing, totals = np.bincount(groups, labels), np.bincount(groups).astype(float)
    share = clusters.ratio(passing, totals)
    assert (share.value, share.low, share.high) == pytest.approx((labels.mean(), *np.quantile(sums, [0.025, 0.975])))


def test_problems_that_do_not_count_are_left_out():
    clusters = Clusters(np.asarray([0, 1, 2]), draws=50)
    mean = clusters.mean(np.asarray([1.0, np.nan, 3.0]))
    assert (mean.value, mean.problems) == (2.0, 2)
    assert 1.0 <= mean.low <= 2.0 <= mean.high <= 3.0
    nothing = clusters.mean(np.full(3, np.nan))
    assert np.isnan(nothing.value)
    assert nothing.problems == 0


def test_without_draws_there_is_no_interval():
    mean = Clusters(np.asarray([0, 1]), draws=0).mean(np.asarray([1.0, 2.0]))
    assert mean.value == 1.5
    assert np.isnan([mean.low, mean.high]).all()
