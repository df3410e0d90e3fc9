"""What the commands share: types of paths, and how they speak."""

from __future__ import annotations

from pathlib import Path

import click

FOLDER = click.Path(file_okay=False, path_type=Path)
EXISTING_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
EXISTING_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def say(message: str) -> None:
    """Tell the user how far a command is; results alone go to standard output."""
    click.echo(message, err=True)
