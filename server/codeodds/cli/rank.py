"""`codeodds rank`: several bodies for a function in, the most promising first."""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from codeodds.cli.options import model_option, threads_option
from codeodds.cli.streams import tell
from codeodds.errors import RankError, SourceError

if TYPE_CHECKING:
    from codeodds.cli.candidates import Source
    from codeodds.cli.rank_report import RankReport
    from codeodds.engine.api import Scorer
    from codeodds.source.functions import Function


@click.command()
@click.argument("path", required=False, type=click.Path(path_type=Path), metavar="[FILE]")
@click.option(
    "--candidates",
    "sources",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="A Python file with a body or the whole function, a folder of such files, or a .jsonl file with a candidate "
    "in each row. May be given several times.",
)
@click.option("--function", "name", metavar="NAME", help="The function of FILE that the candidates are for.")
@click.option("--line", type=click.IntRange(1), metavar="N", help="The same, by a line within it.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of the table.")
@click.option(
    "--jsonl",
    "rows",
    type=click.Path(path_type=Path, allow_dash=True),
    metavar="FILE",
    help='Rank rows {"id", "prompt", "candidates"}; - reads stdin. Prints {"id", "ranking"} for each.',
)
@click.option(
    "--run-code",
    is_flag=True,
    help="Run the candidates, and rank by what they return: docstring examples, and agreement on generated inputs. "
    "Each runs in a process without network that sees Python's own files and an empty /tmp alone, with limits on "
    "time and memory (Linux namespaces; refused where the system has none). Off unless given.",
)
@model_option
@threads_option
def rank(
    path: Path | None,
    sources: tuple[Path, ...],
    name: str | None,
    line: int | None,
    as_json: bool,
    rows: Path | None,
    run_code: bool,
    model_path: Path | None,
    threads: int,
) -> int:
    """Rank bodies for a function of FILE by how likely each is to be right.

    Exit status 1 if a candidate could not be read, or none could be scored; 2 if nothing could be done.
    """
    if (path is not None) == (rows is not None):
        raise click.UsageError("give either FILE or --jsonl FILE")
    if rows is not None:
        if sources or name is not None or line is not None or as_json or run_code:
            raise click.UsageError(
                "--candidates, --function, --line, --json and --run-code are for FILE; --jsonl has rows"
            )
        return _rank_rows(rows, model_path, threads)
    assert path is not None
    if not sources:
        raise click.UsageError("give --candidates PATH: files, folders or a .jsonl file to rank")
    return _rank_file(path, sources, name, line, as_json, run_code, model_path, threads)


def _rank_rows(rows: Path, model_path: Path | None, threads: int) -> int:
    from codeodds.cli import scoring
    from codeodds.cli.progress import Progress
    from codeodds.cli.rank_rows import rank_rows
    from codeodds.cli.rows import open_rows

    with ExitStack() as stack:
        source = stack.enter_context(open_rows(rows))
        scorer = scoring.open_scorer(model_path, threads)
        progress = stack.enter_context(closing(Progress("rows", log=True)))
        complete = rank_rows(source, sys.stdout.buffer, scorer, progress)
    return 0 if complete else 1


def _rank_file(
    path: Path,
    sources: tuple[Path, ...],
    name: str | None,
    line: int | None,
    as_json: bool,
    run_code: bool,
    model_path: Path | None,
    threads: int,
) -> int:
    from codeodds.cli import scoring
    from codeodds.cli.candidates import read_candidates
    from codeodds.cli.interrupts import Interrupts
    from codeodds.cli.rank_report import rank_json
    from codeodds.source.functions import find_functions
    from codeodds.source.places import choose_function
    from codeodds.source.reading import read_source

    text = read_source(path)
    try:
        function = choose_function(find_functions(text), name, None if line is None else line - 1)
    except SourceError as error:
        raise SourceError(f"{path}: {error}; use --function NAME or --line N") from None
    found = list(read_candidates(sources))
    problems = [source.error for source in found if source.error is not None]
    for problem in problems:
        tell(f"codeodds: error: {problem}")
    usable = [source for source in found if source.error is None]
    if not usable:
        raise RankError("--candidates gave no candidate that can be read; name files, folders or a .jsonl file")
    scorer = scoring.open_scorer(model_path, threads)
    with Interrupts() as interrupts:
        report = _report(path, text, function, usable, scorer)
        if run_code and not report.interrupted:
            try:
                report = _with_runs(report, threads)
            except KeyboardInterrupt:
                report = replace(report, interrupted=True)
    if as_json:
        document = json.dumps(rank_json(report, scorer.info), indent=2, ensure_ascii=False)
        # JSON is UTF-8 whatever the locale says, and a path may hold what UTF-8 cannot.
        sys.stdout.buffer.write(document.encode("utf-8", "replace") + b"\n")
    else:
        from codeodds.cli.columns import make_console
        from codeodds.cli.rank_table import print_ranking

        print_ranking(make_console(), report, scorer.info)
    if report.interrupted:
        tell("codeodds: interrupted; the candidates that were scored by then are ranked")
        return interrupts.status
    return 0 if report.complete and not problems else 1


def _with_runs(report: RankReport, workers: int) -> RankReport:
    """The ranking once the candidates ran."""
    from codeodds.ranking.run import by_agreement, observe

    given = sorted(report.ranking.candidates, key=lambda candidate: candidate.index)
    observed = observe(report.function.unit.problem, [candidate.text for candidate in given], workers)
    if not any(one is not None and not one.fails for one in observed):
        tell("codeodds: no candidate returned anything for generated inputs; ranked by value alone")
    return replace(report, ranking=by_agreement(report.ranking, observed), ran=True)


def _report(path: Path, text: str, function: Function, sources: list[Source], scorer: Scorer) -> RankReport:
    """Score the candidates slice by slice, so that the progress can be shown."""
    from codeodds.cli.progress import Progress
    from codeodds.cli.rank_report import RankReport
    from codeodds.cli.report import printable_path
    from codeodds.ranking.plan import Context, Outcome, Plan
    from codeodds.source.bodies import as_body

    lines = text.split("\n")
    bodies = [as_body(source.text, function, lines) for source in sources]
    plan = Plan(Context(function.unit.problem), bodies)
    outcomes: dict[int, Outcome] = {}
    interrupted = False
    with closing(Progress("candidates", log=False)) as progress:
        try:
            for part in plan.slices():
                outcomes.update(zip(part, scorer.score_batch(list(part.values())), strict=True))
                for _ in part:
                    progress.add()
        except KeyboardInterrupt:
            interrupted = True
    names = [source.name for source in sources]
    ranking = plan.ranking(outcomes)
    return RankReport(printable_path(path), function, names, ranking, interrupted=interrupted)
