"""What the finders of functions and of other code share: parsing, and places in a source. Pure.

Syntax that the grammar in use does not know yet is rewritten into syntax that it does. The grammar (tree-sitter-python
0.25) reads all of Python 3.14 but for defaults of type parameters (PEP 696). Of Python 3.15 it lacks lazy imports (PEP
810) and most of unpacking in comprehensions (PEP 798). Every byte keeps its place, so that nodes of the rewritten
source point at what the user wrote. Which Python runs the server plays no part.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import islice

import tree_sitter_python
from tree_sitter import Language, Node, Parser

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

BYTE_ORDER_MARK = "\ufeff"
"""Some clients leave it at the start of a text. It is a character of the document, but no part of the code."""

READ_AT_ONCE = 4_096
"""Bytes that the parser reads before other threads get their turn; a few milliseconds."""

MAX_LENGTH = 500
"""Brackets that hold more bytes than this are left as they are."""

MAX_BRACKETS = 1_000
"""Of a document, no more brackets of each kind are looked at: each may be read to its limit."""

_BLANK_REST = re.compile(rb"[ \t]*(#[^\n]*)?(\n|\Z)")
_FORMATTED = re.compile(rb"\w*[bft]", re.IGNORECASE)
"""How an f-string, a t-string or a bytes literal starts: none is a docstring."""
_PARAMETERS = re.compile(rb"^[ \t]*(?:(?:async[ \t]+)?def|class|type)[ \t]+[\w\x80-\xff]+[ \t]*\[", re.MULTILINE)
_LAZY = re.compile(rb"^([ \t]*)lazy([ \t]+)(import|from)(?=[ \t])", re.MULTILINE)
_UNPACKED = re.compile(rb"[\[({]\s*(\*{1,2})")
_PIECES = re.compile(
    rb"""[(\[{] | [)\]}] | , | = | \bfor\b | :
    | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*' | \#[^\n]*""",
    re.VERBOSE,
)
_CODE = re.compile(rb"[^\n]")


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


def as_known(source: bytes) -> bytes:
    """The source with newer syntax rewritten, byte for byte in the same places; the same where there is none."""
    changed = bytearray(_LAZY.sub(rb"\1\3\2    ", source))
    for match in islice(_PARAMETERS.finditer(source), MAX_BRACKETS):
        for start, end in _defaults(source, match.end()):
            changed[start:end] = _CODE.sub(b" ", source[start:end])
    for match in islice(_UNPACKED.finditer(source), MAX_BRACKETS):
        if _is_comprehension(source, match.end()):
            changed[match.start(1) : match.end(1)] = b" " * len(match[1])
    return bytes(changed)


def _defaults(source: bytes, start: int) -> list[tuple[int, int]]:
    """Where the defaults stand in the list of type parameters from `start` on; nothing if the list is not closed."""
    found: list[tuple[int, int]] = []
    equals = -1
    for depth, piece, at in _pieces(source, start):
        if depth == 0 and piece == b"=" and equals < 0:
            equals = at
        elif equals >= 0 and ((depth == 0 and piece == b",") or (depth < 0)):
            found.append((equals, at))
            equals = -1
        if depth < 0:
            return found
    return []


def _is_comprehension(source: bytes, start: int) -> bool:
    for depth, piece, _ in _pieces(source, start):
        if depth == 0 and piece in (b"for", b",", b":"):
            return piece == b"for"
    return False


def _pieces(source: bytes, start: int) -> Iterator[tuple[int, bytes, int]]:
    """Brackets and separators with their depth and place, up to the bracket that closes the one before `start`."""
    depth = 0
    for match in _PIECES.finditer(source, start, min(len(source), start + MAX_LENGTH)):
        piece = match.group()
        if piece in b")]}":
            depth -= 1
        yield depth, piece, match.start()
        if depth < 0:
            return
        if piece in b"([{":
            depth += 1
