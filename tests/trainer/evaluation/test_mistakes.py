"""What is wrong with a failing program, and how well each kind of mistake is judged."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeodds.bundle.manifest import Calibration
from codeodds_trainer.evaluation.figures.kinds import kinds_of, right_programs
from codeodds_trainer.evaluation.figures.mistakes import code_tokens, difference, kind_of_mistake, nearest
from codeodds_trainer.evaluation.figures.raters import THIS_BUNDLE, bundle_rater
from codeodds_trainer.evaluation.figures.slices import measure_slices
from codeodds_trainer.ground.labelled import LabelledProblem, LabelledProgram
from codeodds_trainer.ground.scoring import ScoredProgram, ScoredSet, text_key

PROBLEMS = 24
KINDS = {
    "off by one",
    "wrong constant",
    "wrong operator",
    "wrong name",
    "missing step",
    "superfluous step",
    "prints instead of returning",
    "several differences",
    "another approach",
}
RIGHT = "    total = 0\n    for i in range(n):\n        total += a[i] * 3\n    return total\n"


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        ("range(n)", "range(n - 1)", "off by one"),
        ("total = 0", "total = 1", "off by one"),
        ("a[i] * 3", "a[i] * 7", "wrong constant"),
        ("a[i] * 3", "a[i] + 3", "wrong operator"),
        ("a[i] * 3", "a[n] * 3", "wrong name"),
        (" * 3", "", "missing step"),
        ("return total", "print(total)", "prints instead of returning"),
        ("total += a[i] * 3\n    return total", "total -= a[n] * 3\n    return n", "several differences"),
        (RIGHT, "    return sum(map(lambda x: 3 * x, a[:n]))\n", "another approach"),
    ],
)
def test_the_kind_of_a_difference(old, new, kind):
    assert old in RIGHT
    assert difference(RIGHT.replace(old, new), RIGHT) == kind


def test_comments_and_blank_lines_are_no_difference():
    assert code_tokens(RIGHT) == code_tokens(RIGHT.replace("\n    for", "  # sum\n\n    # loop\n    for"))


def program(completion, passed=False, generator="policy"):
    return LabelledProgram(completion, passed, generator)


def problem(*programs, name="p/1"):
    return LabelledProblem(name, "test", "d", "def f(a, n):\n", programs)


@pytest.mark.parametrize(
    ("wrong", "kind"),
    [
        (program("    return (\n"), "does not parse"),
        (program("    return math.sqrt(n)\n"), "undefined name or missing import"),
        (program(RIGHT.replace("+=", "-="), generator="mutant: operator"), "injected: operator"),
        (program(RIGHT.replace("+=", "-="), generator="alternative"), "injected: a model's alternative"),
        (program(RIGHT.replace("range(n)", "range(n + 1)")), "off by one"),
    ],
)
def test_the_kind_of_a_mistake(wrong, kind):
    assert kind_of_mistake(problem(program(RIGHT, passed=True), wrong), wrong, [("def f(a, n):\n", RIGHT)]) == kind


def test_without_a_right_program_there_is_nothing_to_compare_with():
    wrong = program("    return a\n")
    assert kind_of_mistake(problem(wrong), wrong, []) == "no right program to compare with"


def test_a_right_program_under_another_prompt_of_the_problem_is_compared_as_a_whole():
    """The same function, shown with another docstring: what differs is the body's one constant."""
    wrong = program(RIGHT.replace("3", "7"))
    other = 'def f(a, n):\n    """Three times the sum."""\n'
    problems = [problem(wrong), LabelledProblem("p/1", "test", "d", other, (program(RIGHT, passed=True),))]
    right = right_programs(problems)
    assert right == {"p/1": [(other, RIGHT)]}
    assert kind_of_mistake(problems[0], wrong, right["p/1"]) == "wrong constant"


def test_docstrings_are_no_difference():
    body = '    """Sum."""\n' + RIGHT
    assert code_tokens(body) == code_tokens(RIGHT)
    assert code_tokens('    x = "a"\n    return "b"\n') == ["x", "=", '"a"', "return", '"b"']


def test_the_nearest_right_program_is_the_one_that_shares_most():
    other = "    return sum(3 * x for x in a[:n])\n"
    assert nearest(RIGHT.replace("3", "4"), [other, RIGHT]) == RIGHT


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_two_texts_have_a_kind(one, other):
    assert difference(one, other) in KINDS


def test_each_kind_is_measured_against_the_right_programs_of_its_problems():
    """Operators are always told from right code, constants never; the bundle's value is the last logit."""
    problems, rows = [], []
    for number in range(1, PROBLEMS + 1):
        right = program(f"    return a + {number}5  # sum\n", passed=True)
        operator = program(f"    return a - {number}5\n")
        constant = program(f"    return a + {number}9\n")
        item = problem(right, operator, constant, name=f"p/{number}")
        problems.append(item)
        for one, value in ((right, 0.0), (operator, -1.0), (constant, 1.0)):
            values = [value] * (1 + number)
            rows.append(
                ScoredProgram(
                    item.problem_id, "d", "policy", one.passed, text_key(item, one), values, len(one.completion)
                )
            )
    scored = ScoredSet(rows)
    calibration = Calibration(method="platt", last=1.0, mean=0.0, bias=0.0, fitted_on="", rows=1)
    raters = [bundle_rater(THIS_BUNDLE, "bundle", scored, scored, calibration)]
    kinds = kinds_of(scored, problems)
    assert kinds[:3] == [None, "wrong operator", "wrong constant"]
    found = {(item.about, item.name): item for item in measure_slices(scored, raters, problems, kinds)}

    def auroc(about, name):
        figures = found[about, name].part.columns[0].figures
        return next(figure.value for figure in figures if figure.name == "within_problem_auroc")

    assert auroc("mistake", "wrong operator") == 1.0
    assert auroc("mistake", "wrong constant") == 0.0
    assert found["mistake", "wrong operator"].failing_programs == PROBLEMS
    assert found["mistake", "wrong operator"].part.programs == 2 * PROBLEMS
    assert [name for about, name in found if about == "length"] == [
        "up to 9 tokens on average",
        "more than 9, up to 17 tokens on average",
        "more than 17 tokens on average",
    ]
    assert [found["length", name].part.problems for about, name in found if about == "length"] == [8, 8, 8]
    # All right programs have a comment and no wrong one: neither part has both labels, and neither is shown.
    assert not [name for about, name in found if about == "style"]
