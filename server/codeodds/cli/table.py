"""The table of `codeodds score`, for people."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from codeodds.cli.report import FileReport, FunctionReport

PLAIN_WIDTH = 160
"""Columns when the output is no terminal, where nothing says how wide it is."""

NOTE = "A probability is an estimate that the finished function passes its tests; a low one is a reason to look."


def make_console() -> Console:
    """A console on stdout; it colours only on a terminal, and honours NO_COLOR."""
    console = Console(highlight=False, markup=False, emoji=False)
    return console if console.is_terminal else Console(highlight=False, markup=False, emoji=False, width=PLAIN_WIDTH)


def print_file(console: Console, report: FileReport, low_probability: float) -> None:
    """Print one file: a heading with its range, then a row for each function."""
    if report.error is not None and not report.functions:
        return
    console.print(_heading(report))
    if not report.functions:
        console.print()
        return
    table = Table(box=None, pad_edge=False, show_edge=False, padding=(0, 3, 0, 0))
    table.add_column("function", no_wrap=True, overflow="ellipsis", ratio=None, min_width=12)
    table.add_column("line", justify="right", no_wrap=True)
    table.add_column("probability", justify="right", no_wrap=True)
    table.add_column("value drops most at", no_wrap=True, overflow="ellipsis")
    for function in report.functions:
        name = Text(visible(function.name))
        table.add_row(name, str(function.line), _probability(function, low_probability), _detail(function))
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
    return Text.assemble(path, ": ", facts)


def _probability(function: FunctionReport, low_probability: float) -> Text:
    if function.probability is None:
        return Text("-", style="dim")
    return Text(f"{function.probability:.2f}", style="yellow" if function.probability < low_probability else "green")


def _detail(function: FunctionReport) -> Text:
    if function.not_judged is not None:
        return Text(f"not judged: {visible(function.not_judged)}", style="dim")
    drop = function.drop
    if drop is None:
        return Text("nowhere", style="dim")
    return Text.assemble(f"{drop.line}: {drop.before:.2f} → {drop.after:.2f}   ", (visible(drop.source), "dim"))


def visible(text: str) -> str:
    """The text with everything that could steer a terminal replaced: it comes from files that nobody vetted."""
    return "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text.expandtabs(4)
    )
