"""The table of `codeodds rank`, for people."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from codeodds.cli.columns import Column, print_columns, print_text, visible
from codeodds.cli.rank_report import RankReport
from codeodds.cli.table import NOTE, probability_text
from codeodds.engine.api import ScorerInfo
from codeodds.engine.values import standing_out
from codeodds.ranking.types import Ranked

COLUMNS = (
    Column("rank", 4, right=True),
    Column("probability", 4, right=True, short="p"),
    Column("candidate", 6, cut_start=True),
    Column("drops at", 8, right=True),
    Column("from", 4, right=True),
    Column("to", 4, right=True),
    Column("", 12),
)
"""The last one holds the line at which the value drops, or why there is no probability."""


def print_ranking(console: Console, report: RankReport, info: ScorerInfo) -> None:
    """Print a heading, then a row for each candidate, the best first."""
    ranked = report.ranking.candidates
    scored = [candidate for candidate in ranked if candidate.probability is not None]
    facts = f"{len(ranked)} candidate{'' if len(ranked) == 1 else 's'}"
    if len(scored) < len(ranked):
        facts += f", {len(scored)} scored"
    place = f"{visible(report.path)}:{report.function.line + 1} {visible(report.function.name)}"
    console.print(Text.assemble(Text(place, style="bold"), ": ", facts))
    names = [visible(name) for name in report.names]
    rows = [_cells(place, candidate, names, info) for place, candidate in enumerate(ranked, 1)]
    print_columns(console, COLUMNS, rows)
    console.print()
    if scored:
        print_text(console, NOTE)


def _cells(place: int, candidate: Ranked, names: list[str], info: ScorerInfo) -> list[Text]:
    name = Text(names[candidate.index])
    if candidate.probability is None:
        return [Text("-"), Text("-"), name, *_remark(f"not scored: {candidate.reason}")]
    cells = [Text(str(place)), probability_text(candidate.probability, info.low_probability), name]
    if candidate.duplicate_of is not None:
        return [*cells, *_remark(f"the same as {names[candidate.duplicate_of]}")]
    for drop in standing_out(candidate.lines, info, 1):
        numbers = [str(drop.line + 1), f"{drop.probability + drop.drop:.2f}", f"{drop.probability:.2f}"]
        source = candidate.text.split("\n")[drop.line].strip()
        return [*cells, *map(Text, numbers), Text(visible(source), style="dim")]
    return [*cells, *_remark("")]


def _remark(text: str) -> list[Text]:
    """It stands in place of the line at which the value drops."""
    return [Text(), Text(), Text(), Text(visible(text), style="dim")]
