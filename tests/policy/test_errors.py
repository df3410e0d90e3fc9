"""The exception tree is what errors.py says it is."""

from __future__ import annotations

import re

from codeodds import errors


def _documented() -> list[tuple[int, str]]:
    """(depth, name) of each line of the tree in the module's docstring."""
    assert errors.__doc__ is not None
    found = []
    for line in errors.__doc__.splitlines():
        if match := re.match(r"(?P<indent>(?:[│ ]   )*(?:[├└]── )?)(?P<name>[A-Z]\w+)(?: {2,}|$)", line):
            found.append((len(match["indent"]) // 4, match["name"]))
    return found


def test_every_error_stands_in_the_documented_tree() -> None:
    defined = {name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, Exception)}
    assert {name for _, name in _documented()} == defined


def test_the_documented_tree_is_the_real_one() -> None:
    above: list[str] = []
    for depth, name in _documented():
        del above[depth:]
        base = getattr(errors, name).__bases__[0].__name__
        assert base == (above[-1] if above else "Exception")
        above.append(name)


def test_every_error_has_a_docstring() -> None:
    assert [name for _, name in _documented() if not getattr(errors, name).__doc__] == []
