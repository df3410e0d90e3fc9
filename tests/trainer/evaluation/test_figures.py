"""The figures of a data set: what each score gets, at prefixes and by generator, over seeds."""

from __future__ import annotations

import json
import re
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeodds.bundle.manifest import Calibration
from codeodds_trainer.evaluation.evaluate import choose_problems
from codeodds_trainer.evaluation.figures.copies import as_drawn
from codeodds_trainer.evaluation.figures.curves import largest_n, measure_curves
from codeodds_trainer.evaluation.figures.data_set import measure_data_set
from codeodds_trainer.evaluation.figures.programs import (
    Programs,
    balanced_accuracies,
    is_partial,
    measure_part,
    probability_figures,
)
from codeodds_trainer.evaluation.figures.raters import THIS_BUNDLE, baseline_raters, bundle_rater
from codeodds_trainer.evaluation.figures.schema import BundleName, Origin, Report, encode, find
from codeodds_trainer.evaluation.report.headline import headline_metrics
from codeodds_trainer.evaluation.report.svg import draw_panels
from codeodds_trainer.evaluation.report.tables import (
    better_than_chance_from,
    data_set_tables,
    paper_table,
    ranking_table,
    to_markdown,
)
from codeodds_trainer.ground.labelled import LabelledProblem
from codeodds_trainer.ground.prefixes import FRACTIONS, TokenValues
from codeodds_trainer.ground.scoring import Baseline, ScoredProgram, ScoredSet

IDENTITY = Calibration(method="platt", last=1.0, mean=0.0, bias=0.0, fitted_on="nothing", rows=1)


def program(problem, text, passed, values, generator="toy"):
    return ScoredProgram(
        problem_id=problem,
        dataset="toy",
        generator=generator,
        passed=passed,
        text=text,
        values=values,
        characters=10 * len(values),
    )


def programs(seed=0, problems=30, each=4):
    """Programs whose last value tells right from wrong with noise, and whose first values tell nothing."""
    rng = np.random.default_rng(seed)
    rows = []
    for problem in range(problems):
        for index in range(each):
            passed = bool(rng.random() < 0.5)
            values = rng.normal(0, 1, 8)
            values[4:] += 1.5 if passed else -1.5
            generator = "ann" if index % 2 else "bob"
            rows.append(program(f"p{problem}", f"{problem}/{index}", passed, values.tolist(), generator))
    return ScoredSet(rows)


def figures(part, name):
    column = next(column for column in part.columns if column.name == name)
    return {figure.name: figure for figure in column.figures}


