"""What the finders of functions and of other code share: parsing, and places in a source. Pure."""

from __future__ import annotations

import re
from bisect import bisect_right

import tree_sitter_python
from tree_sitter import Language, Node, Parser

LANGUAGE = Language(tree_sitter_python.language())
_FORMATTED = re.compile(rb"\w*[bf]", re.IGNORECASE)
"""How an f-string or a bytes literal starts: neither is a docstring."""


def parse(source: bytes) -> Node:
    """The root of the syntax tree of UTF-8 source."""
    return Parser(LANGUAGE).parse(source).root_node


class LineIndex:
    """Lines of a source, found once."""

    def __init__(self, source: bytes) -> None:
        self._source = source
        self._starts = [0, *(match.end() for match in re.finditer(rb"\n", source))]

    def position(self, byte: int) -> tuple[int, int]:
        """Line and code point within it of a byte position."""
        line = self._line(byte)
        return line, len(self._source[self._starts[line] : byte].decode("utf-8", "replace"))

    def line(self, number: int) -> bytes:
        """A line without its end."""
        end = self._starts[number + 1] - 1 if number + 1 < len(self._starts) else len(self._source)
        return self._source[self._starts[number] : end]

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


def docstring_of(body: Node | None) -> Node | None:
    if body is None:
        return None
    statements = [child for child in body.named_children if child.type != "comment"]
    if not statements or statements[0].type != "expression_statement":
        return None
    inner = statements[0].named_children
    is_string = len(inner) == 1 and inner[0].type in ("string", "concatenated_string")
    return statements[0] if is_string and not _FORMATTED.match(inner[0].text or b"") else None
