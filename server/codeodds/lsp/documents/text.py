"""A document's text as the client edits it, and places in it as the client counts them. An edit costs what it changes,
not what the document holds.

The text is kept in chunks of some thousand characters. An edit makes new chunks at its place and shares the others
with the text before it, so that every version stays what it was while threads still read it.

Lines end where the protocol says: at LF, CRLF or CR, and nowhere else. (Python's `str.splitlines` also splits at form
feeds, which Python sources do hold; counting lines with it puts every later edit in the wrong place.)
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate, islice
from typing import Self

from lsprotocol import types as lsp

CHUNK = 1_024
"""Characters of a new chunk. One that grows to twice as many is cut."""

SUMMED_AT_ONCE = 128
"""Sums over chunks are made in steps of so many: few steps to a distant place, little work for one close by."""

_LINE_END = re.compile(r"\r\n|\n|\r")
_SURROGATE = re.compile("[\ud800-\udfff]")
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")

Encoding = lsp.PositionEncodingKind | str
Place = tuple[int, int]
"""A chunk, and an index of a character in it. Behind the last character stands the chunk's length."""


class Text:
    """One version of a text, which never changes. `str` of it gives the whole, which is put together once.

    The client counts characters in the encoding that was negotiated. Two halves of a surrogate pair that different
    edits bring are one character, as they are for the client.
    """

    def __init__(self, text: str, encoding: Encoding = lsp.PositionEncodingKind.Utf16) -> None:
        self._encoding = encoding
        self._whole: str | None = _whole_characters(text)
        self._length = len(self._whole)
        self._chunks = list(_cut(self._whole))
        self._ends = list(map(_line_ends, self._chunks))
        self._units = [_units(chunk, encoding) for chunk in self._chunks]
        # Line ends and units before each chunk. Only as many entries are there as were asked for since a change.
        self._ends_before = [0]
        self._units_before = [0]

    def __str__(self) -> str:
        if self._whole is None:
            self._whole = "".join(self._chunks)
        return self._whole

    def __len__(self) -> int:
        """In code points."""
        return self._length

    def edited(self, changes: Sequence[lsp.TextDocumentContentChangeEvent]) -> Text:
        """The text after the changes, each of which starts from the result of the one before.

        A position behind the end of its line means that end, one behind the last line the end of the text, as the
        protocol wants. One inside a character means its start. A range whose end comes before its start is empty.
        """
        text = self._copy()
        for change in changes:
            if isinstance(change, lsp.TextDocumentContentChangePartial):
                text._replace(*text._places(change.range), change.text)
            else:
                text = Text(change.text, self._encoding)
        return text

    def offset(self, position: lsp.Position) -> int:
        """Index of a position in the whole text, in code points."""
        chunk, index = self._place(self._line_start(position.line), position.character)
        return sum(map(len, islice(self._chunks, chunk))) + index

    def _copy(self) -> Self:
        """To be changed by its maker alone."""
        text = object.__new__(type(self))
        text._encoding, text._whole, text._length = self._encoding, self._whole, self._length
        text._chunks, text._ends, text._units = self._chunks[:], self._ends[:], self._units[:]
        text._ends_before, text._units_before = self._ends_before[:], self._units_before[:]
        return text

    def _places(self, span: lsp.Range) -> tuple[Place, Place]:
        first = self._line_start(span.start.line)
        last = first if span.end.line == span.start.line else self._line_start(span.end.line)
        start = self._place(first, span.start.character)
        return start, max(start, self._place(last, span.end.character))

    def _place(self, line_start: Place, character: int) -> Place:
        chunk, index = line_start
        if chunk == len(self._chunks):
            return chunk, 0
        end = _LINE_END.search(self._chunks[chunk], index)
        if end is not None:
            line = self._chunks[chunk][index : end.start()]
            return chunk, index + self._code_points(line, character)
        # The line goes on in the next chunks.
        units = self._units_before[chunk] + _units(self._chunks[chunk][:index], self._encoding) + character
        ends = self._ends_before[chunk] + self._ends[chunk]
        while self._more() and self._ends_before[-1] <= ends and self._units_before[-1] <= units:
            self._sum()
        last = bisect_right(self._ends_before, ends) - 1
        found = min(bisect_right(self._units_before, units) - 1, last)
        if found == len(self._chunks):
            return found, 0
        end = _LINE_END.search(self._chunks[found]) if found > chunk else None
        line = self._chunks[found][: end.start() if end else None]
        return found, self._code_points(line, units - self._units_before[found])

    def _line_start(self, line: int) -> Place:
        if line <= 0:
            return 0, 0
        while self._ends_before[-1] < line:
            if not self._more():
                return len(self._chunks), 0
            self._sum()
        chunk = bisect_left(self._ends_before, line) - 1
        ends = _LINE_END.finditer(self._chunks[chunk])
        return chunk, next(islice(ends, line - self._ends_before[chunk] - 1, None)).end()

    def _more(self) -> bool:
        """Whether sums are left to be made."""
        return len(self._ends_before) <= len(self._chunks)

    def _sum(self) -> None:
        for before, counts in ((self._ends_before, self._ends), (self._units_before, self._units)):
            first = len(before) - 1
            before[-1:] = accumulate(counts[first : first + SUMMED_AT_ONCE], initial=before[-1])

    def _replace(self, start: Place, end: Place, new: str) -> None:
        first, last = start[0], end[0]
        head = self._chunks[first][: start[1]] if start[1] else ""
        tail = self._chunks[last][end[1] :] if last < len(self._chunks) else ""
        # What is not to be cut may come together only now: CR and LF, the halves of a pair.
        if not head and first > 0:
            first -= 1
            head = self._chunks[first]
        last = min(last + 1, len(self._chunks))
        if not tail and last < len(self._chunks):
            tail = self._chunks[last]
            last += 1
        chunks = list(_cut(_whole_characters(f"{head}{new}{tail}")))
        self._length += sum(map(len, chunks)) - sum(map(len, self._chunks[first:last]))
        self._chunks[first:last] = chunks
        self._ends[first:last] = map(_line_ends, chunks)
        self._units[first:last] = [_units(chunk, self._encoding) for chunk in chunks]
        del self._ends_before[first + 1 :], self._units_before[first + 1 :]
        self._whole = None

    def _code_points(self, text: str, units: int) -> int:
        """How many of a text's code points the first `units` of the client's units hold."""
        units = max(units, 0)
        if text.isascii() or self._encoding == lsp.PositionEncodingKind.Utf32:
            return min(units, len(text))
        if self._encoding == lsp.PositionEncodingKind.Utf8:
            return len(_encodable(text).encode("utf-8")[:units].decode("utf-8", "ignore"))
        return len(_encodable(text).encode("utf-16-le")[: 2 * units].decode("utf-16-le", "ignore"))


