"""What a small edit of a function is."""

from __future__ import annotations

from dataclasses import dataclass

KINDS = {
    "operator": "another operator",
    "boundary": "a boundary that is one off",
    "number": "another number",
    "constant": "another of True, False and None",
    "name": "another name",
    "attribute": "another attribute or method",
    "arguments": "two values exchanged",
    "keyword": "another value of a keyword argument",
    "negation": "`not` added or taken away",
    "control": "another keyword that directs the flow",
    "slice": "another index or slice",
    "builtin": "a function or method of opposite or similar meaning",
    "string": "another key or string",
    "missing": "a word left out or too many",
    "model": "what a language model would have written",
}
"""Kinds of edits, in words."""


@dataclass(frozen=True, slots=True)
class Edit:
    """Characters [start, end) of a solution become `text`; an insertion where both are equal."""

    start: int
    end: int
    text: str
    kind: str
    """One of `KINDS`."""

    def apply(self, solution: str) -> str:
        """The solution with this edit."""
        return solution[: self.start] + self.text + solution[self.end :]
