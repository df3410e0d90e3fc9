"""Functions within a function. They are part of its unit, so they are never scored by themselves: each is a part of the
solution, of which the model's values are read once more. Pure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from tree_sitter import Node

from codeodds.source.functions import Function
from codeodds.source.syntax import (
    CONTAINERS,
    LineIndex,
    colon_of,
    docstring_of,
    is_stub,
    parse,
    solution_start,
    with_newline,
)
from codeodds.types import ScoringUnit

MAX_NESTED = 20
"""Of one function, no more functions than this are read by themselves."""

_DEFINITION = re.compile(r"^[ \t]+(?:async[ \t]+)?def\b", re.MULTILINE)
_DEFINITIONS = frozenset({"function_definition", "class_definition"})


def with_nested(function: Function) -> Function:
    """The function with the functions within it, those within these and within its classes included, in order.

    Names are those of ``__qualname__``: ``outer.<locals>.inner``. Of a function that does not parse none are found.
    """
    if function.kind != "function" or not function.parses or not _DEFINITION.search(function.unit.solution):
        return function
    found = _Finder(function).find()
    unit = replace(function.unit, parts=tuple(part.span for part in found))
    return replace(function, unit=unit, nested=tuple(part.function for part in found))


@dataclass(frozen=True, slots=True)
class _Nested:
    function: Function
    span: tuple[int, int]
    """Of its body, in characters of the outer solution."""


class _Finder:
    """Positions are bytes of the unit's text until they become lines of the document."""

    def __init__(self, outer: Function) -> None:
        self._outer = outer
        self._source = outer.unit.text.encode("utf-8", "replace")
        self._border = len(outer.unit.problem.encode("utf-8", "replace"))
        self._lines = LineIndex(self._source)

    def find(self) -> list[_Nested]:
        found: list[_Nested] = []
        pending: list[tuple[Node, str]] = [(parse(self._source), f"{self._outer.name}.<locals>.")]
        while pending and len(found) < MAX_NESTED:
            node, around = pending.pop()
            defines = node.type in _DEFINITIONS
            if defines and node.start_byte >= self._border:
                name = around + self._name(node)
                if node.type == "function_definition":
                    found.append(self._nested(node, name))
                    around = f"{name}.<locals>."
                else:
                    around = f"{name}."
            if defines or node.type in CONTAINERS:
                pending += [(child, around) for child in reversed(node.named_children)]
        return found

    def _nested(self, node: Node, name: str) -> _Nested:
        body = node.child_by_field_name("body")
        colon = colon_of(node, body)
        signature_end = colon.end_byte if colon else node.end_byte
        docstring = docstring_of(body, self._source)
        problem_end = docstring.end_byte if docstring else signature_end
        start = solution_start(self._source, problem_end)
        end = with_newline(self._source, max(start, node.end_byte))
        line, character = self._position(start)
        parses = not node.has_error and colon is not None
        solution = self._outer.unit.solution
        first, last = self._characters(start), self._characters(end)
        function = Function(
            name=name,
            line=self._position(node.start_byte)[0],
            signature_end=self._position(signature_end),
            solution_line=line,
            solution_character=character,
            end_line=self._position(end - 1 if end > start else problem_end)[0],
            parses=parses,
            is_stub=parses and is_stub(body, self._source),
            unit=ScoringUnit(self._outer.unit.problem + solution[:first], solution[first:last]),
        )
        return _Nested(function, (first, last))

    def _name(self, node: Node) -> str:
        name = node.child_by_field_name("name")
        return self._source[name.start_byte : name.end_byte].decode("utf-8", "replace") if name else "?"

    def _characters(self, byte: int) -> int:
        """From the start of the solution."""
        return len(self._source[self._border : byte].decode("utf-8", "replace"))

    def _position(self, byte: int) -> tuple[int, int]:
        """Line and character in the document."""
        (line, character), (first, before) = self._lines.position(byte), self._lines.position(self._border)
        if line == first:
            character += self._outer.solution_character - before
        return self._outer.solution_line + line - first, character
