"""From places in a document, counted in lines and code points, to positions of the protocol. Pure.

The client counts characters in the encoding that was negotiated: UTF-16 by default, where an emoji counts twice.
"""

from __future__ import annotations

from collections.abc import Sequence

from lsprotocol import types as lsp


class Converter:
    """Positions in one version of one document."""

    def __init__(self, lines: Sequence[str], encoding: lsp.PositionEncodingKind | str) -> None:
        """`lines`: the document without line ends."""
        self._lines = lines
        self._encoding = encoding

    def position(self, line: int, character: int) -> lsp.Position:
        """Code points to the client's units. A place behind the end of its line becomes that end."""
        if line >= len(self._lines):
            return lsp.Position(line, 0)
        return lsp.Position(line, self._units(self._lines[line][:character]))

    def line_range(self, line: int) -> lsp.Range:
        """A line from its first visible character to its last."""
        text = self._lines[line] if line < len(self._lines) else ""
        start = len(text) - len(text.lstrip())
        return lsp.Range(self.position(line, start), self.position(line, max(start, len(text.rstrip()))))

    def span(self, first: int, last: int) -> lsp.Range:
        """Whole lines, from the start of `first` to the end of `last`."""
        end = len(self._lines[last]) if last < len(self._lines) else 0
        return lsp.Range(lsp.Position(first, 0), self.position(last, end))

    def _units(self, text: str) -> int:
        if text.isascii() or self._encoding == lsp.PositionEncodingKind.Utf32:
            return len(text)
        if self._encoding == lsp.PositionEncodingKind.Utf8:
            return len(text.encode("utf-8", "surrogatepass"))
        return len(text.encode("utf-16-le", "surrogatepass")) // 2
