"""What the finders of functions and of other code share: parsing, and places in a source. Pure."""

from __future__ import annotations

import re
from bisect import bisect_right

import tree_sitter_python
from tree_sitter import Language, Node, Parser

from codeodds.source.newer import as_known

LANGUAGE = Language(tree_sitter_python.language())
CONTAINERS = frozenset(
    {
        "module",
        "block",
        "ERROR",
        "decorated_definition",
        "if_statement",
        "elif_clause",
        "else_clause",
        "try_statement",
        "except_clause",
        "finally_clause",
        "with_statement",
        "for_statement",
        "while_statement",
        "match_statement",
        "case_clause",
    }
)
"""Nodes within which functions are looked for."""
_BLANK_REST = re.compile(rb"[ \t]*(#[^\n]*)?(\n|\Z)")
_FORMATTED = re.compile(rb"\w*[bft]", re.IGNORECASE)
"""How an f-string, a t-string or a bytes literal starts: none is a docstring."""


READ_AT_ONCE = 4_096
"""Bytes that the parser reads before other threads get their turn; a few milliseconds."""


def parse(source: bytes) -> Node:
    """The root of the syntax tree of UTF-8 source. Its nodes know places in the source, but no text.

    No Python interpreter is asked: the one that runs this may be older than the code.
    """
    root = _parse(source)
    if root.has_error and (known := as_known(source)) != source:
        root = _parse(known)
    return root


def _parse(source: bytes) -> Node:
    # Given the source itself, the parser would keep every other thread from running until it is through.
    return Parser(LANGUAGE).parse(lambda start, _: source[start : start + READ_AT_ONCE]).root_node


BYTE_ORDER_MARK = "\ufeff"
"""Some clients leave it at the start of a text. It is a character of the document, but no part of the code."""


class LineIndex:
    """Lines of a source, found once. `left_out`: characters of the document before the source, in its first line."""

    def __init__(self, source: bytes, left_out: int = 0) -> None:
        self._source = source
        self._left_out = left_out
        self._starts = [0, *(match.end() for match in re.finditer(rb"\n", source))]

    def position(self, byte: int) -> tuple[int, int]:
        """Line and code point within it of a byte position."""
        line = self._line(byte)
        character = len(self._source[self._starts[line] : byte].decode("utf-8", "replace"))
        return line, character + (self._left_out if line == 0 else 0)

    def line(self, number: int) -> bytes:
        """A line without its end."""
        end = self._starts[number + 1] - 1 if number + 1 < len(self._starts) else len(self._source)
        return self._source[self._starts[number] : end]

    def start(self, line: int) -> int:
        """The first byte of a line."""
        return self._starts[line]

    def start_of_line(self, byte: int) -> int:
        return self._starts[self._line(byte)]

    def start_of_comment_block(self, start: int) -> int:
        """Where the comment lines begin that stand directly above the line at `start`."""
        line = self._line(start)
        while line > 0 and self._source[self._starts[line - 1] : self._starts[line]].lstrip().startswith(b"#"):
            line -= 1
        return self._starts[line]

    def _line(self, byte: int) -> int:
        return bisect_right(self._starts, byte) - 1


def colon_of(node: Node, body: Node | None) -> Node | None:
    """The colon that ends a header. A colon within the parameters is not a direct child."""
    colons = [child for child in node.children if child.type == ":" and not child.is_missing]
    if body is not None:
        colons = [child for child in colons if child.end_byte <= body.start_byte]
    return colons[-1] if colons else None


def docstring_of(body: Node | None, source: bytes) -> Node | None:
    if body is None:
        return None
    statements = [child for child in body.named_children if child.type != "comment"]
    if not statements or statements[0].type != "expression_statement":
        return None
    inner = statements[0].named_children
    is_string = len(inner) == 1 and inner[0].type in ("string", "concatenated_string")
    return statements[0] if is_string and not _FORMATTED.match(source, inner[0].start_byte) else None


def is_stub(body: Node | None, source: bytes) -> bool:
    """Whether a function's body does nothing but ``pass``, ``...`` or raising NotImplementedError."""
    if body is None:
        return False
    docstring = docstring_of(body, source)
    rest = [child for child in body.named_children if child.type != "comment" and child != docstring]
    return all(_does_nothing(child, source) for child in rest)


def _does_nothing(statement: Node, source: bytes) -> bool:
    if statement.type == "pass_statement":
        return True
    inner = statement.named_children
    if statement.type == "expression_statement":
        return len(inner) == 1 and inner[0].type == "ellipsis"
    if statement.type == "raise_statement":
        return b"NotImplementedError" in source[statement.start_byte : statement.end_byte]
    return False


def solution_start(source: bytes, header_end: int) -> int:
    """The next line, unless code stands behind the colon or the docstring."""
    rest = _BLANK_REST.match(source, header_end)
    return rest.end() if rest else header_end


def with_newline(source: bytes, end: int) -> int:
    """The end of the line if nothing but a comment follows on it."""
    rest = _BLANK_REST.match(source, end)
    return rest.end() if rest and source[end - 1 : end] != b"\n" else end
