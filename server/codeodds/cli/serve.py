"""`codeodds serve`: the language server on stdin and stdout."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from codeodds.cli.options import model_option, threads_option

if TYPE_CHECKING:
    from codeodds.engine.api import Scorer


@click.command()
@model_option
@threads_option
def serve(model_path: Path | None, threads: int) -> None:
    """Run the language server on stdin and stdout. Editors start this; people need not.

    The bundle is opened at the first score, so that the editor gets its first answer at once.
    """
    from codeodds.lsp.server import run_stdio

    def open_when_needed() -> Scorer:
        from codeodds.cli import scoring

        return scoring.open_scorer(model_path, threads)

    run_stdio(open_when_needed)
