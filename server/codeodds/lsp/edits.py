"""Applies a client's edits to a document's text. Pure.

Lines end where the protocol says: at LF, CRLF or CR, and nowhere else. (Python's `str.splitlines` also splits at form
feeds, which Python sources do hold; counting lines with it puts every later edit in the wrong place.)
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice

from lsprotocol import types as lsp

_LINE_END = re.compile(r"\r\n|\n|\r")


def apply_edits(
    text: str, changes: Sequence[lsp.TextDocumentContentChangeEvent], encoding: lsp.PositionEncodingKind | str
) -> str:
    """The text after the changes, each of which starts from the result of the one before.

    A position behind the end of its line means that end, one behind the last line the end of the text, as the protocol
    wants. A range whose end comes before its start is empty.
    """
    for change in changes:
        if isinstance(change, lsp.TextDocumentContentChangePartial):
            start = offset_of(text, change.range.start, encoding)
            end = max(start, offset_of(text, change.range.end, encoding))
            text = text[:start] + change.text + text[end:]
        else:
            text = change.text
    return text


def changed_line(changes: Sequence[lsp.TextDocumentContentChangeEvent]) -> int | None:
    """Line on which the last of the changes ended; None if it replaced the whole text."""
    for change in reversed(changes):
        if isinstance(change, lsp.TextDocumentContentChangePartial):
            return change.range.start.line + len(_LINE_END.findall(change.text))
    return None


def offset_of(text: str, position: lsp.Position, encoding: lsp.PositionEncodingKind | str) -> int:
    """Index of a position in the text, in code points. A position inside a character means its start."""
    start = 0
    if position.line > 0:
        end = next(islice(_LINE_END.finditer(text), position.line - 1, None), None)
        if end is None:
            return len(text)
        start = end.end()
    stop = _LINE_END.search(text, start)
    line = text[start : stop.start() if stop else len(text)]
    return start + _code_points(line, position.character, encoding)


def _code_points(line: str, units: int, encoding: lsp.PositionEncodingKind | str) -> int:
    """How many of a line's code points the first `units` of the client's units hold."""
    if line.isascii() or encoding == lsp.PositionEncodingKind.Utf32:
        return min(units, len(line))
    if encoding == lsp.PositionEncodingKind.Utf8:
        return len(line.encode("utf-8", "replace")[:units].decode("utf-8", "ignore"))
    return len(line.encode("utf-16-le", "replace")[: 2 * units].decode("utf-16-le", "ignore"))
