"""Injected errors: pairs in order, shares flagged, examples; each by kind, in tables, page and bundle."""

from __future__ import annotations

import json
import re

import msgspec
import numpy as np
import pytest

from codeodds.bundle.evaluation import MistakeExample, Mistakes
from codeodds.bundle.manifest import Calibration
from codeodds_trainer.evaluation.figures.data_set import measure_data_set
from codeodds_trainer.evaluation.figures.examples import choose_examples, one_line, read_origins
from codeodds_trainer.evaluation.figures.flagged import measure_flagged
from codeodds_trainer.evaluation.figures.kinds import kinds_of
from codeodds_trainer.evaluation.figures.pairs import find_pairs, measure_pairs
from codeodds_trainer.evaluation.figures.raters import THIS_BUNDLE, baseline_raters, bundle_rater
from codeodds_trainer.evaluation.figures.schema import BundleName, Origin, Report
from codeodds_trainer.evaluation.report.examples import example_lines
from codeodds_trainer.evaluation.report.headline import bundle_mistakes
from codeodds_trainer.evaluation.report.mistake_tables import mistake_tables
from codeodds_trainer.evaluation.report.page import render
from codeodds_trainer.evaluation.report.plots import by_kind
from codeodds_trainer.evaluation.report.tables import to_markdown
from codeodds_trainer.ground.labelled import LabelledProblem, LabelledProgram
from codeodds_trainer.ground.scoring import ScoredProgram, ScoredSet, text_key

IDENTITY = Calibration(method="platt", last=1.0, mean=0.0, bias=0.0, fitted_on="", rows=1)
PROMPT = "def f(a, n):\n"
PROBLEMS = 20
ORIGIN = Origin(name="toy", file="toy.jsonl", sha256="0" * 64, split="test", problems_in_file=PROBLEMS, limited=False)
HALVES = "injected: boundary"
NEVER = "injected: constant"


def labelled(completion, generator):
    return LabelledProgram(completion, generator == "original", generator)


def scored_row(problem, program, value, tokens):
    text = text_key(problem, program)
    values = [value] * tokens
    return ScoredProgram(problem.problem_id, "toy", program.generator, program.passed, text, values, 10)


@pytest.fixture(scope="module")
def toy():
    """Each problem has an original at 0, a boundary that is told from it in every second problem, and a constant that
    never is. In every fourth problem the boundary is one token longer.
    """
    problems, rows = [], []
    for number in range(PROBLEMS):
        original = labelled(f"    if n < {number}:\n        return a\n    return n\n", "original")
        boundary = labelled(original.completion.replace("<", "<="), "mutant: boundary")
        constant = labelled(original.completion.replace(str(number), "99"), "mutant: constant")
        problem = LabelledProblem(f"p/{number}", "test", "toy", PROMPT, (original, boundary, constant))
        problems.append(problem)
        rows.append(scored_row(problem, original, 0.0, 4))
        rows.append(scored_row(problem, boundary, 1.0 if number % 2 else -2.0 - number, 5 if number % 4 == 0 else 4))
        rows.append(scored_row(problem, constant, 0.5 + number, 4))
    scored = ScoredSet(rows)
    return problems, scored, kinds_of(scored, problems)


def raters(scored):
    return [bundle_rater(THIS_BUNDLE, "bundle", scored, scored, IDENTITY), *baseline_raters({}, scored)]


def test_each_kind_has_its_share_of_pairs_in_order(toy):
    _, scored, kinds = toy
    groups = measure_pairs(scored, raters(scored), kinds)
    found = {
        (group.kind, group.equal_length): (group.pairs, group.problems, group.columns[0].figures[0].value)
        for group in groups
    }
    # Of the 20 boundaries 10 are told; 5 of these, and no others, are longer.
    assert found == {
        ("all", False): (40, 20, 0.25),
        ("all", True): (35, 20, round(5 / 35, 5)),
        (HALVES, False): (20, 20, 0.5),
        (HALVES, True): (15, 15, round(5 / 15, 5)),
        (NEVER, False): (20, 20, 0.0),
        (NEVER, True): (20, 20, 0.0),
    }
    halves = next(group for group in groups if group.kind == HALVES).columns
    assert halves[0].figures[0].low < 0.5 < halves[0].figures[0].high
    # All programs have as many characters: neither the shorter nor the longer one comes first.
    assert [(column.name, column.figures[0].value) for column in halves[1:]] == [("shortest", 0.5), ("longest", 0.5)]


