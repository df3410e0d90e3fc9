"""The options that several commands share."""

from __future__ import annotations

from pathlib import Path

import click

model_option = click.option(
    "--model",
    "model_path",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Folder of the bundle. Default: $CODEODDS_MODEL, else the bundle that came with codeodds.",
)

threads_option = click.option(
    "--threads",
    type=click.IntRange(1, 64),
    default=2,
    show_default=True,
    metavar="N",
    help="Threads that the model may use. More than the machine's cores makes it slower.",
)
