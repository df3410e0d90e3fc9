"""A table of plain cells, which the page and the Markdown file print each in its own way."""

from __future__ import annotations

from dataclasses import dataclass

from codeodds_trainer.evaluation.figures.schema import Column, Figure, find

NONE = "-"


@dataclass(frozen=True, slots=True)
class Table:
    """Cells of text; the first column names the row."""

    title: str
    head: list[str]
    rows: list[list[str]]
    note: str = ""


def figure_cell(column: Column | None, name: str) -> str:
    """A figure with its interval, or a dash."""
    figure = None if column is None else find(column.figures, name)
    return NONE if figure is None else figure_text(figure)


def value_cell(column: Column | None, name: str, at_least: int = 1) -> str:
    """A figure alone, or a dash if fewer than `at_least` problems define it."""
    figure = None if column is None else find(column.figures, name)
    return NONE if figure is None or figure.problems < at_least else f"{figure.value:.3f}"


def figure_text(figure: Figure) -> str:
    """A figure with its interval if it has one."""
    interval = "" if figure.low is None or figure.high is None else f" ({figure.low:.3f} to {figure.high:.3f})"
    return f"{figure.value:.3f}{interval}"
