"""Which function is meant, and what of its body stands before a place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeodds.errors import SourceError
from codeodds.source.functions import find_functions
from codeodds.source.places import choose_function, find_cursor, is_in_comment

TEXT = (
    "def f(a):\n    return 1\n\n\nclass C:\n    def f(self):\n        return 2\n\n    def g(self):\n        return 3\n"
)


@pytest.mark.parametrize(
    ("name", "line", "found"),
    [("C.f", None, "C.f"), ("g", None, "C.g"), (None, 1, "f"), ("f", 5, "C.f"), (None, 9, "C.g")],
)
def test_a_function_is_chosen_by_name_or_line(name: str | None, line: int | None, found: str) -> None:
    assert choose_function(find_functions(TEXT), name, line).name == found


def test_the_only_function_needs_no_name() -> None:
    assert choose_function(find_functions("def f(a):\n    return 1\n"), None, None).name == "f"


@pytest.mark.parametrize(
    ("text", "name", "line", "message"),
    [
        (TEXT, "f", None, r"2 functions 'f'; choose one by name or by line: f \(line 1\), C.f \(line 6\)"),
        (TEXT, None, None, "3 functions; choose one"),
        (TEXT, "h", None, "no function 'h'; there are f"),
        (TEXT, None, 3, "no function in line 4"),
        ("x = 1\n", None, None, "there are no functions"),
        ("".join(f"def f{n}():\n    return {n}\n" for n in range(20)), None, None, "and 12 more"),
    ],
)
def test_no_function_and_several_are_an_error(text: str, name: str | None, line: int | None, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        choose_function(find_functions(text), name, line)


@pytest.mark.parametrize(
    ("before", "name", "written"),
    [
        ("def f(a):\n    ", "f", "    "),
        ("def f(a):", "f", ""),
        ("def f(a): return ", "f", " return "),
        ("def f(a):\n    '''Do it.'''\n    ", "f", "    "),
        ("def f(a):\n    x = 1\n    y = ", "f", "    x = 1\n    y = "),
        ("def f(a):\n    for y in a:\n        ", "f", "    for y in a:\n        "),
        ("def f(a):\n    x = 1\n\n    # then\n    ", "f", "    x = 1\n\n    # then\n    "),
        ("class C:\n    def f(self):\n        x = foo(1,\n           ", "C.f", "        x = foo(1,\n           "),
        ("def f(a):\n    def g(b):\n        ", "f", "    def g(b):\n        "),
    ],
)
def test_a_place_in_a_body(before: str, name: str, written: str) -> None:
    cursor = find_cursor(before)
    assert cursor is not None
    assert (cursor.function.name, cursor.written) == (name, written)
    assert (cursor.function.unit.problem + cursor.written).endswith(before.rpartition("\n")[2])


@pytest.mark.parametrize(
    "before",
    [
        "",
        "x = 1\n",
        "def f(a",
        "def f(a:",
        "def f(a: int) -> ",
        "def f(a):\n    x = 1\n\n\n",
        "def f(a):\n    x = 1\n\n\ny = ",
        "def f(a):\n    x = 1\n\n\ny = 2\n    ",
        "class C:\n    def f(self):\n        return 1\n\n    ",
    ],
)
def test_a_place_in_no_body(before: str) -> None:
    assert find_cursor(before) is None


def test_earlier_cells_add_their_imports() -> None:
    cursor = find_cursor("def f(a):\n    ", "import os\n")
    assert cursor is not None
    assert cursor.function.unit.problem.startswith("import os\n")


@given(st.lists(st.sampled_from(["def f(a):", "\n", "    ", "x = 1", "'''", "(", "class C:", "# c"])).map("".join))
def test_what_is_written_stands_right_before_the_place(before: str) -> None:
    cursor = find_cursor(before)
    assert cursor is None or before.endswith(cursor.written)


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("def f(a):\n    # a", True),
        ("def f(a):\n    b = (a,  # é", True),
        ("x = 1\n# y\nz", False),
        ("x = '# y", True),  # A string that nobody closed; there are no names in it either.
        ("x = '#' + y", False),
        ("", False),
    ],
)
def test_a_place_is_in_a_comment_or_not(before: str, expected: bool) -> None:
    assert is_in_comment(before) is expected
