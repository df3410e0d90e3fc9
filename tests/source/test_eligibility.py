"""Which functions are judged."""

from __future__ import annotations

import pytest

from codeodds.source.functions import DOES_NOT_PARSE, find_functions, unscored_because


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("def f(a):\n    return a\n", None),
        ("def f(a): return a\n", None),
        ("def f(a):\n    return (a\n", DOES_NOT_PARSE),
        ("def f(a", DOES_NOT_PARSE),
        ("def f(a):\n", "it has no body yet"),
        ('def f(a):\n    """Doc."""\n', "it has no body yet"),
        ("def f(a):\n    ...\n", "it is a stub"),
        ('def f(a):\n    """Doc."""\n    raise NotImplementedError\n', "it is a stub"),
    ],
)
def test_reasons(text: str, reason: str | None) -> None:
    (function,) = find_functions(text)
    assert unscored_because(function) == reason
