"""Baselines without a language model: static checks, and agreement through the real sandbox."""

from __future__ import annotations

import ast
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeodds.execution.inputs import (
    literal,
    make_inputs,
    suggested_kind,
    typical_arguments,
    vary_value,
)
from codeodds.execution.shown import PREAMBLE, Entry, entry_of, example_arguments
from codeodds_trainer.evaluation.baselines import agreement, static_checks
from codeodds_trainer.evaluation.baselines.agreement import agreement_scores, observe_problems
from codeodds_trainer.evaluation.baselines.measure import AGREEMENT, STATIC, measure_baselines
from codeodds_trainer.evaluation.baselines.options import NAMES, BaselineOptions
from codeodds_trainer.evaluation.baselines.static_checks import DOES_NOT_PARSE, run_static_checks, static_score
from codeodds_trainer.evaluation.baselines.store import ValueStore, scored_program
from codeodds_trainer.ground.labelled import LabelledProblem, LabelledProgram
from codeodds_trainer.ground.scoring import ScoredSet, text_key

PROMPT = 'def largest(values):\n    """Return the largest value.\n\n    >>> largest([1, 5, 3])\n    5\n    """\n'


def problem(*completions, prompt=PROMPT, name="p/1"):
    programs = tuple(LabelledProgram(text, index == 0, "g") for index, text in enumerate(completions))
    return LabelledProblem(name, "test", "toy", prompt, programs)


def scores(problems, marks, ties=None):
    return [row.values[0] for row in agreement_scores(problems, marks, ties).rows]


@pytest.mark.parametrize(
    ("source", "score"),
    [
        ("def f(x):\n    return x\n", 0),
        ("def f(x):\n    return y\n", -1),
        ("def f(x):\n    a = y\n    return math.sqrt(a) + z\n", -3),
        ("def f(x):\n    n += 1\n    return n\n", -1),
        ("import os\ndef f(x):\n    unused = 1\n    return x\n", 0),
        ("def f(x):\n    return [i for i in x] + i\n", -1),
        ("def f(x:\n    return x\n", DOES_NOT_PARSE),
        ("return 1\n", DOES_NOT_PARSE),
        ("def f(x):\n    return x\n\0", DOES_NOT_PARSE),
        ("from math import *\ndef f(x):\n    return sqrt(x)\n", 0),
        ("def f():\n" + "".join(f"    print(n{i})\n" for i in range(1500)), DOES_NOT_PARSE + 1),
        ("def f():\n    return " + " + ".join(f"n{i}" for i in range(1500)) + "\n", 0),
    ],
)
def test_static_scores_by_hand(source, score):
    assert static_score(source) == score


def test_an_answer_for_leetcode_may_use_what_its_judge_imports():
    body = "class Solution:\n    def f(self, x: List[int], t: Optional[TreeNode]):\n        return heappop(x) + {}\n"
    item = problem(body.format("1"), body.format("nothing"), prompt='"""Pop."""\n\n\n')
    assert [static_score(item.prompt + p.completion, static_checks.leetcode_names()) for p in item.programs] == [0, -1]


def test_static_checks_are_kept_and_not_repeated(tmp_path, monkeypatch):
    item = problem("    return max(values)\n", "    return maximum(values)\n", "    return max(values\n")
    path = tmp_path / "static.jsonl"
    run_static_checks([item], ValueStore(path))
    whole = path.read_bytes()
    path.write_bytes(whole[:-3])
    run_static_checks([item], ValueStore(path))
    assert path.read_bytes() == whole
    monkeypatch.setattr(static_checks, "static_score", lambda *_: pytest.fail("checked again"))
    store = ValueStore(path)
    run_static_checks([item], store)
    assert [row.values for row in store.scored([item]).rows] == [[0.0], [-1.0], [DOES_NOT_PARSE]]


@pytest.mark.parametrize(
    ("prompt", "name", "expected"),
    [
        (PROMPT, "largest", [([1, 5, 3],)]),
        ("    >>> f(1, -2)\n    >>> f(1, -2)\n    >>> list(f((3,), {4})) == [1]\n", "f", [(1, -2), ((3,), {4})]),
        ("    >>> f([1,\n    ...    2])\n", "f", [([1, 2],)]),
        ("    >>> f(x)\n    >>> f(open('a'))\n    >>> g(1)\n    >>> f(k=1)\n    >>> f(\n", "f", []),
        ('Input: n = 3, edges = [[0,1]], ok = true\nOutput: 3\n', "Solution.f", [(3, [[0, 1]], True)]),
        ('Input: s = "a b"\nOutput: 1\n\nInput: s = ""\nOutput: 0\n', "Solution.f", [("a b",), ("",)]),
        ("Input: board = [[1],\n[2]]\nOutput: 1\n", "Solution.f", [([[1], [2]],)]),
        ('Input\n["NumArray", "sum"]\n[[1], [2]]\nOutput\n[1]\n', "Solution.f", []),
    ],
)  # fmt: skip
def test_arguments_of_examples_are_read_and_nothing_is_run(prompt, name, expected):
    assert example_arguments(prompt, name) == expected


