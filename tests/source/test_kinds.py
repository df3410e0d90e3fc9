"""Every kind of definition, and that its unit is its own: editing one changes no other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeodds.source.functions import find_functions, unscored_because

SAMPLE = """\
from typing import overload


@overload
def parse(value: int) -> int: ...
@overload
def parse(value: str) -> str: ...
def parse(value):
    return value + value


async def fetch(url):
    async with open(url) as page:
        return await page.read()


@cache
@retry(times=3)
def decorated(a):
    return a * a


def outer(a):
    def inner(b):
        return a + b
    return inner(a)


class Box:
    size = 3

    @property
    def width(self):
        return self.size * 2

    @width.setter
    def width(self, value):
        self.size = value // 2

    @staticmethod
    def empty():
        return Box() or None

    @classmethod
    async def load(cls, path):
        return cls() if path else None

    class Lid:
        def shut(self):
            return self.size - 1
"""
NAMES = [
    "parse",
    "parse",
    "parse",
    "fetch",
    "decorated",
    "outer",
    "Box.width",
    "Box.width",
    "Box.empty",
    "Box.load",
    "Box.Lid.shut",
]


def test_all_are_found_and_overloads_are_not_judged() -> None:
    found = find_functions(SAMPLE)
    assert [function.name for function in found] == NAMES
    assert [unscored_because(function) for function in found] == ["it is a stub"] * 2 + [None] * 9
    assert found[5].unit.solution == "    def inner(b):\n        return a + b\n    return inner(a)\n"
    setter = found[7]
    assert "@width.setter\n    def width(self, value):\n" in setter.unit.problem
    assert "class Box:\n" in setter.unit.problem


def bodies() -> list[tuple[int, int]]:
    """(first, last) line of each function's body."""
    return [(function.solution_line, function.end_line) for function in find_functions(SAMPLE)]


@pytest.mark.parametrize("number", range(2, len(NAMES)), ids=lambda number: f"{number} {NAMES[number]}")
@pytest.mark.parametrize("typed", ["x = 1", "call(", "'''", "for x in", "return {", "def more(", "🎉", "@"])
def test_typing_at_the_end_of_one_body_changes_no_function_above(number: int, typed: str) -> None:
    lines = SAMPLE.split("\n")
    line = bodies()[number][1]
    indentation = " " * (len(lines[line]) - len(lines[line].lstrip()))
    text = "\n".join([*lines[: line + 1], indentation + typed, *lines[line + 1 :]])
    before, after = find_functions(SAMPLE), find_functions(text)
    assert [function.unit for function in after[:number]] == [function.unit for function in before[:number]]


@given(st.integers(2, len(NAMES) - 1), st.sampled_from(["x = 1", "pass", "y = (1,\n 2)", "'🎉'", "# why"]))
def test_a_finished_line_in_one_body_changes_no_other_function(number: int, typed: str) -> None:
    lines = SAMPLE.split("\n")
    line = bodies()[number][1]
    indentation = " " * (len(lines[line]) - len(lines[line].lstrip()))
    text = "\n".join([*lines[:line], indentation + typed, *lines[line:]])
    before, after = find_functions(SAMPLE), find_functions(text)
    assert len(after) == len(before)
    assert [index for index in range(len(before)) if after[index].unit != before[index].unit] == [number]
