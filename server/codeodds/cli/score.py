"""`codeodds score`: files or labelled rows in, probabilities out."""

from __future__ import annotations

import sys
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from codeodds.cli.options import model_option, threads_option
from codeodds.cli.streams import tell

if TYPE_CHECKING:
    from codeodds.cli.report import FunctionReport


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE]...")
@click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object, a function in each line as soon as it is scored."
)
@click.option(
    "--sort",
    "order",
    type=click.Choice(("probability", "place")),
    help="Order of the table: the least probable function first, which is the default, or by file and line.",
)
@click.option(
    "--jsonl",
    "rows",
    type=click.Path(path_type=Path, allow_dash=True),
    metavar="FILE",
    help='Score rows {"id", "prompt", "completion"}; - reads stdin. Prints {"id", "probability"} for each.',
)
@click.option(
    "--values", is_flag=True, help='With --jsonl: add "values", the probability at each token of the completion.'
)
@click.option(
    "--exclude",
    "patterns",
    multiple=True,
    metavar="PATTERN",
    help="Pass over what matches while folders are searched, by the rules of .gitignore: generated, 'src/gen/**'. "
    "May be given several times. A file that is named is scored all the same.",
)
@model_option
@threads_option
def score(
    paths: tuple[Path, ...],
    as_json: bool,
    order: str | None,
    rows: Path | None,
    values: bool,
    patterns: tuple[str, ...],
    model_path: Path | None,
    threads: int,
) -> int:
    """Show how likely each function of the Python files is to be right. Folders are searched for .py files.

    An interrupted run prints what was scored. Exit status 1 if something could not be scored (the rest was), 2 if
    nothing could be done.
    """
    if bool(paths) == (rows is not None):
        raise click.UsageError("give either FILE... or --jsonl FILE")
    if values and rows is None:
        raise click.UsageError("--values needs --jsonl")
    if as_json and rows is not None:
        raise click.UsageError("--json is for files; --jsonl prints JSON rows already")
    if order is not None and (as_json or rows is not None):
        raise click.UsageError("--sort is for the table; JSON comes in the order of the files and rows")
    if patterns and rows is not None:
        raise click.UsageError("--exclude is for files; --jsonl has rows")
    if rows is not None:
        return _score_rows(rows, values, model_path, threads)
    return _score_files(paths, patterns, as_json, order or "probability", model_path, threads)


def _score_rows(rows: Path, values: bool, model_path: Path | None, threads: int) -> int:
    from codeodds.cli import scoring
    from codeodds.cli.jsonl import score_rows
    from codeodds.cli.progress import Progress
    from codeodds.cli.rows import open_rows

    with ExitStack() as stack:
        source = stack.enter_context(open_rows(rows))
        scorer = scoring.open_scorer(model_path, threads)
        progress = stack.enter_context(closing(Progress("rows", log=True)))
        complete = score_rows(source, sys.stdout.buffer, scorer, progress, values=values)
    return 0 if complete else 1


def _score_files(
    paths: tuple[Path, ...],
    patterns: tuple[str, ...],
    as_json: bool,
    order: str,
    model_path: Path | None,
    threads: int,
) -> int:
    from codeodds.cli import scoring
    from codeodds.cli.exclusion import Exclusion
    from codeodds.cli.files import find_files
    from codeodds.cli.interrupts import Interrupts
    from codeodds.cli.progress import Progress
    from codeodds.cli.report import printable_path, report_file
    from codeodds.cli.score_json import JsonReport
    from codeodds.cli.table import TableReport

    exclusion = Exclusion(patterns)
    scorer = scoring.open_scorer(model_path, threads)
    complete = True
    progress = Progress("functions", log=False)
    with Interrupts() as interrupts:
        report: JsonReport | TableReport
        if as_json:
            report = JsonReport(sys.stdout.buffer, scorer.info, interrupts)
        else:
            report = TableReport(scorer.info, by_probability=order != "place")

        def done(function: FunctionReport) -> None:
            progress.clear()
            report.add(function)
            progress.add()

        try:
            with report, closing(progress):
                for found in find_files(paths, exclusion):
                    report.start_file(printable_path(found.path))
                    error = report_file(found, scorer, done)
                    report.end_file(error)
                    if error is not None:
                        complete = False
                        progress.clear()
                        tell(f"codeodds: error: {error}")
        except KeyboardInterrupt:
            tell("codeodds: interrupted; the output holds what was scored by then")
            return interrupts.status
    return 0 if complete else 1
