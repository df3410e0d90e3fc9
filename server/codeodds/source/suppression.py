"""Comments by which people keep functions and lines from being shown. Pure.

``# codeodds: ignore`` on the line of ``def`` or above the function means the function, at the end of another line that
line.
"""

from __future__ import annotations

from collections.abc import Sequence

from codeodds.source.functions import Function
from codeodds.source.syntax import BYTE_ORDER_MARK, parse

SUPPRESS_COMMENT = "codeodds: ignore"
"""The text of the comment."""

MAX_HEAD_LINES = 200
"""How far above a function its decorators and comments are looked for."""

_OPENERS, _CLOSERS = "([{", ")]}"


class Suppression:
    """The suppressing comments of one document."""

    def __init__(self, lines: Sequence[str]) -> None:
        """`lines`: the document without line ends."""
        self._lines = lines

    def line(self, line: int) -> bool:
        """Whether one line says that it is not to be shown."""
        text = self._lines[line] if line < len(self._lines) else ""
        behind = text.find("#") + 1
        at = text.find(SUPPRESS_COMMENT, behind) if behind else -1
        while at >= 0:
            end = at + len(SUPPRESS_COMMENT)
            # Part of a longer word is another text.
            if not (_joins(text[at - 1], text[at]) or _joins(text[end - 1], text[end : end + 1])):
                return True
            at = text.find(SUPPRESS_COMMENT, at + 1)
        return False

    def function(self, function: Function) -> bool:
        """Whether a function is not to be shown: its signature says so, or a comment or decorator line above it."""
        last = max(function.line, function.signature_end[0])
        return any(self.line(line) for line in range(self._head(function), last + 1))

    def edit_for(self, function: Function, line: int | None = None) -> tuple[int, int, str] | None:
        """Line, character and text to insert so that the function, or one line of it, is suppressed.

        None if a comment cannot stand there: within a string, or behind a backslash.
        """
        at = function.signature_end[0] if line is None else line
        if not 0 <= at < len(self._lines):
            return None
        text = self._lines[at].rstrip()
        if text.endswith("\\"):
            return None
        inserted = f"  # {SUPPRESS_COMMENT}"
        source = [*self._lines[function.line : at], text + inserted, *self._lines[at + 1 : function.end_line + 1]]
        return (at, len(text), inserted) if _is_comment(source, at - function.line, len(text) + 2) else None

    def _head(self, function: Function) -> int:
        """First line of the decorators and comments directly above a function."""
        head = line = function.line
        depth = 0
        while line > max(0, function.line - MAX_HEAD_LINES):
            line -= 1
            text = self._lines[line].strip().removeprefix(BYTE_ORDER_MARK)
            if text.startswith("#"):
                head = line if depth == 0 else head
                continue
            depth += sum(text.count(closer) for closer in _CLOSERS) - sum(text.count(opener) for opener in _OPENERS)
            if depth == 0 and text.startswith("@"):
                head = line
            elif depth <= 0:
                break
        return head


def _joins(one: str, other: str) -> bool:
    """Whether two characters beside each other are within one word."""
    return all(character.isalnum() or character == "_" for character in (one, other)) and bool(other)


def _is_comment(source: list[str], line: int, character: int) -> bool:
    """Whether a place in the source, from a ``def`` on, is within a comment."""
    before = "".join(f"{text}\n" for text in source[:line]) + source[line][:character]
    whole = "\n".join(source).encode("utf-8", "replace")
    at = len(before.encode("utf-8", "replace"))
    node = parse(whole).descendant_for_byte_range(at, at + 1)
    return node is not None and node.type == "comment"
