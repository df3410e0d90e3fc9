"""Functions within a function: where they are, and which part of the outer unit each is."""

from __future__ import annotations

import ast
import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeodds.source.functions import Function, find_functions
from codeodds.source.nested import MAX_NESTED, with_nested

TEXT = '''\
import os


class Outer:
    @wraps
    def decorate(self, function):
        """Say what it does."""
        seen = "🎉"

        @wraps(function)
        async def inner(*args, é="🎉"):
            """Inner."""
            if args:
                def deeper():
                    return args
                return deeper()
            return function(*args)

        class Local:
            def method(self): return seen

        def stub(): ...
        return inner
'''


def outer_of(text: str) -> Function:
    (function,) = find_functions(text)
    return with_nested(function)


def test_every_function_within_is_named_as_python_names_it() -> None:
    outer = outer_of(TEXT)
    assert [inner.name for inner in outer.nested] == [
        "Outer.decorate.<locals>.inner",
        "Outer.decorate.<locals>.inner.<locals>.deeper",
        "Outer.decorate.<locals>.Local.method",
        "Outer.decorate.<locals>.stub",
    ]
    assert [(inner.line, inner.solution_line, inner.end_line) for inner in outer.nested] == [
        (10, 12, 16),
        (13, 14, 14),
        (19, 19, 19),
        (21, 21, 21),
    ]
    assert [inner.signature_end for inner in outer.nested] == [(10, 38), (13, 29), (19, 29), (21, 19)]
    assert [inner.is_stub for inner in outer.nested] == [False, False, False, True]
    assert outer.nested[2].solution_character == 29


def test_a_part_is_the_body_and_its_problem_everything_before_it() -> None:
    outer = outer_of(TEXT)
    unit = outer.unit
    for inner, (start, end) in zip(outer.nested, unit.parts, strict=True):
        assert inner.unit.problem == unit.problem + unit.solution[:start]
        assert inner.unit.solution == unit.solution[start:end]
    assert [inner.unit.solution.strip() for inner in outer.nested[1:]] == ["return args", "return seen", "..."]
    assert outer.nested[0].unit.solution.startswith("            if args:\n")
    assert outer.nested[0].unit.problem.endswith('"""Inner."""\n')


def test_nothing_else_of_the_unit_changes() -> None:
    (plain,) = find_functions(TEXT)
    outer = outer_of(TEXT)
    assert (outer.unit.problem, outer.unit.solution) == (plain.unit.problem, plain.unit.solution)
    assert plain.nested == plain.unit.parts == ()
    (alone,) = find_functions("def f(a):\n    return a\n")
    assert with_nested(alone) is alone


@pytest.mark.parametrize("text", ["def f():\n    x = (\n    def g():\n        return 1\n", "def f(): pass\n"])
def test_none_are_found_in_what_does_not_parse_or_has_none(text: str) -> None:
    assert outer_of(text).nested == ()


def test_a_definition_in_a_string_is_none() -> None:
    text = 'def f():\n    x = """\n    def g():\n        return 1\n"""\n    return x\n'
    assert outer_of(text).nested == ()


def test_no_more_are_read_than_the_limit() -> None:
    text = "def f():\n" + "".join(f"    def g{number}():\n        return {number}\n" for number in range(50))
    assert [inner.name for inner in outer_of(text).nested] == [f"f.<locals>.g{n}" for n in range(MAX_NESTED)]


BODIES = st.recursive(
    st.sampled_from(["x = 1", "return '🎉'", "if x:\n    y = x", "...", "é = [\n    1,\n]"]),
    lambda inner: st.lists(inner, min_size=1, max_size=3).map(
        lambda bodies: "\n".join(f"def g{len(body)}(a):\n{textwrap.indent(body, '    ')}\nz = 2" for body in bodies)
    ),
    max_leaves=8,
)


@given(body=BODIES, above=st.integers(0, 3))
def test_lines_are_those_of_pythons_own_parser(body: str, above: int) -> None:
    text = "#\n" * above + f"def f(a):\n{textwrap.indent(body, '    ')}\n"
    outer = outer_of(text)
    nodes = sorted(
        (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)), key=lambda node: node.lineno
    )[1 : MAX_NESTED + 1]
    assert [(inner.line + 1, inner.end_line + 1, inner.name.rpartition(".")[2]) for inner in outer.nested] == [
        (node.lineno, node.end_lineno, node.name) for node in nodes
    ]
    assert [inner.solution_line + 1 for inner in outer.nested] == [node.body[0].lineno for node in nodes]