class Converter:
    """From places in one version of a document, in lines and code points, to positions of the protocol. Pure."""

    def __init__(self, lines: Sequence[str], encoding: Encoding) -> None:
        """`lines`: the document without line ends."""
        self._lines = lines
        self._encoding = encoding

    def position(self, line: int, character: int) -> lsp.Position:
        """Code points to the client's units. A place behind the end of its line becomes that end."""
        if line >= len(self._lines):
            return lsp.Position(line, 0)
        return lsp.Position(line, _units(self._lines[line][:character], self._encoding))

    def line_range(self, line: int) -> lsp.Range:
        """A line from its first visible character to its last."""
        text = self._lines[line] if line < len(self._lines) else ""
        start = len(text) - len(text.lstrip())
        return lsp.Range(self.position(line, start), self.position(line, max(start, len(text.rstrip()))))

    def range(self, start: tuple[int, int], end: tuple[int, int]) -> lsp.Range:
        """From one place to another: lines and code points in them."""
        return lsp.Range(self.position(*start), self.position(*end))

    def span(self, first: int, last: int) -> lsp.Range:
        """Whole lines, from the start of `first` to the end of `last`."""
        end = len(self._lines[last]) if last < len(self._lines) else 0
        return lsp.Range(lsp.Position(first, 0), self.position(last, end))


def changed_line(changes: Sequence[lsp.TextDocumentContentChangeEvent]) -> int | None:
    """Line on which the last of the changes ended; None if it replaced the whole text."""
    for change in reversed(changes):
        if isinstance(change, lsp.TextDocumentContentChangePartial):
            return change.range.start.line + _line_ends(change.text)
    return None


def _cut(text: str) -> Iterator[str]:
    """Chunks that are not empty. CRLF is never cut in two."""
    start = 0
    while len(text) - start >= 2 * CHUNK:
        end = start + CHUNK
        end += text[end - 1 : end + 1] == "\r\n"
        yield text[start:end]
        start = end
    if start < len(text):
        yield text[start:]


def _line_ends(text: str) -> int:
    """CRLF is one."""
    ends = text.count("\n")
    return ends + text.count("\r") - text.count("\r\n") if "\r" in text else ends


def _whole_characters(text: str) -> str:
    """One character for the halves of a pair that stand side by side."""
    return text if text.isascii() else _PAIR.sub(_one_character, text)


def _one_character(pair: re.Match[str]) -> str:
    return pair.group().encode("utf-16-le", "surrogatepass").decode("utf-16-le")


def _units(text: str, encoding: Encoding) -> int:
    """The client's units of a text: by default those of UTF-16, where an emoji counts twice."""
    if text.isascii() or encoding == lsp.PositionEncodingKind.Utf32:
        return len(text)
    if encoding == lsp.PositionEncodingKind.Utf8:
        return len(_encodable(text).encode("utf-8"))
    return len(_encodable(text).encode("utf-16-le")) // 2


def _encodable(text: str) -> str:
    """Another character for each lone surrogate, of as many units."""
    return _SURROGATE.sub("\ufffd", text)