def test_a_pair_has_one_original_and_counts_once(toy):
    problems, scored, _ = toy
    assert find_pairs(ScoredSet([*scored.rows, *scored.rows])) == find_pairs(scored)
    second = scored_row(problems[0], labelled("    return a\n", "original"), 0.0, 2)
    assert len(find_pairs(ScoredSet([*scored.rows, second]))) == 38
    foreign = scored_row(problems[0], LabelledProgram("    return 0\n", False, "policy"), 0.0, 2)
    assert find_pairs(ScoredSet([scored.rows[0], foreign])) == []


def test_the_share_flagged_of_each_kind_and_of_right_programs(toy):
    _, scored, kinds = toy
    probabilities = 1 / (1 + np.exp(-scored.last))
    flagged = measure_flagged(scored, kinds, probabilities, [0.05, 0.6])
    assert {item.kind: (item.programs, [row.share.value for row in item.shares]) for item in flagged} == {
        # Told boundaries have logits of -2, -4, .. -20; sigmoid(-2) is 0.12, sigmoid(1) is 0.73.
        HALVES: (20, [0.45, 0.5]),
        # Only the first constant's 0.62 comes near.
        NEVER: (20, [0.0, 0.0]),
        "right programs": (20, [0.0, 1.0]),
    }
    silent = measure_flagged(scored, kinds, np.full(60, np.inf), [0.6])
    assert [row.share.value for item in silent for row in item.shares] == [0.0, 0.0, 0.0]


def test_examples_are_what_it_misses_and_catches_by_most(toy):
    problems, scored, kinds = toy
    probabilities = 1 / (1 + np.exp(-scored.last))
    missed, other, caught = examples = choose_examples(
        "toy", scored, kinds, probabilities, problems, {"p/18": "p/18 (lib, MIT)"}
    )
    assert missed == MistakeExample(
        dataset="toy",
        kind=NEVER,
        caught=False,
        right_line="if n < 19:",
        wrong_line="if n < 99:",
        right_probability=0.5,
        wrong_probability=1.0,
        origin="p/19",
    )
    # Of the missed boundaries, which all have 0.73, the first by its problem's id.
    assert (other.kind, other.caught, other.origin, other.wrong_probability) == (HALVES, False, "p/1", 0.7311)
    assert (caught.kind, caught.caught, caught.origin) == (HALVES, True, "p/18 (lib, MIT)")
    assert (caught.right_line, caught.wrong_line) == ("if n < 18:", "if n <= 18:")
    assert example_lines(examples, "##") == [
        "## Mistakes that it misses",
        "",
        "toy, p/19, injected: constant: 0.50 for the right program, 1.00 for the other.",
        "",
        "```diff",
        "- if n < 19:",
        "+ if n < 99:",
        "```",
        "",
        "toy, p/1, injected: boundary: 0.50 for the right program, 0.73 for the other.",
        "",
        "```diff",
        "- if n < 1:",
        "+ if n <= 1:",
        "```",
        "",
        "## Mistakes that it catches",
        "",
        "toy, p/18 (lib, MIT), injected: boundary: 0.50 for the right program, 0.00 for the other.",
        "",
        "```diff",
        "- if n < 18:",
        "+ if n <= 18:",
        "```",
        "",
    ]


@pytest.mark.parametrize(
    ("right", "wrong", "lines"),
    [
        ("    a\n        b\n", "    a\n        c\n", ("b", "c")),
        ("    a\n    b\n", "    a\n        b\n", ("b", "    b")),
        ("    a\n    b\n", "    c\n    d\n", None),
        ("    a\n", "    a\n    b\n", None),
        ("    a\n", "    " + "b" * 120 + "\n", None),
        ("    a\n", "    a\n", None),
    ],
)
def test_an_example_is_one_line_that_differs(right, wrong, lines):
    assert one_line(right, wrong) == lines


