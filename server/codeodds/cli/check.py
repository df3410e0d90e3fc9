"""`codeodds check`: files in, findings out, as a linter prints them."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from codeodds.cli.options import model_option, threads_option
from codeodds.cli.streams import tell

CODE = "CO003"
"""Of docs/codes.md."""

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codeodds.cli.files import Found
    from codeodds.cli.progress import Progress
    from codeodds.engine.api import Scorer
    from codeodds.odds.findings import Finding


class _Shown(NamedTuple):
    """A finding, and the cell of a notebook in which it stands."""

    finding: Finding
    cell: int | None

    def line(self, path: str) -> str:
        place = path if self.cell is None else f"{path}:cell {self.cell}"
        return f"{place}:{self.finding.line + 1}:{self.finding.character + 1}: {CODE} {self.finding.message}"


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH...")
@click.option(
    "--exclude",
    "patterns",
    multiple=True,
    metavar="PATTERN",
    help="Pass over what matches while folders are searched, by the rules of .gitignore: generated, 'src/gen/**'. "
    "May be given several times. A file that is named is checked all the same.",
)
@model_option
@threads_option
def check(paths: tuple[Path, ...], patterns: tuple[str, ...], model_path: Path | None, threads: int) -> int:
    """Look for small edits that are much more likely than the code as it is written.

    \b
    Prints one line for each finding:
      pager.py:41:12: CO003 '<=' is 30 times more likely here than '<'

    Every function of the Python files is compared with small edits of itself: another operator, name or number, a word
    left out. Folders are searched for .py files. A finding is an estimate, not proof; a comment `# codeodds: ignore` at
    the end of its line silences it. Takes a few seconds for each function.

    Exit status 0 without findings, 1 with findings, 2 if something could not be checked.
    """
    from codeodds.cli import scoring
    from codeodds.cli.exclusion import Exclusion
    from codeodds.cli.files import find_files
    from codeodds.cli.interrupts import Interrupts
    from codeodds.cli.progress import Progress
    from codeodds.cli.report import printable_path
    from codeodds.odds.look import odds_threshold

    exclusion = Exclusion(patterns)
    scorer = scoring.open_scorer(model_path, threads)
    threshold = odds_threshold(scorer)
    progress = Progress("functions", log=False)
    findings, complete = 0, True
    with Interrupts() as interrupts:
        try:
            with closing(progress):
                for found in find_files(paths, exclusion):
                    for outcome in _check_file(found, scorer, threshold, progress):
                        progress.clear()
                        if isinstance(outcome, str):
                            complete = False
                            tell(f"codeodds: error: {outcome}")
                        else:
                            findings += 1
                            click.echo(outcome.line(printable_path(found.path)))
                            sys.stdout.flush()
        except KeyboardInterrupt:
            tell("codeodds: interrupted; the findings above are of what was checked by then")
            return interrupts.status
    if not complete:
        return 2
    return 1 if findings else 0


def _check_file(found: Found, scorer: Scorer, threshold: float, progress: Progress) -> Iterator[_Shown | str]:
    """The findings of one file, and what kept it or the rest of its functions from being checked."""
    from codeodds.cli.report import printable_path
    from codeodds.errors import EngineError, SourceError, UnitError
    from codeodds.odds.look import look
    from codeodds.source.functions import find_functions, unscored_because
    from codeodds.source.notebook import is_notebook, read_notebook
    from codeodds.source.reading import Part, read_source
    from codeodds.source.suppression import Suppression

    path = printable_path(found.path)
    if found.error is not None:
        yield f"{path} {found.error}"
        return
    try:
        parts = list(read_notebook(found.path)) if is_notebook(found.path) else [Part(read_source(found.path))]
        for part in parts:
            suppression = Suppression(part.text.split("\n"))
            for function in find_functions(part.text, part.imports):
                if suppression.function(function) or unscored_because(function) is not None:
                    continue
                try:
                    finding = look(function, part.text, scorer, threshold)
                except UnitError:
                    # Too long, or with syntax that this Python does not know: there is nothing to compare.
                    continue
                except EngineError as error:
                    yield f"{path}: {function.name}: {error}"
                    return
                finally:
                    progress.add()
                if finding is not None and not suppression.line(finding.line):
                    yield _Shown(finding, part.cell)
    except SourceError as error:
        yield str(error)