@given(
    st.lists(st.lists(st.floats(-9, 9), min_size=1, max_size=30), min_size=1, max_size=4), st.sampled_from(FRACTIONS)
)
def test_a_prefix_is_the_first_tokens_rounded_up(rows, fraction):
    found = TokenValues(rows).read(fraction)
    for index, values in enumerate(rows):
        prefix = values[: -(-round(fraction * 100) * len(values) // 100)]
        assert found.last[index] == prefix[-1]
        assert found.sum[index] == pytest.approx(sum(prefix))
        assert found.mean[index] == pytest.approx(sum(prefix) / len(prefix))


def test_balanced_accuracies_by_hand():
    labels = np.asarray([True, False, False, False, True, False, True])
    groups = np.asarray([0, 0, 0, 0, 1, 1, 2])
    says = np.asarray([0.9, 0.9, 0.1, 0.1, 0.2, 0.3, 0.9])
    found = balanced_accuracies(says, Programs(labels, groups, draws=0))
    # The third problem has one label. The first weighs 4 programs, half on its one passing one; the second 2.
    assert found["accuracy_on_passing"].value == pytest.approx((2 * 1 + 1 * 0) / 3)
    assert found["accuracy_on_failing"].value == pytest.approx((2 * 2 / 3 + 1 * 1) / 3)
    assert found["balanced_accuracy"].value == pytest.approx((2 / 3 + 7 / 9) / 2)
    assert found["balanced_accuracy"].problems == 2


def test_a_constant_has_no_skill_and_half_the_balanced_accuracy():
    labels, groups = np.asarray([True, False, False, True, False]), np.asarray([0, 0, 0, 1, 1])
    found = probability_figures(np.full(5, 0.4), Programs(labels, groups))
    assert found["brier_skill"].value == pytest.approx(0)
    assert found["brier"].value == pytest.approx(0.24)
    assert found["balanced_accuracy"].value == pytest.approx(0.5)
    assert (found["balanced_accuracy"].low, found["balanced_accuracy"].high) == (0.5, 0.5)
    assert found["error_rate"].value == pytest.approx(0.4)
    assert found["error_rate_at_25"].value == pytest.approx(0.4)
    assert found["ece"].value >= 0


def test_every_score_gets_the_figures_that_make_sense_for_it():
    scored = programs()
    mixed = {row.problem_id for row in scored.rows if row.passed} & {
        row.problem_id for row in scored.rows if not row.passed
    }
    partly = ScoredSet([row for row in scored.rows if row.problem_id in mixed and row.text != scored.rows[-1].text])
    log = Baseline(partly, "mean", tokenwise=True)
    whole = Baseline(ScoredSet([*reversed(scored.rows)]), "last", tokenwise=False)
    raters = [
        bundle_rater(THIS_BUNDLE, "bundle", scored, scored, IDENTITY),
        *baseline_raters({"log": log, "whole": whole}, scored),
    ]
    part = measure_part(scored, raters, [])
    own = figures(part, THIS_BUNDLE)
    assert own["within_problem_auroc"].value > 0.8
    assert own["within_problem_auroc"].low < own["within_problem_auroc"].value < own["within_problem_auroc"].high
    assert own["within_problem_auroc"].problems == part.mixed_problems == len(mixed)
    assert own["brier_skill"].value > 0
    # Joined by problem and text, in whatever order: the same values rank alike.
    assert figures(part, "whole")["pooled_auroc"].value == own["pooled_auroc"].value
    assert "brier" not in figures(part, "whole")
    assert "pooled_auroc" not in figures(part, "log")
    assert "best_1_of_3" in figures(part, "log")
    assert [column.name for column in part.columns] == [
        THIS_BUNDLE,
        "log",
        "whole",
        "shortest",
        "longest",
        "random",
        "oracle",
    ]
    random, oracle = figures(part, "random"), figures(part, "oracle")
    gain = (own["best_1_of_3"].value - random["best_1_of_3"].value) / (
        oracle["best_1_of_3"].value - random["best_1_of_3"].value
    )
    assert own["best_1_of_3_gain"].value == pytest.approx(gain, abs=1e-3)
    assert random["auprc_passes"].value == part.pass_rate.value == pytest.approx(scored.labels.mean(), abs=1e-5)
    assert "best_1_of_10" not in own
    early = measure_part(scored, raters, [], fraction=0.5)
    assert [column.name for column in early.columns] == [THIS_BUNDLE, "log", "random", "oracle"]
    assert figures(early, THIS_BUNDLE)["within_problem_auroc"].value < 0.65
    shorter, longer = figures(part, "shortest"), figures(part, "longest")
    assert shorter["within_problem_auroc"].value + longer["within_problem_auroc"].value == pytest.approx(1)


def test_a_program_counts_as_often_as_it_was_drawn():
    scored = programs(problems=2, each=2)
    first, *rest = scored.rows
    copies = Counter({(row.problem_id, row.text, row.passed, row.generator): 1 for row in rest})
    copies[first.problem_id, first.text, first.passed, first.generator] = 3
    copies[first.problem_id, first.text, not first.passed, first.generator] = 7
    drawn = as_drawn(scored, copies)
    assert drawn.rows == [first, first, first, *rest]
    part = measure_part(drawn, [bundle_rater(THIS_BUNDLE, "bundle", scored, drawn, IDENTITY)], [])
    assert (part.programs, part.distinct_programs, part.problems) == (6, 4, 2)
    assert part.pass_rate.value == pytest.approx(drawn.labels.mean(), abs=1e-5)
    assert figures(part, THIS_BUNDLE)["best_1_of_3"].problems == 1


def test_a_baseline_of_some_programs_stands_beside_the_bundle_on_the_same_programs():
    scored = programs()
    few = Baseline(
        ScoredSet([row for row in scored.rows if row.problem_id in ("p1", "p2", "p3")]), "last", tokenwise=False
    )
    most = Baseline(ScoredSet(scored.rows[1:]), "last", tokenwise=False)
    raters = [
        bundle_rater(THIS_BUNDLE, "bundle", scored, scored, IDENTITY),
        *baseline_raters({"few": few, "most": most}, scored),
    ]
    assert [rater.name for rater in raters if is_partial(rater, scored)] == ["few"]
    part = measure_part(scored, raters[:2], [], np.flatnonzero(raters[1].scored), scored_by="few")
    assert part.problems == 3
    assert figures(part, "few")["pooled_auroc"] == figures(part, THIS_BUNDLE)["pooled_auroc"]
    assert ranking_table(part).title == "On the programs that few scored"


def test_programs_without_a_score_are_counted_and_rank_last():
    scored = ScoredSet(
        [program("p", "a", True, [0.0]), program("p", "b", False, [-5.0]), program("p", "c", True, [1.0])]
    )
    log = Baseline(ScoredSet(scored.rows[1:]), "last", tokenwise=True)
    part = measure_part(scored, baseline_raters({"log": log}, scored), [])
    assert part.columns[0].unscored == 1
    assert figures(part, "log")["within_problem_auroc"].value == 0.5


def test_seeds_stand_beside_the_interval():
    scored, other = programs(), programs()
    for row in other.rows:
        row.values = [-value for value in row.values]
    raters = [bundle_rater(THIS_BUNDLE, "bundle", scored, scored, IDENTITY)]
    seeds = [bundle_rater(THIS_BUNDLE, "bundle", ScoredSet(other.rows), scored, IDENTITY)]
    figure = figures(measure_part(scored, raters, seeds), THIS_BUNDLE)["within_problem_auroc"]
    assert figure.seeds.values == [figure.value, pytest.approx(1 - figure.value)]
    assert figure.seeds.mean == pytest.approx(0.5)
    assert (figure.seeds.lowest, figure.seeds.highest) == (pytest.approx(1 - figure.value), figure.value)


def test_curves_keep_their_problems_and_end_at_the_whole_program():
    scored = programs()
    raters = [bundle_rater(THIS_BUNDLE, "bundle", scored, scored, IDENTITY)]
    curves = measure_curves(scored, raters)
    own, random, oracle = curves.best_of_n
    assert own.x == [1, 2, 3, 4]
    assert curves.best_of_n_problems == 30
    assert own.y[0] == random.y[0] == oracle.y[0] == pytest.approx(scored.labels.mean(), abs=1e-5)
    assert random.y == pytest.approx([random.y[0]] * 4)
    assert all(low <= y <= high for low, y, high in zip(own.low, own.y, own.high, strict=True))
    passing, failing = curves.trajectories
    assert passing.y[-1] > 0.7 > 0.3 > failing.y[-1]
    assert abs(passing.y[0] - failing.y[0]) < 0.15
    assert [curve.column for curve in curves.reliability] == [THIS_BUNDLE]
    wrong = (raters[0].scores() >= 0.5) != scored.labels
    assert curves.risk_coverage[0].y[-1] == pytest.approx(wrong.mean(), abs=1e-5)
    assert largest_n(np.asarray([2.0, 2.0, 5.0])) == 2
    assert largest_n(np.asarray([40.0])) == 10


def data_set(limited=False):
    scored = programs()
    raters = [bundle_rater(THIS_BUNDLE, "bundle", scored, scored, IDENTITY), *baseline_raters({}, scored)]
    origin = Origin(name="toy", file="toy.jsonl", sha256="0" * 64, split="test", problems_in_file=90, limited=limited)
    return measure_data_set(origin, scored, raters)


def test_tables_and_headline_say_what_was_measured():
    measured = data_set(limited=True)
    assert measured.label == "toy (30 of 90 problems)"
    names = {(metric.name, metric.baseline) for metric in headline_metrics(measured)}
    assert {("within_problem_auroc_at_25", None), ("balanced_accuracy", None), ("best_1_of_3", "oracle")} <= names
    assert ("auprc_fails", "shortest") not in names
    assert better_than_chance_from(measured) == "from 75 % of the tokens on"
    for table in data_set_tables(measured):
        assert all(len(row) == len(table.head) <= 13 for row in table.rows), table.title
    paper = paper_table([measured])
    assert paper.rows[0][:4] == ["best 1 of 3", "45 %", "52 %", "55 %"]
    assert paper.rows[2][2:4] == ["55.3 %", "65.8 %"]
    assert "not a contest" in paper.note


def test_the_results_are_the_same_again_and_say_their_limits():
    def report():
        name = BundleName(name="tiny", version="1", weights_sha256="abc", calibration={})
        return Report(
            schema=1,
            package_version="1",
            command="codeodds-train evaluate",
            bundle=name,
            other_seeds=[],
            compared={},
            bootstrap_draws=1000,
            bootstrap_seed=0,
            limit=30,
            data_sets=[data_set(limited=True)],
        )

    first, second = report(), report()
    assert encode(first) == encode(second)
    figure = find(first.data_sets[0].whole.columns[0].figures, "ece")
    stored = json.loads(encode(first))["data_sets"][0]["whole"]["columns"][0]["figures"]
    assert {"name": "ece", "value": figure.value}.items() <= next(row for row in stored if row["name"] == "ece").items()
    assert "Limited to 30 problems of each file" in to_markdown(first)


def test_a_limit_chooses_the_same_problems_whatever_else_the_file_holds():
    def problem(name, prompt=""):
        return LabelledProblem(name, "test", "toy", prompt, ())

    few = [problem(f"p{number}") for number in range(20)]
    chosen = choose_problems(few, 5)
    assert len(chosen) == 5
    assert choose_problems(few[::-1], 5) == chosen[::-1]
    assert choose_problems(few, None) == few
    again = choose_problems([*few, *(problem(item.problem_id, "other prompt") for item in few)], 5)
    assert [item.problem_id for item in again] == [item.problem_id for item in chosen] * 2


def test_a_drawing_takes_the_pages_colours_and_names_nothing_outside():
    def draw(axes, number):
        axes.plot([0, 1], [number, 1], color="#030302", label="line")

    svg = draw_panels("shape", "A <title>", "Words", ["one", "two"], draw)
    assert draw_panels("shape", "A <title>", "Words", ["one", "two"], draw) == svg
    assert svg.startswith("<svg ")
    assert "var(--s2)" in svg
    assert "var(--ink)" in svg
    assert "http" not in svg
    assert '<title id="shape-title">A &lt;title&gt;</title><desc id="shape-text">Words</desc>' in svg
    ids = re.findall(r'\bid="([^"]+)"', svg)
    assert len(ids) == len(set(ids))
    assert all(name.startswith("shape-") for name in ids)
    assert set(re.findall(r"(?:url\(|href=\")#([\w-]+)", svg)) <= set(ids)