def test_a_row_says_where_it_is_from(tmp_path):
    rows = [{"problem_id": "p/1", "source": "lib 1.0", "licence": "MIT"}, {"problem_id": "p/2", "passed": True}]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert read_origins(tmp_path / "a.jsonl") == {"p/1": "p/1 (lib 1.0, MIT)", "p/2": "p/2"}


@pytest.fixture(scope="module")
def data_set(toy):
    problems, scored, kinds = toy
    measured = measure_data_set(ORIGIN, scored, raters(scored), (), problems, kinds)
    probabilities = 1 / (1 + np.exp(-scored.last))
    return msgspec.structs.replace(
        measured,
        flagged=measure_flagged(scored, kinds, probabilities, [0.05, 0.6]),
        examples=choose_examples("toy", scored, kinds, probabilities, problems, {}),
    )


def test_the_tables_of_mistakes(data_set):
    pairs, flagged = mistake_tables(data_set)
    assert pairs.head == ["error", "pairs", "problems", "this bundle", "shortest", "longest"]
    assert [row[:3] + row[4:] for row in pairs.rows] == [
        ["all", "40", "20", "0.500", "0.500"],
        ["all, equal length", "35", "20", "0.500", "0.500"],
        [HALVES, "20", "20", "0.500", "0.500"],
        [f"{HALVES}, equal length", "15", "15", "0.500", "0.500"],
        [NEVER, "20", "20", "0.500", "0.500"],
        [f"{NEVER}, equal length", "20", "20", "0.500", "0.500"],
    ]
    assert pairs.rows[4][3] == "0.000 (0.000 to 0.000)"
    assert flagged.head == ["kind of mistake", "programs", "problems", "below 0.05", "below 0.60"]
    assert [row[:3] for row in flagged.rows] == [[name, "20", "20"] for name in (HALVES, NEVER, "right programs")]
    assert flagged.rows[2][3:] == ["0.000 (0.000 to 0.000)", "1.000 (1.000 to 1.000)"]


def test_the_report_shows_them_and_the_bundle_keeps_them(data_set):
    (plot,) = by_kind([data_set])
    assert all(f">{name}</text>" in plot.svg or name in plot.svg for name in (HALVES, NEVER))
    assert by_kind([msgspec.structs.replace(data_set, slices=[])]) == []
    name = BundleName(name="tiny", version="1", weights_sha256="abc", calibration={})
    report = Report(
        schema=1,
        package_version="1",
        command="codeodds-train evaluate",
        bundle=name,
        other_seeds=[],
        compared={},
        bootstrap_draws=1000,
        bootstrap_seed=0,
        limit=None,
        data_sets=[data_set],
    )
    page = render(report)
    assert re.search(r"<h2>Where it fails, by kind of mistake</h2>", page)
    assert "<del>- if n &lt; 18:</del>\n<ins>+ if n &lt;= 18:</ins>" in page
    markdown = to_markdown(report)
    for title in ("Right programs against injected errors", "What is flagged", "Mistakes that it misses"):
        assert f"### {title}\n" in markdown
        assert f"<h3>{title}</h3>" in page
    mistakes = bundle_mistakes([data_set])
    assert (len(mistakes.pairs), len(mistakes.flagged), len(mistakes.examples)) == (6, 6, 3)
    assert bundle_mistakes([msgspec.structs.replace(data_set, pairs=[], flagged=[], examples=[])]) is None
    worst, right = mistakes.pairs[-1], mistakes.flagged[-1]
    assert (worst.kind, worst.equal_length, worst.pairs, worst.accuracy, worst.high) == (NEVER, True, 20, 0.0, 0.0)
    assert (right.kind, right.programs, right.probability, right.share) == ("right programs", 20, 0.6, 1.0)
    again = msgspec.json.decode(msgspec.json.encode(mistakes), type=Mistakes)
    assert again == mistakes
