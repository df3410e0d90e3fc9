"""The table of `codeodds score`, for people: what deserves a look first, and what was not scored in a line below."""

from __future__ import annotations

import re
from collections.abc import Iterable
from types import TracebackType
from typing import NamedTuple

from rich.console import Console
from rich.text import Text

from codeodds.cli.columns import Column, make_console, print_columns, print_text, visible
from codeodds.cli.report import FunctionReport
from codeodds.engine.api import ScorerInfo

COLUMNS = (
    Column("probability", 4, right=True, short="p"),
    Column("function", 8),
    Column("where", 12, cut_start=True),
    Column("drops at", 8, right=True),
    Column("from", 4, right=True),
    Column("to", 4, right=True),
    Column("", 12),
)
"""The last one holds the line at which the value drops."""

MAX_PLACES = 3
"""Of the functions that are not scored for the same reason, no more are named."""

NOTE = "A probability is an estimate that the finished function passes its tests; a low one is a reason to look."


class _Row(NamedTuple):
    """A function and where it stands."""

    function: FunctionReport
    place: str


class TableReport:
    """Collects what is known of each function, and prints it when the run ends, however it does."""

    def __init__(self, info: ScorerInfo, *, by_probability: bool) -> None:
        self._low_probability = info.low_probability
        self._by_probability = by_probability
        self._path = ""
        self._files = 0
        self._rows_before = 0
        self._rows: list[_Row] = []

    def __enter__(self) -> TableReport:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None or self._rows:
            self._print(make_console())

    def start_file(self, path: str) -> None:
        """The functions that follow are this file's."""
        self._path = path
        self._files += 1
        self._rows_before = len(self._rows)

    def add(self, function: FunctionReport) -> None:
        """Remember a function."""
        self._rows.append(_Row(function, f"{visible(self._path)}:{_line(function, function.line)}"))

    def end_file(self, error: str | None) -> None:
        """A file of which an error is all there is to say is none of the table's."""
        if error is not None and len(self._rows) == self._rows_before:
            self._files -= 1

    def _print(self, console: Console) -> None:
        scored = [row for row in self._rows if row.function.probability is not None]
        if self._by_probability:
            scored.sort(key=lambda row: row.function.probability or 0.0)
        if scored:
            print_columns(console, COLUMNS, [_cells(row, self._low_probability) for row in scored])
            console.print()
        for line in _unscored(self._rows):
            print_text(console, line)
        if self._files:
            print_text(console, _summary(self._files, len(self._rows), scored, self._low_probability))
        if scored:
            print_text(console, NOTE)


def probability_text(probability: float, low_probability: float) -> Text:
    """Only what lies below the model's threshold has a colour: no probability is high enough to say "fine"."""
    return Text(f"{probability:.2f}", style="yellow" if probability < low_probability else "")


def _cells(row: _Row, low_probability: float) -> list[Text]:
    function, drop = row.function, row.function.drop
    cells = [
        probability_text(function.probability or 0.0, low_probability),
        Text(visible(function.name)),
        Text(row.place),
    ]
    if drop is None:
        return [*cells, Text(), Text(), Text(), Text()]
    numbers = [_line(function, drop.line), f"{drop.before:.2f}", f"{drop.after:.2f}"]
    return [*cells, *map(Text, numbers), Text(visible(drop.source), style="dim")]


def _line(function: FunctionReport, line: int) -> str:
    """Of a notebook, with the number of the cell before it."""
    return str(line) if function.cell is None else f"{function.cell}:{line}"


def _unscored(rows: Iterable[_Row]) -> list[str]:
    """One line for each kind of reason, with the places of the first such functions."""
    kinds: dict[str, list[_Row]] = {}
    for row in rows:
        if row.function.reason is not None:
            kind = re.sub(r"\d[\d,]*", "…", row.function.reason.partition(":")[0])
            kinds.setdefault(kind, []).append(row)
    lines = []
    for kind, found in kinds.items():
        reasons = {row.function.reason or "" for row in found}
        reason = reasons.pop() if len(reasons) == 1 else kind
        places = ", ".join(row.place for row in found[:MAX_PLACES])
        more = f" and {len(found) - MAX_PLACES} more" if len(found) > MAX_PLACES else ""
        lines.append(f"{len(found)} not scored: {visible(reason)} ({places}{more})")
    return lines


def _summary(files: int, functions: int, scored: list[_Row], low_probability: float) -> str:
    where = f"{files} file" if files == 1 else f"{files} files"
    if not functions:
        return f"No functions in {where}."
    facts = f"{functions} function{'' if functions == 1 else 's'} in {where}"
    if len(scored) < functions:
        facts += f", {len(scored) or 'none'} scored"
    if not scored:
        return f"{facts}."
    values = [row.function.probability or 0.0 for row in scored]
    low = sum(value < low_probability for value in values)
    lowest, highest = f"{min(values):.2f}", f"{max(values):.2f}"
    values_range = lowest if lowest == highest else f"{lowest} to {highest}"
    return f"{facts}, {values_range}; {low or 'none'} below {low_probability:.2f}, the model's threshold."
