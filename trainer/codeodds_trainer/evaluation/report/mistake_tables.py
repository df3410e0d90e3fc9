"""Mistakes as tables: pairs by kind, and what is flagged of each kind."""

from __future__ import annotations

from codeodds_trainer.evaluation.figures.pairs import PAIR_ACCURACY
from codeodds_trainer.evaluation.figures.schema import DataSet
from codeodds_trainer.evaluation.report.table import Table, figure_cell, figure_text, value_cell


def mistake_tables(data_set: DataSet) -> list[Table]:
    """Those that have rows."""
    tables = [pair_table(data_set)] if data_set.pairs else []
    return [*tables, flagged_table(data_set)] if data_set.flagged else tables


def pair_table(data_set: DataSet) -> Table:
    """How often the original scores above the injected error: this bundle with its interval, then other scores."""
    own, *others = [column.name for column in data_set.pairs[0].columns]
    rows = [
        [
            f"{group.kind}, equal length" if group.equal_length else group.kind,
            f"{group.pairs:,}",
            f"{group.problems:,}",
            figure_cell(group.columns[0], PAIR_ACCURACY),
            *(value_cell(column, PAIR_ACCURACY) for column in group.columns[1:]),
        ]
        for group in data_set.pairs
    ]
    note = (
        "The share of pairs whose original scores above the injected error; ties count half, so 0.5 is chance. "
        "Length is that of the solution in tokens."
    )
    return Table("Right programs against injected errors", ["error", "pairs", "problems", own, *others], rows, note)


def flagged_table(data_set: DataSet) -> Table:
    """The share of each kind below each threshold, right programs last."""
    thresholds = [row.probability for row in data_set.flagged[0].shares]
    rows = [
        [item.kind, f"{item.programs:,}", f"{item.problems:,}", *(figure_text(row.share) for row in item.shares)]
        for item in data_set.flagged
    ]
    note = (
        "The share of the programs of a kind that the bundle puts below a threshold of its manifest. "
        "Of the right programs, this is the false-positive rate."
    )
    head = ["kind of mistake", "programs", "problems", *(f"below {probability:.2f}" for probability in thresholds)]
    return Table("What is flagged", head, rows, note)
