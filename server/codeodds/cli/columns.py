"""Rows of text in columns, for people: what does not fit a terminal is left out, the least important first."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from rich.console import Console, ConsoleDimensions
from rich.text import Text

from codeodds.cli.streams import knows_little

PLAIN_WIDTH = 160
"""Columns of a line where the output is no terminal. Only the last column is cut for it."""

GAP = 3
"""Blank columns between two of the table's."""

ELLIPSIS = "…"


@dataclass(frozen=True, slots=True)
class Column:
    """One column. On a narrow terminal it shrinks to its `least` width, and is left out if that does not fit."""

    header: str
    least: int
    """Columns of the terminal."""
    right: bool = False
    """Whether its text ends at the same place in every row."""
    cut_start: bool = False
    """Whether its text loses its start rather than its end."""
    short: str = ""
    """A header for where the other does not fit."""


def make_console() -> Console:
    """A console on stdout, with styles on a terminal that knows them, unless NO_COLOR says otherwise."""
    plain = bool(os.environ.get("NO_COLOR")) or knows_little()
    console = Console(highlight=False, markup=False, emoji=False, color_system=None if plain else "auto")
    size = shutil.get_terminal_size()
    # Of a dumb terminal, rich takes for granted that it has 80 columns, unless told both numbers.
    console.size = ConsoleDimensions(size.columns if console.is_terminal else PLAIN_WIDTH, size.lines)
    return console


def print_columns(console: Console, columns: Sequence[Column], rows: Sequence[Sequence[Text]]) -> None:
    """Print a header and the rows. `columns`: the most important first."""
    widths = _widths(columns, rows, console.width, cut=console.is_terminal)
    shown = columns[: len(widths)]
    headers = [
        Text(column.short if column.short and cell_len(column.header) > width else column.header)
        for column, width in zip(shown, widths, strict=True)
    ]
    for row in [headers, *rows]:
        cells = [
            _cell(text, column, width) for text, column, width in zip(row[: len(widths)], shown, widths, strict=True)
        ]
        line = Text(" " * GAP).join(cells)
        line.rstrip()
        console.print(line, soft_wrap=True)


def print_text(console: Console, text: str) -> None:
    """Print a sentence: a terminal has it broken between words, anything else as one line."""
    console.print(Text(text), soft_wrap=not console.is_terminal)


def visible(text: str) -> str:
    """The text with everything that could steer a terminal replaced: it comes from files that nobody vetted."""
    return "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text.expandtabs(4)
    )


def _widths(columns: Sequence[Column], rows: Sequence[Sequence[Text]], available: int, *, cut: bool) -> list[int]:
    """Widths of the columns that are shown. `cut`: whether another than the last may shrink or be left out."""
    natural = [
        max([cell_len(column.header), *(row[index].cell_len for row in rows)]) for index, column in enumerate(columns)
    ]
    least = [min(column.least, width) for column, width in zip(columns, natural, strict=True)]
    if not cut:
        least[:-1] = natural[:-1]
    while cut and len(least) > 2 and sum(least) + GAP * (len(least) - 1) > available:
        least.pop()
    spare = max(0, available - sum(least) - GAP * (len(least) - 1))
    widths = list(least)
    for index in sorted(range(len(widths)), key=lambda index: _turn(columns, index)):
        more = natural[index] - widths[index]
        if more > spare:  # A header that is cut says less than its short form.
            more = 0 if columns[index].short else spare
        widths[index] += more
        spare -= more
    return widths


def _turn(columns: Sequence[Column], index: int) -> tuple[bool, bool, bool]:
    """Which columns are given what is left over: names first, then long headers, paths, and the last column."""
    return index == len(columns) - 1, columns[index].cut_start, columns[index].short != ""


def _cell(text: Text, column: Column, width: int) -> Text:
    text = text.copy()
    if text.cell_len > width and column.cut_start:
        kept = text.plain
        while kept and cell_len(kept) >= width:
            kept = kept[1:]
        text = Text(ELLIPSIS + kept, style=text.style)
    elif text.cell_len > width:
        text = Text(set_cell_size(text.plain, max(0, width - 1)) + ELLIPSIS, style=text.style)
    blanks = " " * (width - text.cell_len)
    return Text(blanks).append_text(text) if column.right else text.append(blanks)
