"""Documents that do not parse, or are hardly documents: what can be found is found, and nothing raises."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeodds.source.functions import Function, find_functions, normalise_newlines

SAMPLE = '''import os
from a import (
    b,
)


def first(x: int = 1) -> int:  # why
    """Doc."""
    return [x,
            b]


class Box(
    Base
):
    """Doc."""

    # Above.
    @deco
    async def open(self, a="é🎉"):
        # Inside.
        def inner():
            return 1
        return inner()

    class Lid:
        def shut(self): return 2

        def lock(self):
            pass


if os:
    def last(a, b):
        text = """
def not_one():
"""
        return text
'''
SCRAPS = [
    "",
    "\n",
    "(",
    ")",
    "[",
    "{",
    '"""',
    "'",
    "def ",
    "def f(a)",
    "class X:\n",
    "    def m(self):\n",
    "async ",
    "@",
    "@d\n",
    "import q\n",
    "from . import (a,\n",
    "\r\n",
    "\r",
    "\t",
    "\x00",
    "\x0c",
    "\\\n",
    "\ud800",
    "é🎉",
    "#",
    ":",
    "f'{",
    "if x:\n",
    "    ",
    "...",
]
edits = st.tuples(st.integers(0, len(SAMPLE)), st.integers(0, 60), st.sampled_from(SCRAPS))
texts = st.text(
    st.one_of(st.characters(), st.sampled_from(" \n\r\t():'\"#@\\defclas\x00\ud800")), max_size=200
) | st.lists(st.sampled_from([*SCRAPS, "x", " ", "):\n", "return 1\n"]), max_size=40).map("".join)


def found(text: str) -> list[tuple[str, bool]]:
    return [(function.name, function.parses) for function in find_functions(text)]


def check(text: str, functions: list[Function]) -> None:
    """What holds for the functions of any document."""
    document = normalise_newlines(text).encode("utf-8", "replace").decode("utf-8")
    lines = document.split("\n")
    last = 0
    for function in functions:
        unit = function.unit
        assert last <= function.line <= function.end_line < len(lines)
        last = function.line
        for line, character in (
            function.signature_end,
            (function.solution_line, function.solution_character),
        ):
            assert function.line <= line < len(lines)
            assert 0 <= character <= len(lines[line])
        assert function.signature_end <= (function.solution_line, function.solution_character)
        start = sum(len(line) + 1 for line in lines[: function.solution_line]) + function.solution_character
        assert document.startswith(unit.solution, start)
        if unit.solution:
            assert function.end_line == function.solution_line + unit.solution.removesuffix("\n").count("\n")
        own = max(unit.problem.rfind("def"), 0)
        assert unit.problem[own:] in document[:start]
        assert document[:start].endswith(unit.problem[own:])


@given(texts)
def test_any_text(text: str) -> None:
    check(text, find_functions(text))


@given(st.lists(edits, max_size=6))
def test_any_edits_of_a_sample(changes: list[tuple[int, int, str]]) -> None:
    text = SAMPLE
    for start, length, new in changes:
        text = text[:start] + new + text[start + length :]
    functions = find_functions(text)
    check(text, functions)
    try:
        ast.parse(text)
    except (SyntaxError, ValueError):
        return
    # What Python accepts must not be called broken; tree-sitter accepts a little more than Python does.
    assert all(function.parses for function in functions)


@given(st.integers(0, len(SAMPLE)))
def test_what_stands_above_the_place_where_one_types_is_untouched(length: int) -> None:
    lines = SAMPLE[:length].count("\n")
    finished = [function.unit.solution for function in find_functions(SAMPLE) if function.end_line + 1 < lines]
    part = [function.unit.solution for function in find_functions(SAMPLE[:length]) if function.parses]
    assert part[: len(finished)] == finished


def test_an_unclosed_bracket_hides_no_other_function() -> None:
    text = (
        "import os\n\n\ndef a(x):\n    return (x\n\n\ndef b(x):\n    return x\n\n\n"
        "class C:\n    def m(self):\n        return 1\n"
    )
    assert found(text) == [("a", False), ("b", True), ("C.m", True)]
    a, b, m = find_functions(text)
    assert (a.unit.solution, a.line, a.end_line) == ("    return (x\n", 3, 4)
    assert (b.unit.problem, b.unit.solution) == ("import os\n\n\ndef b(x):\n", "    return x\n")
    assert m.unit.problem == "import os\n\n\nclass C:\n    def m(self):\n"


