"""Where a bundle speaks: the fit finds what tells right calls from wrong ones, the threshold what flags are worth."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from codeodds.bundle.applicability import FEATURES, trust
from codeodds.bundle.manifest import Calibration, Spoken
from codeodds_trainer.evaluation.figures.applicability import (
    applicability_of,
    feature_columns,
    measure_selective,
    risk_coverage,
    units_of,
)
from codeodds_trainer.evaluation.figures.thresholds import choose_thresholds, measure_thresholds
from codeodds_trainer.evaluation.report.plots import by_applicability
from codeodds_trainer.evaluation.report.tables import selective_table
from codeodds_trainer.export.applicability import (
    _holds,
    applied,
    balanced_weights,
    choose_applicability,
    fit_applicability,
    fit_features,
)
from codeodds_trainer.export.card import applicability_lines
from codeodds_trainer.ground.labelled import LabelledProblem, LabelledProgram
from codeodds_trainer.ground.scoring import ScoredProgram, ScoredSet, text_key

CALIBRATION = Calibration(method="platt", last=1.0, mean=0.0, bias=0.0, fitted_on="nothing", rows=1)


def make(problems: int = 200):
    """Puzzles, on which the logit knows the label, and project code of names from elsewhere, on which it knows nothing.

    Each problem has a passing and a failing program. Returns: scored programs and the problems.
    """
    rng = np.random.default_rng(0)
    rows, found = [], []
    for number in range(problems):
        project = number % 2 == 1
        body = "return here(a) + there(b)" if project else "return a * b + a"
        programs = [LabelledProgram(f"    {body} + {number}{index}\n", index == 0, "toy") for index in range(2)]
        dataset = "project" if project else "puzzles"
        problem = LabelledProblem(f"{dataset}/{number}", "valid", dataset, "def f(a, b):\n", tuple(programs))
        found.append(problem)
        for program in programs:
            logit = rng.normal() * 2 if project else (2.0 if program.passed else -2.0) + rng.normal() * 0.3
            rows.append(
                ScoredProgram(
                    problem_id=problem.problem_id,
                    dataset=dataset,
                    generator="toy",
                    passed=program.passed,
                    text=text_key(problem, program),
                    values=[0.0] * 5 + [round(float(logit), 5)],
                    characters=len(program.completion),
                )
            )
    return ScoredSet(rows), found


@pytest.fixture(scope="module")
def fitted():
    scored, problems = make()
    said: list[str] = []
    section = fit_applicability(scored, units_of(problems), CALIBRATION, "toys", said.append)
    assert section is not None
    return scored, units_of(problems), section, said


def test_it_speaks_of_puzzles_and_is_silent_on_project_code(fitted):
    scored, units, section, said = fitted
    values = applicability_of(section, scored, units)
    project = np.asarray([row.dataset == "project" for row in scored.rows])
    assert (values[~project] >= section.threshold).mean() > 0.9
    assert (values[project] >= section.threshold).mean() < 0.1
    assert section.rows == 400
    assert 0.4 < section.coverage < 0.6
    share = f"{section.coverage:.0%}"
    assert said == [f"speaks from an applicability of {section.threshold:.4f}: of {share} of the validation programs"]
    found = {row.dataset: row for row in section.measured}
    assert found["puzzles"].coverage == 1.0
    assert found["puzzles"].precision >= found["puzzles"].stated - 0.05
    assert found["project"].precision is None or found["project"].precision >= found["project"].stated - 0.05


def test_one_program_gets_from_the_engine_what_many_get_from_the_fit(fitted):
    scored, units, section, _ = fitted
    columns = feature_columns(scored, units)
    assert columns.shape == (400, len(FEATURES))
    many = applied(section.features, section.bias, columns)
    assert many == pytest.approx(applicability_of(section, scored, units))
    row = scored.rows[1]
    raw = np.asarray(row.values, dtype=np.float32)
    assert trust(section, units[row.text], raw).applicability == pytest.approx(many[1])
    assert trust(section, units[scored.rows[2].text], raw).doubt == (
        "many of the names that it uses are defined elsewhere"
    )


def test_too_few_programs_and_flags_that_hold_everywhere_give_none_and_say_why():
    said: list[str] = []
    scored, problems = make(50)
    assert fit_applicability(scored, units_of(problems), CALIBRATION, "toys", said.append) is None
    assert said[0].startswith("no applicability: 100 validation programs; at least 200 are needed")
    scored, problems = make(300)
    puzzles = ScoredSet([row for row in scored.rows if row.dataset == "puzzles"])
    assert fit_applicability(puzzles, units_of(problems), CALIBRATION, "toys", said.append) is None
    assert said[1].startswith("no applicability: thresholds hold on every validation data set")


def test_both_sides_weigh_the_same_and_so_do_the_data_sets_of_each():
    weights = balanced_weights(["a", "a", "b", "c", "c"], np.asarray([True, True, True, False, False]))
    assert weights == pytest.approx([1 / 8, 1 / 8, 1 / 4, 1 / 4, 1 / 4])


def test_a_feature_that_never_changes_is_left_out():
    rng = np.random.default_rng(1)
    columns = np.zeros((500, len(FEATURES)))
    columns[:, 0] = rng.random(500)
    features, bias = fit_features(columns, columns[:, 0] < 0.3, np.ones(500))
    assert [feature.name for feature in features] == [FEATURES[0]]
    assert features[0].weight < -1
    assert bias < 0


def test_the_lowest_threshold_at_which_flags_hold_on_every_data_set():
    # Flags on b are half wrong below an applicability of 0.6.
    values = np.asarray([0.9] * 40 + [0.3] * 40)
    labels = np.asarray([False] * 40 + [True, False] * 20)
    flagged, datasets = np.full(80, 0.1), ["a"] * 40 + ["b"] * 40
    threshold, measured = choose_applicability(values, flagged, labels, datasets)
    assert threshold == 0.9
    assert [(row.dataset, row.coverage, row.precision) for row in measured] == [("a", 1.0, 1.0), ("b", 0.0, None)]
    everywhere, _ = choose_applicability(values, flagged, np.zeros(80, dtype=np.bool_), datasets)
    assert everywhere == 0.0


def test_silence_where_nothing_else_holds():
    labels = np.asarray([False] * 40 + [True] * 40)
    threshold, measured = choose_applicability(np.full(80, 0.7), np.full(80, 0.1), labels, ["a"] * 40 + ["b"] * 40)
    assert threshold == 1.0
    assert {row.coverage for row in measured} == {0.0}


def test_programs_it_does_not_speak_of_are_below_no_threshold():
    values = np.asarray([0.2] * 30 + [np.inf] * 10)
    labels = np.asarray([False] * 30 + [True] * 5 + [False] * 5)
    assert choose_thresholds(values, labels, [0.9]) == [0.95]
    (row,) = measure_thresholds([0.5], values, labels, "others")
    assert (row.precision, row.recall, row.coverage) == (1.0, 0.8571, 0.75)
    (row,) = measure_thresholds([0.5], values[:30], labels[:30], "others")
    assert row.coverage is None


def test_risk_falls_with_applicability_and_equals_come_together():
    curve = risk_coverage(np.asarray([0.9, 0.9, 0.5, 0.1]), np.asarray([False, True, True, True]))
    assert curve.coverage == [0.5, 0.75, 1.0]
    assert curve.error_rate == [0.5, 0.66667, 0.75]
    assert curve.applicability == [0.9, 0.5, 0.1]


def test_table_card_and_plot(fitted, data_set_of):
    scored, units, section, _ = fitted
    section = msgspec.structs.replace(section, threshold=0.6)
    values = applicability_of(section, scored, units)
    shown = 1 / (1 + np.exp(-scored.last))
    found = measure_selective("toy", section, values, shown, scored.labels, [(0.5, 0.98), (0.001, None)])
    assert found.error_rate == pytest.approx(np.mean((shown >= 0.5) != scored.labels), abs=1e-5)
    assert found.error_rate_where_it_speaks < found.error_rate
    table = selective_table(found)
    assert [row[0] for row in table.rows] == ["below 0.50", "below 0.00"]
    assert (table.rows[0][4], table.rows[1][2:]) == ("0.980", ["0", "-", "-"])
    card = "\n".join(applicability_lines(section))
    assert "Below 0.6000 editors show nothing." in card
    assert "| puzzles | 200 |" in card
    plot = by_applicability([data_set_of(found)])
    assert plot.title in plot.svg


@pytest.fixture
def data_set_of():
    class Labelled:
        label = "toy"

        def __init__(self, selective):
            self.selective = selective

    return Labelled


@pytest.mark.parametrize(
    ("flagged", "failed", "holds"),
    [(48, 36, True), (53, 36, False), (10, 6, True), (10, 5, False), (9, 4, False), (9, 5, True), (2, 1, True)],
)
def test_a_data_set_is_doubted_when_chance_hardly_brings_so_few_failures(flagged, failed, holds):
    # 0.81 is stated and 0.76 would do. By chance at most 36 of 48 fail in 49 cases of 100, 36 of 53 in 11.
    assert _holds(Spoken("d", 100, 1.0, 0.34, flagged, 0.81, failed / flagged)) is holds
