"""The table of `codeodds rank`, for people."""

from __future__ import annotations

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from codeodds.cli.rank_report import RankReport
from codeodds.cli.table import GAP, MAX_NAME_WIDTH, MIN_SOURCE_WIDTH, NOTE, visible
from codeodds.engine.api import ScorerInfo
from codeodds.engine.lines import standing_out
from codeodds.ranking.types import Ranked

NUMBERS = {"probability": 11, "drops at": 8, "from": 4, "to": 4}
"""Headers of the columns that hold a number, and their widths."""

PLACE_WIDTH = 4


def print_ranking(console: Console, report: RankReport, info: ScorerInfo) -> None:
    """Print a heading, then a row for each candidate, the best first."""
    ranked = report.ranking.candidates
    scored = [candidate for candidate in ranked if candidate.probability is not None]
    facts = f"{len(ranked)} candidate{'' if len(ranked) == 1 else 's'}"
    if len(scored) < len(ranked):
        facts += f", {len(scored)} scored"
    place = f"{visible(report.path)}:{report.function.line + 1} {visible(report.function.name)}"
    console.print(Text.assemble(Text(place, style="bold"), ": ", facts))
    console.print(_table(console, report, info))
    console.print()
    if scored:
        console.print(NOTE)


def _table(console: Console, report: RankReport, info: ScorerInfo) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0))
    names = [visible(name) for name in report.names]
    name_width = min(MAX_NAME_WIDTH, max(cell_len(name) for name in ["candidate", *names]))
    table.add_column("rank", justify="right", no_wrap=True, width=PLACE_WIDTH)
    table.add_column("candidate", no_wrap=True, overflow="ellipsis", width=name_width)
    for header, width in NUMBERS.items():
        table.add_column(header, justify="right", no_wrap=True, width=width)
    taken = PLACE_WIDTH + name_width + sum(NUMBERS.values()) + GAP * (len(NUMBERS) + 2)
    table.add_column("", no_wrap=True, overflow="ellipsis", max_width=max(MIN_SOURCE_WIDTH, console.width - taken))
    for place, candidate in enumerate(report.ranking.candidates, 1):
        scored = candidate.probability is not None
        table.add_row(
            Text(str(place) if scored else "-", style="" if scored else "dim"),
            Text(names[candidate.index]),
            _probability(candidate, info.low_probability),
            *_drop(candidate, names, info),
        )
    return table


def _probability(candidate: Ranked, low_probability: float) -> Text:
    if candidate.probability is None:
        return Text("-", style="dim")
    return Text(f"{candidate.probability:.2f}", style="yellow" if candidate.probability < low_probability else "green")


def _drop(candidate: Ranked, names: list[str], info: ScorerInfo) -> list[Text]:
    """Line, value before, value after, source; a duplicate, and what was not scored, say so instead."""
    note = None
    if candidate.reason is not None:
        note = f"not scored: {candidate.reason}"
    elif candidate.duplicate_of is not None:
        note = f"the same as {names[candidate.duplicate_of]}"
    drops = standing_out(candidate.lines, info, 1)
    if note is not None or not drops:
        return [Text(), Text(), Text(), Text(visible(note or "no line stands out"), style="dim")]
    (drop,) = drops
    source = candidate.text.split("\n")[drop.line].strip()
    numbers = [str(drop.line + 1), f"{drop.probability + drop.drop:.2f}", f"{drop.probability:.2f}"]
    return [*map(Text, numbers), Text(visible(source), style="dim")]
