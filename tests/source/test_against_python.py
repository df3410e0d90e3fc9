"""Generated modules: the same functions as Python's own parser finds, also with something broken behind them."""

from __future__ import annotations

import ast

from hypothesis import given
from hypothesis import strategies as st

from codeodds.source.functions import find_functions
from tests.source.modules import modules, reference


@given(modules())
def test_pythons_own_parser_finds_the_same(text: str) -> None:
    functions = find_functions(text)
    assert [(function.name, function.line, function.end_line) for function in functions] == reference(text)
    assert all(function.parses for function in functions)


@given(modules())
def test_problem_and_solution_are_python_together(text: str) -> None:
    for function in find_functions(text):
        if function.unit.solution.strip():
            unit = function.unit.text
            # A function within `if` keeps its indentation; the imports above it end with two blank lines.
            ast.parse(unit if _parses(unit) else "if a:\n" + unit.rpartition("\n\n\n")[2])


@given(modules(), st.sampled_from(["x = (1,\n", "def broken(a:\n    b = [\n", "class Broken(\n", "@\n", "))\n"]))
def test_something_broken_at_the_end_changes_nothing_above(text: str, broken: str) -> None:
    before = find_functions(text)
    after = find_functions(text + "\n\n" + broken)
    assert [(item.name, item.line, item.unit) for item in after[: len(before)]] == [
        (item.name, item.line, item.unit) for item in before
    ]


def _parses(text: str) -> bool:
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True