def test_a_broken_method_hides_no_other_method() -> None:
    text = (
        "class C(Base):\n    k = 1\n\n    def m(self):\n        return [1,\n\n    # n\n    @d\n    def n(self):\n"
        "        def inner():\n            return 2\n        return inner\n\n\ndef f():\n    return 3\n"
    )
    assert found(text) == [("C.m", False), ("C.n", True), ("f", True)]
    n = find_functions(text)[1]
    assert (n.line, n.solution_line, n.end_line) == (8, 9, 11)
    assert n.unit.problem == "class C(Base):\n    # n\n    @d\n    def n(self):\n"
    assert n.unit.solution == "        def inner():\n            return 2\n        return inner\n"


def test_an_unclosed_string_hides_no_function_above_it() -> None:
    text = 'def a():\n    return 1\n\n\ndef b():\n    x = """\n    return x\n\n\ndef c():\n    return 2\n'
    assert found(text)[0] == ("a", True)
    assert ("b", False) in found(text)


@pytest.mark.parametrize("half", ["def f", "def f(", "def f(a", "def f(a,", "def f(a)", "def f(a) ->", "async def f(a"])
def test_half_a_signature_hides_nothing_and_does_not_parse(half: str) -> None:
    text = f"def a():\n    return 1\n\n\n{half}\n\n\ndef z():\n    return 2\n"
    functions = found(text)
    assert functions[0] == ("a", True)
    assert functions[-1] == ("z", True)
    assert not any(parses for name, parses in functions if name == "f")


def test_the_end_of_an_unfinished_signature() -> None:
    (function,) = find_functions("def f(")
    assert (function.name, function.parses, function.signature_end) == ("f", False, (0, 6))
    assert (function.solution_line, function.solution_character, function.unit.solution) == (0, 6, "")


def test_a_signature_without_a_body_has_no_solution_yet() -> None:
    (function,) = find_functions("def f(a):\n")
    assert function.unit.problem == "def f(a):\n"
    assert function.unit.solution == ""
    assert function.end_line == 0


@pytest.mark.parametrize(
    "text",
    ["", " ", "\n\n\n", "\x00\x01\x02\xff" * 500, "\ufeff", "def ", "class", "class C", "class C:", "@", "(" * 5_000],
    ids=repr,
)
def test_documents_without_functions(text: str) -> None:
    assert find_functions(text) == []


def test_a_byte_order_mark_hides_nothing() -> None:
    assert found("\ufeffdef f():\n    return 1\n") == [("f", True)]


def test_lone_surrogates_are_read_as_question_marks() -> None:
    (function,) = find_functions("def f():\n    return '\ud800x'\n")
    assert function.unit.solution == "    return '?x'\n"


def test_a_very_long_line() -> None:
    body = "    x = '" + "🎉" * 50_000 + "'; y = 1\n    return x\n"
    (function,) = find_functions("def f():\n" + body)
    assert (function.solution_line, function.end_line) == (1, 2)
    assert function.unit.solution == body


def test_very_many_lines() -> None:
    functions = find_functions("def f(a):\n    b = a\n    return b\n\n" * 25_000)
    assert len(functions) == 25_000
    assert (functions[-1].line, functions[-1].end_line) == (99_996, 99_998)


def test_very_many_lines_of_which_one_is_broken() -> None:
    text = "def f(a):\n    b = a\n    return b\n\n" * 5_000
    functions = find_functions(text + "def broken(:\n    return (\n\n" + text)
    assert len(functions) == 10_001
    assert [function.name for function in functions if not function.parses] == ["broken"]


def test_very_deep_nesting() -> None:
    text = (
        "".join("    " * depth + f"class C{depth}:\n" for depth in range(60)) + "    " * 60 + "def f(self): return 1\n"
    )
    (function,) = find_functions(text)
    assert function.name.count(".") == 60
    assert function.unit.text == text
