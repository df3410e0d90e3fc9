"""Whole bodies: what is sent for one, and which samples are one. Pure."""

from __future__ import annotations

import pytest

from codeodds.errors import EndpointError
from codeodds.generation.bodies import BodyPrompt
from codeodds.generation.samples import Sample
from codeodds.source.functions import find_functions

METHOD = "import math\n\n\nclass C:\n    def f(self, a):\n        '''Do.'''\n        return SECRET\n\n\nx = 1\n"
FLAT = "def f(a):\n    '''Do it.'''\n    return SECRET\n"


def prompt(text: str) -> BodyPrompt:
    (function,) = find_functions(text)
    return BodyPrompt(function, text.split("\n"))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (METHOD, "import math\n\n\nclass C:\n    def f(self, a):\n        '''Do.'''\n"),
        (FLAT, "def f(a):\n    '''Do it.'''\n"),
        ("def f(a): return SECRET\n", "def f(a):\n"),
        ("def f(a):\n    '''Do it.''' ; return SECRET\n", "def f(a):\n    '''Do it.'''\n"),
        ("def f(a):", "def f(a):\n"),
        ("def f(a):\r\n    return SECRET\r\n", "def f(a):\n"),
    ],
)
def test_the_prompt_is_the_problem_alone(text: str, wanted: str) -> None:
    assert prompt(text).text == wanted


@pytest.mark.parametrize(
    ("sample", "body"),
    [
        (Sample("        return a\n", finished=True), "        return a\n"),
        (Sample("\n        return a", finished=True), "        return a\n"),
        # It goes on with the next method, or the next function, and has not come to its end.
        (Sample("        return a\n\n    def g(self):\n        ret"), "        return a\n"),
        (Sample("        return a\n\n\nx = 1"), "        return a\n"),
        # The text of a string is indented as it likes.
        (
            Sample('        b = """\nSELECT\n    x\n"""\n        return b\n\nx', finished=False),
            '        b = """\nSELECT\n    x\n"""\n        return b\n',
        ),
        # Written again as a whole, also as Markdown.
        (Sample("    def f(self, a):\n        return a\n", finished=True), "        return a\n"),
        (Sample("```python\ndef f(self, a):\n    '''So.'''\n    return a\n```\nDone."), "        return a\n"),
        (
            Sample("```python\ndef f(self, a):\n    '''So.'''\n    return a\n```\nDone.", finished=True),
            "        return a\n",
        ),
        (Sample("def g():\n    pass\n\ndef f(self, a):\n    return a\n\nprint(1)\n"), "        return a\n"),
        (Sample("```\n        return a\n```\n"), "        return a\n"),
    ],
)
def test_a_body_is_cut_where_the_function_ends(sample: Sample, body: str) -> None:
    assert prompt(METHOD).bodies([sample]) == [body]


def test_a_function_on_one_line_gets_a_block() -> None:
    assert prompt("def f(a): return SECRET\n").bodies([Sample("    return a\n", True)]) == ["\n    return a\n"]


def test_each_body_counts_once_and_those_that_broke_off_or_do_not_parse_not_at_all() -> None:
    samples = [
        Sample("    return a\n", True),
        Sample("    return a\n\n\nprint(f(1))", False),
        Sample("    return (\n", True),
        Sample("    return a +", False),
        Sample("return a\n", True),
        Sample("", True),
        Sample("    b = a\n    return b", True),
    ]
    assert prompt(FLAT).bodies(samples) == ["    return a\n", "    b = a\n    return b\n"]


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (
            [Sample("    return a"), Sample("    b = a\n    ret"), Sample("    (\n", True)],
            r"2 broke off.*use a faster model",
        ),
        (
            [Sample("    return (\n", True), Sample("", True)],
            "nothing came that can be the body of this function; try another",
        ),
        ([], "nothing came"),
    ],
)
def test_without_a_body_one_sentence_says_why(samples: list[Sample], message: str) -> None:
    with pytest.raises(EndpointError, match=message):
        prompt(FLAT).bodies(samples)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("        return a\n", False),
        ("        return a\n\n  ", False),
        ("        return a\n\n    d", True),
        ("        return a\n```", True),
        ('        b = """\nx\n', False),
        ("    def f(self, a):\n        return a\n", False),
        ("    def f(self, a):\n        return a\n\n    def g", True),
    ],
)
def test_when_a_sample_has_gone_too_far(text: str, left: bool) -> None:
    assert prompt(METHOD).leaves(text) is left
