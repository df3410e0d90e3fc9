"""From text with a body in it to text that can take a body's place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeodds.source.bodies import as_body
from codeodds.source.functions import Function, find_functions
from codeodds.source.parsing import does_not_parse_because

TEXT = "import a\n\n\nclass C:\n    def f(self, a):\n        '''Do it.'''\n        pass\n"
LINES = TEXT.split("\n")


@pytest.fixture(scope="module")
def method() -> Function:
    (function,) = find_functions(TEXT)
    return function


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("return 1", "        return 1\n"),
        ("\n\n    return 1\n    return 2\n\n", "        return 1\n        return 2\n"),
        ("        return 1\n", "        return 1\n"),
        ("if a:\n    return 1\nreturn 2\n", "        if a:\n            return 1\n        return 2\n"),
        # The selection starts at the first letter of its first line.
        ("if a:\n            return 1\n        return 2\n", "        if a:\n            return 1\n        return 2\n"),
        ("\treturn 1\n", "        return 1\n"),
        ("\ufeffreturn 1\n", "        return 1\n"),
        ("if a:\r\n    return 1\r\n", "        if a:\n            return 1\n"),
        ("x = '''\n    a'''\nreturn x", "        x = '''\n    a'''\n        return x\n"),
        (
            "def helper(x):\n    return x\nreturn helper(1)\n",
            "        def helper(x):\n            return x\n        return helper(1)\n",
        ),
        ("return (\n", "        return (\n"),
    ],
)
def test_a_body_is_moved_to_where_it_belongs(method: Function, text: str, body: str) -> None:
    assert as_body(text, method, LINES) == body


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("def f(self, a):\n    '''Other.'''\n    return a\n", "        return a\n"),
        ("@cache\ndef other(x):\n    return 3", "        return 3\n"),
        (
            "import os\n\n\nclass D:\n  def g(self):\n    return 2\n  def f(self, b):\n    return b\n",
            "        return b\n",
        ),
        ("    def f(self):\n        x = '''\nq'''\n        return x\n", "        x = '''\nq'''\n        return x\n"),
    ],
)
def test_of_a_whole_function_its_body_is_taken(method: Function, text: str, body: str) -> None:
    assert as_body(text, method, LINES) == body


def test_two_functions_of_other_names_are_no_body(method: Function) -> None:
    body = as_body("def g(x):\n    return 1\n\n\ndef h(x):\n    return 2\n", method, LINES)
    assert body.startswith("        def g(x):")


@pytest.mark.parametrize("text", ["", "  \n\t\n"])
def test_blank_text_stays_as_it_is(method: Function, text: str) -> None:
    assert as_body(text, method, LINES) == text


def test_a_function_without_a_body_gives_none(method: Function) -> None:
    assert as_body("def f(self, a):", method, LINES) == ""
    assert as_body("def f(self, a):\n    '''Do it.'''\n", method, LINES) == ""


def test_a_body_behind_the_colon_goes_to_a_line_of_its_own() -> None:
    (function,) = find_functions("def f(a): return a\n")
    assert as_body("return 2\n", function, ["def f(a): return a", ""]) == "\n    return 2\n"


def test_the_body_there_is_shows_the_indentation() -> None:
    text = "def f(a):\n  # two spaces\n  return a\n"
    (function,) = find_functions(text)
    assert as_body("if a:\n  return 1\n", function, text.split("\n")) == "  if a:\n    return 1\n"


STATEMENTS = st.sampled_from(
    ["x = 1", "return x", "s = '''\n  a\nb'''", "if x:\n    y = 2", "y = [\n 1,\n]", "\n# c", ""]
)


@given(
    body=st.lists(STATEMENTS, min_size=1, max_size=6).map("\n".join),
    indentation=st.sampled_from(["", " ", "    ", "\t"]),
)
def test_what_parses_still_does(body: str, indentation: str) -> None:
    (function,) = find_functions(TEXT)
    strings = {"  a", "b'''"}
    moved = "\n".join(line if line in strings or not line else indentation + line for line in body.split("\n"))
    if not moved.strip() or all(line.strip()[:1] in ("", "#") for line in moved.split("\n")):
        return
    found = as_body(moved, function, LINES)
    assert does_not_parse_because(function.unit.problem, found) is None
    assert [line.strip() for line in found.split("\n") if line.strip()] == [
        line.strip() for line in moved.split("\n") if line.strip()
    ]


PIECES = ["def f(n):", "class A:", "\n", "    ", "return 1", "'''", "(", "@a", "import b", "\\", "\t", "\x0c", "é"]


@given(st.text(max_size=200) | st.lists(st.sampled_from(PIECES)).map("".join))
def test_any_text_comes_back(text: str) -> None:
    (function,) = find_functions(TEXT)
    assert isinstance(as_body(text, function, LINES), str)
