"""What can follow a beginning as far as syntax goes."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeodds.source.parsing import does_not_parse_because

METHOD = "import a\n\n\nclass C:\n    def f(self, a):\n        '''Do it.'''\n"


@pytest.mark.parametrize(
    ("before", "text"),
    [
        (METHOD, "        return 1\n"),
        (METHOD, "        if a:\n            return 1\n        else:\n            return 2"),
        (METHOD, "        # nothing yet\n"),
        (METHOD, "        s = '''\nabc:\n  d'''\n        return s\n"),
        (METHOD, "        return a[1:\n  2]\n"),
        (METHOD, "        f = lambda: 3\n        if a: return 2\n        return {1: f}\n"),
        (METHOD, "        return a\r\n\r\n    def g(self):\r\n        return 2\r\n"),
        (METHOD, "        match a:\n            case 1:\n                return 2\n"),
        ("def f(a):\n    return ", "a"),
        ("def f(a", "): return a\n"),
        ("import a\n\n\n    def f(a):\n", "        return a\n"),
        ("", "x = 1\n"),
    ],
)
def test_what_parses(before: str, text: str) -> None:
    assert does_not_parse_because(before, text) is None


@pytest.mark.parametrize(
    ("before", "text", "reason"),
    [
        (METHOD, "        x = 1\n        x = (1\n", "it does not parse (line 2)"),
        ("def f(a):\n", "    return (\n", "it does not parse"),
        ("def f(a):\n", "    return a \\\n", "it does not parse: it breaks off"),
        (METHOD, "        return a b\n", "it does not parse (line 1)"),
        (METHOD, "        if a:\n        return 1\n", "it does not parse (line 2: its indentation is wrong)"),
        (METHOD, "        x = 1\n            y = 2\n", "it does not parse (line 2: its indentation is wrong)"),
        (METHOD, "        x = 1\n      y = 2\n", "it does not parse (line 2: its indentation is wrong)"),
        (METHOD, "        for x in a:", "it does not parse (line 1: its indentation is wrong)"),
        ("def f(a):\n", "return a\n", "it does not parse (line 1: its indentation is wrong)"),
        ("import a\n\n\n    def f(a):\n", "    return a\n", "it does not parse (line 1: its indentation is wrong)"),
        ("def f(a):\n    x = (\n\n\n", "    return a\n", "it does not parse"),
    ],
)
def test_what_does_not(before: str, text: str, reason: str) -> None:
    assert does_not_parse_because(before, text) == reason


PIECES = ["if x:\n", "    ", "x = 1\n", "else:\n", "return x\n", "for a in x:\n", "\n", "# c\n", "(", ")", "'''", "\t"]


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_what_python_compiles_is_never_refused(body: str) -> None:
    text = f"def f(x):\n{body}"
    try:
        ast.parse(text)
    except SyntaxError:
        return
    assert does_not_parse_because("def f(x):\n", body) is None


@given(st.text(max_size=200))
def test_any_text_has_an_answer(text: str) -> None:
    reason = does_not_parse_because("def f(x):\n", text)
    assert reason is None or reason.startswith("it does not parse")