def test_the_entry_point_is_the_prompts_last_function():
    assert entry_of("import math\n\n\ndef g():\n    return 1\n\n\n" + PROMPT).name == "largest"
    assert entry_of("def f(a, b: list[int]):\n    # Doubles.\n") == Entry("f", ("a", "b: list[int]"))


def test_the_entry_point_of_a_statement_is_what_most_answers_define():
    method = "class Solution:\n    def __init__(self):\n        pass\n    def {}(self, n: int):\n        return n\n"
    item = problem(method.format("f"), method.format("g"), method.format("f"), "fixed code", prompt='"""Do."""\n')
    entry = entry_of(item.prompt, [program.completion for program in item.programs])
    assert (entry.name, entry.parameters) == ("Solution.f", ("n: int",))
    tree = "class Solution:\n    def f(self, root: Optional[TreeNode]):\n        return root\n"
    assert entry_of('"""Do."""\n', [tree]) is None


@pytest.mark.parametrize(
    ("parameter", "kind"),
    [
        ("n", "int"), ("nums", "list"), ("test_list", "list"), ("test_tup", "tuple"), ("text", "str"),
        ("matrix", "matrix"), ("Matrix", "matrix"), ("xyzzy", None),
    ],
)  # fmt: skip
def test_what_a_name_suggests(parameter, kind):
    assert suggested_kind(parameter) == kind


def typical(*parameters, count=12):
    return typical_arguments(parameters, random.Random(0), count)


def test_without_examples_typical_values_take_their_place():
    assert typical("n", "text") == [(3, "hello"), (10, "a b a"), (1, "Python3")]
    assert typical("n", "xyzzy") == [
        (3, 3),
        (10, 10),
        (3, [3, 1, 2]),
        (10, [1, 2, 3, 4, 5]),
        (3, "hello"),
        (10, "a b a"),
    ]
    assert typical() == []
    assert len(make_inputs([("def f(xyzzy):\n", Entry("f", ("xyzzy",)))], "p/1")) == 12


def test_a_type_hint_goes_before_a_name():
    rows = typical("n: str", "flags: dict[str, list[int]]", "size", count=9)
    assert len(rows) == 9
    assert {type(n) for n, _, _ in rows} == {str}
    assert all(isinstance(value, list) for _, flags, _ in rows for value in flags.values())
    assert [size for *_, size in rows] == [3, 10, 1] * 3
    assert typical("n: Node", "text") == typical("n", "text")


def test_inputs_from_hints_are_the_same_again():
    shown = [("def f(xs: list[tuple[str, int]]):\n", Entry("f", ("xs: list[tuple[str, int]]",)))]
    inputs = make_inputs(shown, "p/1")
    assert inputs == make_inputs(shown, "p/1") != make_inputs(shown, "p/2")
    assert len(set(inputs)) == 12
    for pair in (pair for text in inputs for pair in ast.literal_eval(text)[0]):
        assert [type(part) for part in pair] == [str, int]


def test_leetcodes_preamble_runs_and_leaves_the_builtins_as_they_are():
    namespace = {}
    exec(
        PREAMBLE + "found = pow(2, 5, 7), heappop([1]), List[int], gcd(4, 6), collections.deque, Counter('a')",
        namespace,
    )
    assert namespace["found"][:2] == (4, 1)


def test_inputs_start_with_the_examples_differ_and_depend_on_the_seed_alone():
    shown = [(PROMPT, Entry("largest", ("values",)))]
    inputs = make_inputs(shown, "p/1")
    assert inputs[0] == "([1, 5, 3],)"
    assert len(set(inputs)) == len(inputs) == 12
    assert inputs == make_inputs(shown, "p/1") != make_inputs(shown, "p/2")
    assert all(isinstance(ast.literal_eval(text)[0], list) for text in inputs)


VALUES = st.recursive(
    st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3)
        | st.sets(st.integers(), max_size=4)
    ),
    max_leaves=10,
)


@given(VALUES, st.integers())
def test_a_variation_has_the_same_type_and_is_a_literal_again(value, seed):
    before = literal(value)
    varied = vary_value(value, random.Random(seed))
    assert type(varied) is type(value)
    assert literal(value) == before
    assert ast.literal_eval(literal(varied)) == varied
    assert literal(ast.literal_eval(literal(varied))) == literal(varied)


