"""Functions for the tests of odds."""

from __future__ import annotations

from textwrap import indent

from codeodds.types import ScoringUnit


def unit_of(body: str, head: str = "def f(a, b, n):\n", step: str = "    ") -> ScoringUnit:
    """A function with this body, written without indentation."""
    return ScoringUnit(head, indent(body, step) + "\n")
