"""Finds the function that somebody means: by name, by line, or around the place where the next character goes. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from codeodds.errors import SourceError
from codeodds.source.functions import Function, find_functions
from codeodds.source.syntax import parse

LISTED = 8
"""An error names at most this many functions."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """The function that is being written at a place."""

    function: Function
    """As far as the text before the place holds it."""

    written: str
    """The part of its solution before the place, verbatim."""

    indentation: int
    """Of its ``def``, in characters: a line of code with no more than this is no longer in it."""


def choose_function(functions: Sequence[Function], name: str | None, line: int | None) -> Function:
    """The function with a name (qualified, or its last part), or the one around a line from 0; else the only one.

    Raises: SourceError if there is none, or more than one.
    """
    found = [
        function
        for function in functions
        if (name is None or name in (function.name, function.name.rpartition(".")[2]))
        and (line is None or function.line <= line <= function.end_line)
    ]
    if len(found) == 1:
        return found[0]
    wanted = f" {name!r}" if name is not None else f" in line {line + 1}" if line is not None else ""
    candidates = found or functions
    names = ", ".join(f"{function.name} (line {function.line + 1})" for function in candidates[:LISTED])
    more = f" and {len(candidates) - LISTED} more" if len(candidates) > LISTED else ""
    if not functions:
        raise SourceError("there are no functions; save one with at least its signature first")
    if not found:
        raise SourceError(f"there is no function{wanted}; there are {names}{more}")
    raise SourceError(f"there are {len(found)} functions{wanted}; choose one by name or by line: {names}{more}")


def find_cursor(before: str, imports: str = "") -> Cursor | None:
    """The function whose body goes on at the end of `before`, a document up to a place, line ends LF.

    None where the place is not in a body: outside functions, or in a signature. `imports`: as for `find_functions`.
    """
    functions = find_functions(before, imports)
    if not functions:
        return None
    function = functions[-1]
    lines = before.split("\n")
    start = function.solution_line, function.solution_character
    # Before its colon a signature does not parse by itself.
    if parse(function.unit.problem.encode("utf-8", "replace")).has_error or start > (len(lines) - 1, len(lines[-1])):
        return None
    if _is_behind(function, lines):
        return None
    rest = lines[function.solution_line :]
    written = "\n".join([rest[0][function.solution_character :], *rest[1:]])
    return Cursor(function, written, indentation(lines[function.line]))


def _is_behind(function: Function, lines: Sequence[str]) -> bool:
    """Whether the place at the end of the last line has left the function, by its indentation or by other code."""
    if len(lines) - 1 <= function.end_line:
        return False
    if any(line.strip() and not line.lstrip().startswith("#") for line in lines[function.end_line + 1 : -1]):
        return True
    return indentation(lines[-1]) <= indentation(lines[function.line])


def is_in_comment(before: str) -> bool:
    """Whether the place at the end of `before`, a document up to a place, is within a comment.

    What stands behind a hash in a string that is not closed counts as one.
    """
    if "#" not in before[before.rfind("\n") + 1 :]:
        return False
    source = before.encode("utf-8", "replace")
    node = parse(source).descendant_for_byte_range(len(source) - 1, len(source))
    return node is not None and node.type == "comment"


def indentation(line: str) -> int:
    """How many characters of white space a line starts with."""
    return len(line) - len(line.lstrip())
