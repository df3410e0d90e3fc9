"""Syntax that the grammar in use does not know yet, rewritten into syntax that it does. Pure.

The grammar (tree-sitter-python 0.25) reads all of Python 3.14 but for defaults of type parameters (PEP 696). Of Python
3.15 it lacks lazy imports (PEP 810) and most of unpacking in comprehensions (PEP 798). Every byte keeps its
place, so that nodes of the rewritten source point at what the user wrote. Which Python runs the server plays no part.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

MAX_LENGTH = 500
"""Brackets that hold more bytes than this are left as they are."""

MAX_BRACKETS = 1_000
"""Of a document, no more brackets of each kind are looked at: each may be read to its limit."""

_PARAMETERS = re.compile(rb"^[ \t]*(?:(?:async[ \t]+)?def|class|type)[ \t]+[\w\x80-\xff]+[ \t]*\[", re.MULTILINE)
_LAZY = re.compile(rb"^([ \t]*)lazy([ \t]+)(import|from)(?=[ \t])", re.MULTILINE)
_UNPACKED = re.compile(rb"[\[({]\s*(\*{1,2})")
_PIECES = re.compile(
    rb"""[(\[{] | [)\]}] | , | = | \bfor\b | :
    | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*' | \#[^\n]*""",
    re.VERBOSE,
)
_CODE = re.compile(rb"[^\n]")


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
