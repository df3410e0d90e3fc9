"""An evaluation as tables: plain cells, which the page and the Markdown file print each in its own way."""

from __future__ import annotations

from collections.abc import Sequence

from codeodds_trainer.evaluation.figures.schema import Column, DataSet, Figure, Part, Report, find
from codeodds_trainer.evaluation.report.examples import example_lines
from codeodds_trainer.evaluation.report.headline import PROBABILITY
from codeodds_trainer.evaluation.report.mistake_tables import mistake_tables
from codeodds_trainer.evaluation.report.names import RANKING, figure_name
from codeodds_trainer.evaluation.report.table import NONE, Table, figure_cell, figure_text, value_cell

SELECTIVE = ("error_rate", "error_rate_at_75", "error_rate_at_50", "error_rate_at_25", "risk_coverage_area")
GAINS = ("best_1_of_3_gain", "best_1_of_10_gain", "best_3_of_10_gain")
BY_FRACTION = (
    "pooled_auroc",
    "best_1_of_3",
    "best_1_of_10",
    "best_3_of_10",
    "auprc_fails",
    "auprc_passes",
    "balanced_accuracy",
    "accuracy_on_passing",
    "accuracy_on_failing",
    "brier_skill",
    "ece",
    "error_rate",
    "error_rate_at_50",
    "risk_coverage_area",
)
BY_GENERATOR = (
    "within_problem_auroc",
    "pooled_auroc",
    "best_1_of_3",
    "balanced_accuracy",
    "auprc_fails",
    "brier_skill",
    "ece",
    "error_rate",
)
FEW = 10
"""A generator's figure that fewer problems define says nothing."""


PAPER = (
    ("best_1_of_3", "45 %", "52 %", "55 %"),
    ("best_3_of_10", "65 %", "73 %", "78 %"),
    ("balanced_accuracy", NONE, "55.3 %", "65.8 %"),
)
"""Figure, without reward, value head of 3.8 and of 14 billion parameters: arXiv 2510.23083."""
PAPER_PROCESS = "only after half of the tokens"
PAPER_NOTE = (
    "The paper is arXiv 2510.23083. Its problem sets and base models differ from these: the figures stand beside each "
    "other and are not a contest. Ours read: random choice → this bundle (oracle)."
)


def paper_table(data_sets: Sequence[DataSet]) -> Table:
    """The paper's figures beside ours."""
    rows = [
        [figure_name(name), *paper, *(_from_random(data_set.whole, name) for data_set in data_sets)]
        for name, *paper in PAPER
    ]
    ours = [better_than_chance_from(data_set) for data_set in data_sets]
    rows.append(["as a process reward better than chance", NONE, PAPER_PROCESS, PAPER_PROCESS, *ours])
    head = ["figure", "paper: no reward", "paper: 3.8B", "paper: 14B", *(data_set.label for data_set in data_sets)]
    return Table("Beside the paper", head, rows, PAPER_NOTE)


def _from_random(part: Part, name: str) -> str:
    own = find(part.columns[0].figures, name)
    if own is None:
        return NONE
    chance = {column.name: find(column.figures, name) for column in part.columns if column.kind == "chance"}
    random, oracle = chance.get("random"), chance.get("oracle")
    before = "" if random is None else f"{random.value:.1%} → "
    after = "" if oracle is None else f" ({oracle.value:.1%})"
    return f"{before}{own.value:.1%}{after}".replace("%", " %")


def better_than_chance_from(data_set: DataSet) -> str:
    """The first reported fraction from which on the interval of the bundle's within-problem AUROC is above 0.5."""
    first = None
    for part in reversed(data_set.fractions):
        figure = find(part.columns[0].figures, "within_problem_auroc")
        if figure is None or figure.low is None or figure.low <= 0.5:
            break
        first = part.fraction
    if first == 1:
        return "for whole programs only"
    return "not shown at any fraction" if first is None else f"from {first:.0%} of the tokens on".replace("%", " %")


def data_set_tables(data_set: DataSet) -> list[Table]:
    """The headline, then by seed if there are several, by fraction and by generator."""
    whole = data_set.whole
    tables = [ranking_table(whole), probability_table(whole)]
    if any(figure.seeds for column in whole.columns for figure in column.figures):
        tables.append(seeds_table(whole.columns[0]))
    tables += [ranking_table(part) for part in data_set.partial]
    tables += [*fraction_tables(data_set), generator_table(data_set)]
    tables += [slice_table(data_set)] if data_set.slices else []
    return [*tables, *mistake_tables(data_set)]


def ranking_table(part: Part) -> Table:
    """How each score orders programs, one line for each score."""
    head = ["score", *map(figure_name, RANKING)]
    rows = [[column.name, *(figure_cell(column, name) for name in RANKING)] for column in part.columns]
    counts = {name: figure.problems for name in RANKING if (figure := find(part.columns[0].figures, name))}
    note = "Problems behind each figure: " + ", ".join(
        f"{count:,} for {figure_name(name)}" for name, count in counts.items() if name != "pooled_auroc"
    )
    left_out = [f"{column.name} {column.unscored:,}" for column in part.columns if column.unscored]
    if left_out:
        note += ". Programs without a score, ranked last: " + ", ".join(left_out)
    if part.scored_by is None:
        return Table("How programs are ranked", head, rows, note + ".")
    title = f"On the programs that {part.scored_by} scored"
    return Table(title, head, rows, f"{part.programs:,} programs of {part.problems:,} problems. {note}.")


