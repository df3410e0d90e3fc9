"""`codeodds score`: files or labelled rows in, probabilities out."""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from codeodds.cli.options import model_option, threads_option

if TYPE_CHECKING:
    from codeodds.cli.report import FileReport
    from codeodds.engine.api import ScorerInfo


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE]...")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of the table.")
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
    rows: Path | None,
    values: bool,
    patterns: tuple[str, ...],
    model_path: Path | None,
    threads: int,
) -> int:
    """Show how likely each function of the Python files is to be right. Folders are searched for .py files.

    Exit status 1 if something could not be scored (the rest was), 2 if nothing could be done.
    """
    if bool(paths) == (rows is not None):
        raise click.UsageError("give either FILE... or --jsonl FILE")
    if values and rows is None:
        raise click.UsageError("--values needs --jsonl")
    if as_json and rows is not None:
        raise click.UsageError("--json is for files; --jsonl prints JSON rows already")
    if patterns and rows is not None:
        raise click.UsageError("--exclude is for files; --jsonl has rows")
    if rows is not None:
        return _score_rows(rows, values, model_path, threads)
    return _score_files(paths, patterns, as_json, model_path, threads)


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
    paths: tuple[Path, ...], patterns: tuple[str, ...], as_json: bool, model_path: Path | None, threads: int
) -> int:
    from codeodds.cli import scoring
    from codeodds.cli.exclusion import Exclusion
    from codeodds.cli.files import find_files
    from codeodds.cli.progress import Progress
    from codeodds.cli.report import report_file

    exclusion = Exclusion(patterns)
    scorer = scoring.open_scorer(model_path, threads)
    complete = True
    output = _JsonOutput(scorer.info) if as_json else _TableOutput(scorer.info)
    with closing(Progress("functions", log=False)) as progress:
        for found in find_files(paths, exclusion):
            report = report_file(found, scorer, progress)
            progress.clear()
            if report.error is not None:
                complete = False
                click.echo(f"codeodds: error: {report.error}", err=True)
            output.add(report)
    output.close()
    return 0 if complete else 1


class _TableOutput:
    """Prints each file as soon as it is scored."""

    def __init__(self, info: ScorerInfo) -> None:
        from codeodds.cli.table import make_console

        self._console = make_console()
        self._low_probability = info.low_probability
        self._judged = 0

    def add(self, report: FileReport) -> None:
        from codeodds.cli.table import print_file

        print_file(self._console, report, self._low_probability)
        self._judged += sum(function.probability is not None for function in report.functions)

    def close(self) -> None:
        from codeodds.cli.table import NOTE

        if self._judged:
            self._console.print(NOTE)


class _JsonOutput:
    """Prints one document at the end."""

    def __init__(self, info: ScorerInfo) -> None:
        self._info = info
        self._reports: list[FileReport] = []

    def add(self, report: FileReport) -> None:
        self._reports.append(report)

    def close(self) -> None:
        from codeodds.cli.report import to_json

        document = json.dumps(to_json(self._reports, self._info), indent=2, ensure_ascii=False)
        # JSON is UTF-8 whatever the locale says, and a path in a message may hold what UTF-8 cannot.
        sys.stdout.buffer.write(document.encode("utf-8", "replace") + b"\n")
