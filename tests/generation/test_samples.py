"""What of a sample can stand at a place. Pure."""

from __future__ import annotations

import pytest

from codeodds.generation.answer import Piece
from codeodds.generation.samples import Prompt, Sample, Samples
from codeodds.source.places import find_cursor

BEFORE = "import math\n\n\nclass C:\n    def f(self, a):\n        '''Do it.'''\n        b = a\n        "


def prompt(before: str = BEFORE) -> Prompt:
    cursor = find_cursor(before)
    assert cursor is not None
    return Prompt.at(cursor)


def test_white_space_at_the_place_is_the_model_s_to_write() -> None:
    found = prompt()
    assert found.text == BEFORE.rstrip(" ")
    assert found.dropped == " " * 8
    assert found.candidates([Sample("        return b", True), Sample("return b", True)]) == ["return b", "return b"]
    middle = prompt("def f(a):\n    return a")
    assert (middle.text, middle.dropped) == ("def f(a):\n    return a", "")
    assert middle.candidates([Sample(" + 1", True)]) == [" + 1"]


@pytest.mark.parametrize(
    ("text", "finished", "wanted"),
    [
        ("return b\n", True, ["return b"]),
        # It leaves the function, or goes on in Markdown.
        ("return b\n\n    def g(self):\n        return 1\n", True, ["return b"]),
        ("return b\n\n\nprint(f(1))\n", True, ["return b"]),
        ("return b\n        ```\nSo it is.", True, ["return b"]),
        # It did, and then broke off: nothing of the function is lost.
        ("return b\n\n    def g(self):\n        ret", False, ["return b"]),
        # The text of a string is indented as it likes.
        ('c = """\nx\n"""\n        return c\n', True, ['c = """\nx\n"""\n        return c']),
        # It broke off.
        ("if b:\n            return 1\n        retu", False, ["if b:\n            return 1"]),
        ("c = 1\n        if b:\n            x = (1,\n", True, ["c = 1"]),
        ("return (b", True, ["return (b"]),
        ("if b:\r\n            return 1\r\n", True, ["if b:\n            return 1"]),
        ("", True, []),
        ("\n\n", True, []),
    ],
)
def test_a_sample_is_cut_where_it_must_be(text: str, finished: bool, wanted: list[str]) -> None:
    assert prompt().candidates([Sample(text, finished)]) == wanted


def test_a_function_in_a_docstring_is_not_the_one_around() -> None:
    found = prompt("def f(a):\n    '''Do as\n\n        def g(a):\n    '''\n    ")
    assert found.candidates([Sample("if a:\n        return 1\n    return 2\n", True)]) == [
        "if a:\n        return 1\n    return 2"
    ]


def test_pieces_add_up_by_request_and_number() -> None:
    samples = Samples()
    samples.add(0, [Piece(0, "a", False), Piece(1, "x", False)])
    samples.add(0, [Piece(0, "b", True)])
    samples.add(2, [Piece(0, "c", False)])
    assert [(sample.text, sample.finished) for sample in samples] == [("ab", True), ("x", False), ("c", False)]
    assert (len(samples), samples.of_request(0), samples.of_request(1)) == (3, 2, 0)


def test_a_request_suffices_when_all_are_whole_and_some_would_go_on() -> None:
    samples = Samples(lambda text: "\nx" in text)
    samples.add(0, [Piece(0, "a\n", False), Piece(1, "b", True)])
    assert not samples.suffice(0, 2)
    samples.add(0, [Piece(0, "x", False)])
    assert not samples.suffice(0, 3), "one has not begun"
    assert samples.suffice(0, 2)
    samples.add(0, [Piece(0, "", True)])
    assert not samples.suffice(0, 2), "the end comes by itself"
