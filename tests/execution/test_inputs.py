"""Inputs made from what a prompt shows: its examples, its hints, the names of its parameters."""

from __future__ import annotations

import ast
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeodds.execution.inputs import literal, make_inputs, suggested_kind, typical_arguments, vary_value
from codeodds.execution.shown import PREAMBLE, Entry, entry_of, example_arguments

PROMPT = 'def largest(values):\n    """Return the largest value.\n\n    >>> largest([1, 5, 3])\n    5\n    """\n'


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
    answers = [method.format("f"), method.format("g"), method.format("f"), "fixed code"]
    entry = entry_of('"""Do."""\n', answers)
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
