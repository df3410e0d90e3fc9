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

NOTHING = (0, 0, "")
"""The smallest edit that changes nothing."""


@dataclass(frozen=True, slots=True)
class Edit:
    """Characters [start, end) of a solution become `text`; an insertion where both are equal."""

    start: int
    end: int
    text: str
    kind: str
    """One of `KINDS`."""

    def least(self, solution: str) -> tuple[int, int, str]:
        """Start, end and text of the smallest edit with the same result, as far to the right as it can stand. Two edits
        have the same result if and only if these are equal.
        """
        start, end, text = self.start, self.end, self.text
        while start < end and text and solution[start] == text[0]:
            start, text = start + 1, text[1:]
        while start < end and text and solution[end - 1] == text[-1]:
            end, text = end - 1, text[:-1]
        while not text and start < end < len(solution) and solution[start] == solution[end]:
            start, end = start + 1, end + 1
        while text and start == end < len(solution) and solution[start] == text[0]:
            start, end, text = start + 1, end + 1, text[1:] + text[0]
        return (start, end, text) if text or start < end else NOTHING

    def apply(self, solution: str) -> str:
        """The solution with this edit."""
        return solution[: self.start] + self.text + solution[self.end :]
