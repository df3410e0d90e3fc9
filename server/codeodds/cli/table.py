"""The table of `codeodds score`, for people."""

from __future__ import annotations

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from codeodds.cli.report import FileReport, FunctionReport

PLAIN_WIDTH = 160
"""Columns when the output is no terminal, where nothing says how wide it is."""

MAX_NAME_WIDTH = 32
"""Columns that a function's name may claim for itself."""

GAP = 3
"""Blank columns between two of the table's."""

NUMBERS = {"line": 6, "probability": 11, "drops at": 8, "from": 4, "to": 4}
"""Headers of the columns that hold a number, and their widths."""

MIN_SOURCE_WIDTH = 12

NOTE = "A probability is an estimate that the finished function passes its tests; a low one is a reason to look."


def make_console() -> Console:
    """A console on stdout; it colours only on a terminal, and honours NO_COLOR."""
    console = Console(highlight=False, markup=False, emoji=False)
    return console if console.is_terminal else Console(highlight=False, markup=False, emoji=False, width=PLAIN_WIDTH)


def print_file(console: Console, report: FileReport, low_probability: float) -> None:
    """Print one file: a heading with the range of its probabilities, then a row for each function."""
    if report.error is not None and not report.functions:
        return
    console.print(_heading(report))
    if not report.functions:
        console.print()
        return
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0))
    names = [visible(function.name) for function in report.functions]
    name_width = min(MAX_NAME_WIDTH, max(cell_len(name) for name in ["function", *names]))
    table.add_column("function", no_wrap=True, overflow="ellipsis", width=name_width)
    for header, width in NUMBERS.items():
        table.add_column(header, justify="right", no_wrap=True, width=width)
    # Only the last column gives way on a narrow terminal: rich would take from all.
    taken = name_width + sum(NUMBERS.values()) + GAP * (len(NUMBERS) + 1)
    table.add_column("", no_wrap=True, overflow="ellipsis", max_width=max(MIN_SOURCE_WIDTH, console.width - taken))
    for name, function in zip(names, report.functions, strict=True):
        table.add_row(
            Text(name), _line(function, function.line), _probability(function, low_probability), *_drop(function)
        )
    console.print(table)
    console.print()


def _heading(report: FileReport) -> Text:
    path = Text(visible(report.path), style="bold")
    count = len(report.functions)
    judged = [function.probability for function in report.functions if function.probability is not None]
    facts = f"{count} function{'' if count == 1 else 's'}"
    if not count:
        facts = "no functions"
    elif len(judged) < count:
        facts += f", {len(judged)} judged"
    if judged:
        facts += f", {min(judged):.2f} to {max(judged):.2f}"
    if count and report.functions[0].cell is not None:
        facts += "; lines as cell:line"
    return Text.assemble(path, ": ", facts)


def _line(function: FunctionReport, line: int) -> str:
    return str(line) if function.cell is None else f"{function.cell}:{line}"


def _probability(function: FunctionReport, low_probability: float) -> Text:
    if function.probability is None:
        return Text("-", style="dim")
    return Text(f"{function.probability:.2f}", style="yellow" if function.probability < low_probability else "green")


def _drop(function: FunctionReport) -> list[Text]:
    """Line, value before, value after, source; where there is no drop, the reason stands last."""
    drop = function.drop
    if drop is None:
        reason = "the value never drops" if function.not_judged is None else f"not judged: {function.not_judged}"
        return [Text(), Text(), Text(), Text(visible(reason), style="dim")]
    numbers = [_line(function, drop.line), f"{drop.before:.2f}", f"{drop.after:.2f}"]
    return [*map(Text, numbers), Text(visible(drop.source), style="dim")]


def visible(text: str) -> str:
    """The text with everything that could steer a terminal replaced: it comes from files that nobody vetted."""
    return "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text.expandtabs(4)
    )