RIGHT = ("    return max(values)\n", "    return sorted(values)[-1]\n", "    best = max(values)\n    return best\n")
WRONG = ("    return values[0]\n", "    return min(values)\n")
RAISES = "    return values.largest\n"
LOOPS = "    while True:\n        pass\n"


def test_right_answers_agree_and_wrong_ones_differ(tmp_path):
    item = problem(*RIGHT, *WRONG, RAISES, "    return max(values\n")
    marks = observe_problems([item], tmp_path / "agreement.jsonl")
    share = 1 / 7
    assert scores([item], marks) == pytest.approx([3 * share] * 3 + [share] * 2 + [0, 0])


def test_programs_of_a_problem_agree_across_its_prompts(tmp_path):
    one = problem(RIGHT[0], WRONG[0])
    other = problem(RIGHT[1].replace("values", "items"), prompt=PROMPT.replace("values", "items"))
    marks = observe_problems([one, other], tmp_path / "agreement.jsonl")
    assert scores([one, other], marks) == pytest.approx([2 / 3, 1 / 3, 2 / 3])


def test_ties_may_be_broken_by_another_score(tmp_path):
    item = problem(*RIGHT, *WRONG)
    marks = observe_problems([item], tmp_path / "agreement.jsonl")
    values = [-1.0, -3.0, -2.0, -0.5, -9.0]
    other = ScoredSet([scored_program(item, p, [v]) for p, v in zip(item.programs, values, strict=True)])
    broken = scores([item], marks, other)
    assert sorted(range(5), key=broken.__getitem__) == [4, 3, 1, 2, 0]
    assert broken == pytest.approx(scores([item], marks), abs=1e-3)


def test_a_program_that_never_ends_costs_its_own_score_only(tmp_path):
    item = problem(RIGHT[0], RIGHT[1], LOOPS)
    marks = observe_problems([item], tmp_path / "agreement.jsonl")
    assert scores([item], marks) == pytest.approx([2 / 3, 2 / 3, 0])


def test_a_killed_run_goes_on_and_runs_nothing_twice(tmp_path, monkeypatch):
    items = [problem(*RIGHT[:2], name="p/1"), problem(*RIGHT[:2], name="p/2", prompt=PROMPT.replace("5, 3", "5, 4"))]
    path = tmp_path / "agreement.jsonl"
    marks = observe_problems(items, path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-4])
    judged = []
    real = agreement.Pool.judge
    monkeypatch.setattr(agreement.Pool, "judge", lambda self, jobs, done: real(self, judged.append(jobs) or jobs, done))
    assert observe_problems(items, path) == marks
    assert [len(jobs) for jobs in judged] == [2]
    assert path.read_bytes() == whole
    assert observe_problems(items, path) == marks
    assert len(judged) == 1


def test_a_new_program_runs_alone_and_joins_its_cluster(tmp_path):
    path = tmp_path / "agreement.jsonl"
    observe_problems([problem(RIGHT[0], WRONG[0])], path)
    item = problem(RIGHT[0], WRONG[0], RIGHT[1])
    marks = observe_problems([item], path)
    assert scores([item], marks) == pytest.approx([2 / 3, 1 / 3, 2 / 3])
    assert [line.count(b":") for line in path.read_bytes().splitlines()] == [2, 1]


def test_a_prompt_without_a_function_is_not_covered(tmp_path):
    item = problem("x = 1\n", "x = 2\n", prompt="# A script.\n")
    assert observe_problems([item], tmp_path / "agreement.jsonl") == {}
    assert agreement_scores([item], {}).rows == []


def test_measured_together_they_cover_the_problems_of_both_labels(tmp_path):
    one_label = LabelledProblem("p/2", "test", "toy", PROMPT, (LabelledProgram(RIGHT[0], True, "g"),))
    script = problem("x = 1\n", "x = 2\n", prompt="# A script.\n", name="p/3")
    said = []
    options = BaselineOptions(("static", "agreement"))
    found = measure_baselines({"toy": [problem(*RIGHT), one_label, script]}, options, tmp_path, said.append)["toy"]
    texts = [text_key(problem(*RIGHT), program) for program in problem(*RIGHT).programs]
    assert [row.text for row in found[AGREEMENT].scored.rows] == texts
    assert [row.text for row in found[STATIC].scored.rows][:3] == texts
    assert found[STATIC].complete
    assert not found[AGREEMENT].complete
    assert said == [
        "toy: agreement covers 3 of 5 programs; the others' prompts show no function to call, or none that takes plain "
        "values"
    ]


def test_the_command_line_offers_every_baseline():
    from codeodds_trainer.cli.main import evaluate

    option = next(parameter for parameter in evaluate.params if parameter.name == "baselines")
    assert set(option.type.choices) == {*NAMES, "all"}