def probability_table(part: Part) -> Table:
    """All other figures of bundles, one line for each figure."""
    columns = [column for column in part.columns if column.kind in ("bundle", "compared")]
    chance = [column for column in part.columns if column.name == "random"]
    names = (*GAINS, *PROBABILITY, *SELECTIVE)
    rows = [[figure_name(name), *(figure_cell(column, name) for column in columns + chance)] for name in names]
    head = ["figure", *(column.name for column in columns + chance)]
    programs = f"{part.programs:,} programs ({part.distinct_programs:,} distinct) of {part.problems:,} problems"
    passing = f"{figure_text(part.pass_rate)} of {programs} pass"
    return Table(
        "What the probabilities are worth", head, rows, f"{passing}; {part.mixed_problems:,} have both labels."
    )


def seeds_table(column: Column) -> Table:
    """The bundle of record beside the spread over seeds."""
    rows = [
        [figure_name(item.name), figure_text(item), *(f"{value:.3f}" for value in _spread(item))]
        for item in column.figures
        if item.seeds
    ]
    number = next(len(item.seeds.values) for item in column.figures if item.seeds)
    note = "The interval is over problems, at one seed; lowest and highest are over seeds, on the same problems."
    return Table(f"Over {number} seeds", ["figure", column.name, "mean", "lowest", "highest"], rows, note)


def _spread(figure: Figure) -> tuple[float, ...]:
    seeds = figure.seeds
    return () if seeds is None else (seeds.mean, seeds.lowest, seeds.highest)


def fraction_tables(data_set: DataSet) -> list[Table]:
    """Within-problem AUROC of every score of prefixes; the other figures of the bundle."""
    parts = data_set.fractions
    shares = [f"{part.fraction:.0%}".replace("%", " %") for part in parts]
    names = [column.name for column in parts[0].columns if column.tokenwise] if parts else []
    by_score = [[name, *(figure_cell(_column(part, name), "within_problem_auroc") for part in parts)] for name in names]
    rows = [[figure_name(name), *(value_cell(part.columns[0], name) for part in parts)] for name in BY_FRACTION]
    return [
        Table("Within-problem AUROC by share of tokens read", ["score", *shares], by_score),
        Table("This bundle by share of tokens read", ["figure", *shares], rows),
    ]


def generator_table(data_set: DataSet) -> Table:
    """The bundle's figures for the programs of each generator."""
    head = ["generator", "programs", "problems", "passing", *map(figure_name, BY_GENERATOR)]
    rows = [
        [
            part.generator or "",
            f"{part.programs:,}",
            f"{part.problems:,}",
            f"{part.pass_rate.value:.3f}",
            *(value_cell(part.columns[0], name, FEW) for name in BY_GENERATOR),
        ]
        for part in data_set.generators
    ]
    note = (
        f"A figure that fewer than {FEW} problems define is left out here. Intervals, baselines and the other figures "
        "of each generator are in report.json."
    )
    return Table("This bundle by generator", head, rows, note)


def slice_table(data_set: DataSet) -> Table:
    """How well each kind of mistake, each length and each style is ranked, by every score that reads whole sets."""
    scores = [column.name for column in data_set.whole.columns if column.kind in ("bundle", "baseline")]
    head = ["part", "programs", "failing", "problems with both", *scores]
    rows = [
        [
            f"{found.about}: {found.name}",
            f"{found.part.programs:,}",
            f"{found.failing_programs:,}",
            f"{found.part.mixed_problems:,}",
            *(
                (figure_cell if name == scores[0] else value_cell)(column, RANKING[0])
                for name in scores
                for column in [_column(found.part, name)]
            ),
        ]
        for found in data_set.slices
    ]
    note = (
        "Within-problem AUROC. For a kind of mistake: its failing programs against the right ones of their problems. "
        "Kinds are told from the text of the nearest right program, or known where the error was injected."
    )
    return Table("Where it fails", head, rows, note)


def to_markdown(report: Report) -> str:
    """The whole evaluation, one thought per line."""
    lines = [f"# Evaluation of {report.bundle.name} {report.bundle.version}", ""]
    lines += [f"- {line}" for line in provenance(report)]
    lines += ["", *_markdown(paper_table(report.data_sets), "##")]
    for data_set in report.data_sets:
        lines += [f"## {data_set.label}", ""]
        for table in data_set_tables(data_set):
            lines += _markdown(table, "###")
        lines += example_lines(data_set.examples, "###")
    return "\n".join(lines)


def provenance(report: Report) -> list[str]:
    """What was measured, with what."""
    lines = [f"Weights {report.bundle.weights_sha256}; codeodds {report.package_version}."]
    if report.other_seeds:
        hashes = ", ".join(name.weights_sha256 for name in report.other_seeds)
        lines.append(f"Other seeds: weights {hashes}.")
    lines += [
        f"Compared: {label} is {name.name} {name.version}, weights {name.weights_sha256}."
        for label, name in report.compared.items()
    ]
    if report.limit is not None:
        lines.append(f"Limited to {report.limit:,} problems of each file, chosen by a hash of their id: a sample.")
    lines += [
        f"{item.origin.file}, split {item.origin.split}: {item.whole.problems:,} of {item.origin.problems_in_file:,} "
        f"problems, SHA-256 {item.origin.sha256[:16]}…"
        for item in report.data_sets
    ]
    draws = report.bootstrap_draws
    return [*lines, f"Intervals are 95 % bootstrap intervals, problems resampled, {draws:,} draws."]


def _markdown(table: Table, level: str) -> list[str]:
    lines = [f"{level} {table.title}", ""]
    lines += ["| " + " | ".join(row) + " |" for row in (table.head, ["---"] * len(table.head), *table.rows)]
    return [*lines, "", *([table.note, ""] if table.note else [])]


def _column(part: Part, name: str) -> Column | None:
    return next((column for column in part.columns if column.name == name), None)
