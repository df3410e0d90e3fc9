"""`codeodds serve`: the language server on stdin and stdout."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from codeodds.cli.options import model_option
from codeodds.cli.streams import stdin_bytes

if TYPE_CHECKING:
    from codeodds.engine.api import Scorer, ScorerOptions

LEVELS = ("debug", "info", "warning", "error")


@click.command()
@model_option
@click.option(
    "--threads",
    type=click.IntRange(1, 64),
    metavar="N",
    help="Threads that the model may use, whatever the editor's settings say.",
)
@click.option(
    "--log-level",
    type=click.Choice(LEVELS),
    default="warning",
    show_default=True,
    help="What is written to stderr. No level writes source code.",
)
def serve(model_path: Path | None, threads: int | None, log_level: str) -> int:
    """Run the language server on stdin and stdout. Editors start this; people need not.

    The bundle is opened at the first score, so that the editor gets its first answer at once.
    """
    from codeodds.lsp.setup import run_stdio

    stdin_bytes()  # Without it there is no client.

    def open_when_needed(options: ScorerOptions) -> Scorer:
        from codeodds.engine.scorer import open_scorer

        return open_scorer(
            options.model or model_path, threads=threads or options.threads, memory_limit_mb=options.memory_limit_mb
        )

    return run_stdio(open_when_needed, log_level)
