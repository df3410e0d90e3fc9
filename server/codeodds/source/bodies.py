"""Other bodies for a function: from whatever holds one to text that can take the place of the body there is. Pure."""

from __future__ import annotations

import re

from tree_sitter import Node

from codeodds.source.functions import Function, find_functions, normalise_newlines
from codeodds.source.parsing import MAX_CHARACTERS, does_not_parse_because
from codeodds.source.syntax import parse

STEP = "    "
"""One level of indentation, where the function has no body that shows another."""

_INDENTATION = re.compile(r"[ \t]*")
_DEFINITIONS = frozenset(
    {
        "function_definition",
        "class_definition",
        "decorated_definition",
        "import_statement",
        "import_from_statement",
        "future_import_statement",
        "comment",
    }
)
"""What a file with a function holds at its top, and a body does not hold alone."""


def as_body(text: str, function: Function, lines: list[str]) -> str:
    """`text` as a body of `function`, to stand where its solution starts; ends with LF unless it is blank.

    `text`: a body at any indentation, or the whole function, perhaps with imports and others beside it; then the body
    of the one with this function's name is taken, or of the only one. `lines`: the document that holds the function.

    Text that is neither comes back with another indentation: whether it parses is another question.
    """
    text = normalise_newlines(text).removeprefix("\ufeff")
    if not text.strip() or len(text) > MAX_CHARACTERS:
        return text
    body = _body_of_definition(text, function.name.rpartition(".")[2])
    body = text if body is None else body
    if not body.strip():
        return body
    moved = _indented(body, body_indentation(function, lines)).strip("\n") + "\n"
    return f"\n{moved}" if function.solution_character else moved


def body_indentation(function: Function, lines: list[str]) -> str:
    """What the lines of a function's body start with: that of its first, or else one level more than the ``def``."""
    own = _spaces(lines[function.line]) if function.line < len(lines) else ""
    if not function.solution_character:
        for line in function.unit.solution.split("\n"):
            if line.strip() and not line.lstrip().startswith("#"):
                return _spaces(line) if len(_spaces(line)) > len(own) else own + STEP
    return own + STEP


def _body_of_definition(text: str, name: str) -> str | None:
    """The solution of the function in a text that holds definitions alone; None for any other text."""
    first = next(line for line in text.split("\n") if line.strip())
    flush = _moved(text, _spaces(first), "")
    root = parse(flush.encode("utf-8", "replace"))
    if any(node.type not in _DEFINITIONS and not _is_string(node) for node in root.named_children):
        return None
    found = find_functions(flush)
    named = [function for function in found if function.name.rpartition(".")[2] == name]
    chosen = named or found
    return chosen[0].unit.solution if len(chosen) == 1 else None


def _is_string(node: Node) -> bool:
    return node.type == "expression_statement" and all(child.type == "string" for child in node.named_children)


def _indented(text: str, wanted: str) -> str:
    """The text with its first level of indentation replaced by `wanted`.

    The first line may have lost its own, as in a selection that starts at its first letter: then the others tell.
    """
    code = [line for line in text.split("\n") if line.strip()]
    first, others = _spaces(code[0]), [_spaces(line) for line in code[1:]]
    moved = _moved(text, first, wanted)
    if (
        first
        or not others
        or does_not_parse_because("def _():\n", moved if wanted else _moved(text, first, STEP)) is None
    ):
        return moved
    least = min(others, key=len)
    start = text.index(code[0])
    return _moved(text[:start] + least + text[start:], least, wanted)


def _moved(text: str, old: str, new: str) -> str:
    """Every line that starts with `old` starts with `new`, but for those within a string."""
    if old == new:
        return text
    inside = _within_strings(text)
    return "\n".join(
        line if number in inside or not line.strip() or not line.startswith(old) else new + line[len(old) :]
        for number, line in enumerate(text.split("\n"))
    )


def _within_strings(text: str) -> set[int]:
    """Numbers of the lines that start within a string."""
    found: set[int] = set()
    pending = [parse(text.encode("utf-8", "replace"))]
    while pending:
        node = pending.pop()
        if node.type == "string":
            found.update(range(node.start_point[0] + 1, node.end_point[0] + 1))
        elif node.start_point[0] != node.end_point[0]:
            pending += node.children
    return found


def _spaces(line: str) -> str:
    match = _INDENTATION.match(line)
    return match.group() if match else ""
