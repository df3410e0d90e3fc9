"""What `report.json` holds, as types. A figure that is not defined is not there."""

from __future__ import annotations

from typing import Literal

import msgspec

from codeodds.bundle.evaluation import MistakeExample
from codeodds_trainer.evaluation.figures.raters import Kind

SCHEMA = 1
"""Version of the layout."""


class Seeds(msgspec.Struct, frozen=True, kw_only=True):
    """A figure over bundles of one recipe that differ in their seed alone, the bundle of record among them."""

    values: list[float]
    """In the order of the bundles given."""
    mean: float
    lowest: float
    highest: float


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One figure of one column."""

    name: str
    """For example ``within_problem_auroc``; `figures` says what each is."""
    value: float
    low: float | None
    """Lower end of the 95 % interval: cluster bootstrap, problems resampled."""
    high: float | None
    problems: int
    """Problems that define the figure: those with both labels, or with at least n programs, or all."""
    seeds: Seeds | None = None


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about one score: this bundle's, another bundle's, a baseline's, or chance."""

    name: str
    kind: Kind
    tokenwise: bool
    """True if it scores prefixes too."""
    unscored: int
    """Programs of problems with both labels that it gave no score; they rank below all others of their problem."""
    figures: list[Figure]


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """Programs that are looked at together: all of a data set, or one generator's."""

    fraction: float
    """Share of each solution's tokens that was read; 1 is the whole program."""
    generator: str | None
    scored_by: str | None
    """The baseline whose programs these are, where it scored only some."""
    programs: int
    """As often as they stand in the file; see `copies`."""
    distinct_programs: int
    problems: int
    mixed_problems: int
    """Problems with programs of both labels."""
    pass_rate: Figure
    """Share of programs that pass: the base rate of AUPRC, Brier skill and accuracy."""
    columns: list[Column]


class Curve(msgspec.Struct, frozen=True, kw_only=True):
    """Points of one line of a plot, x growing."""

    column: str
    x: list[float]
    y: list[float]
    low: list[float]
    """Lower ends of the 95 % intervals of y; empty where there are none."""
    high: list[float]


class Curves(msgspec.Struct, frozen=True, kw_only=True):
    """The lines of the plots."""

    best_of_n: list[Curve]
    """Probability that the best-scored of n programs passes, n from 1 up."""
    best_of_n_problems: int
    """Problems behind every point of `best_of_n`: those with enough programs for its largest n."""
    reliability: list[Curve]
    """Share that passes against mean probability, ten bins of equal count."""
    risk_coverage: list[Curve]
    """Error rate against the share of programs that is covered, the most certain first."""
    trajectories: list[Curve]
    """Mean probability of the passing and of the failing programs against the fraction of tokens read."""


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Which programs a data set holds."""

    name: str
    """The file's, without endings."""
    file: str
    sha256: str
    split: str
    problems_in_file: int
    """Problems of the split; with `--limit`, more than were looked at."""
    limited: bool
    only_generators: list[str] = []
    """Programs by these alone; by all if empty."""


About = Literal["mistake", "length", "style"]
"""What the programs of a slice have in common."""


class Slice(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of some of a data set's programs."""

    about: About
    name: str
    failing_programs: int
    part: Part


class PairGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Pairs of a right program and the same with an injected error."""

    kind: str
    """The error's, or ``all``."""
    equal_length: bool
    """True if only pairs of as many solution tokens are counted."""
    pairs: int
    problems: int
    columns: list[Column]
    """``pair_accuracy``: share of the pairs whose original scores higher, ties counting half."""


class FlaggedShare(msgspec.Struct, frozen=True, kw_only=True):
    """Which share of some programs lies below a threshold."""

    probability: float
    share: Figure


class FlaggedKind(msgspec.Struct, frozen=True, kw_only=True):
    """How much of one kind of mistake editors would point at."""

    kind: str
    """Or `RIGHT_PROGRAMS`."""
    programs: int
    problems: int
    shares: list[FlaggedShare]
    """At each threshold of the manifest."""


class DataSet(msgspec.Struct, frozen=True, kw_only=True):
    """One file's figures."""

    origin: Origin
    whole: Part
    fractions: list[Part]
    """By share of tokens read, whole programs last; columns that score prefixes only."""
    generators: list[Part]
    partial: list[Part]
    """The programs that a baseline scored, for each baseline that scored only some, beside the bundle on the same."""
    curves: Curves
    slices: list[Slice] = []
    """By kind of mistake, length and style; empty where the texts were not at hand."""
    pairs: list[PairGroup] = []
    """Empty where no errors were injected into originals."""
    flagged: list[FlaggedKind] = []
    """Empty where the texts were not at hand."""
    examples: list[MistakeExample] = []
    """Empty unless asked for."""

    @property
    def label(self) -> str:
        """The name, whose programs if not all, and how many problems stand for all if not all were looked at."""
        origin = self.origin
        name = (
            f"{origin.name}, only by {' and '.join(origin.only_generators)}" if origin.only_generators else origin.name
        )
        return f"{name} ({self.whole.problems} of {origin.problems_in_file} problems)" if origin.limited else name


class BundleName(msgspec.Struct, frozen=True, kw_only=True):
    """Which bundle was measured."""

    name: str
    version: str
    weights_sha256: str
    """First 12 hex digits of the SHA-256 over the SHA-256s of graph, weights and tokenizer."""
    calibration: dict[str, object]
    """What turned its logits into probabilities."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The whole file."""

    schema: int
    package_version: str
    command: str
    bundle: BundleName
    other_seeds: list[BundleName]
    compared: dict[str, BundleName]
    bootstrap_draws: int
    bootstrap_seed: int
    limit: int | None
    """Problems looked at in each file at most."""
    data_sets: list[DataSet]


def find(figures: list[Figure], name: str) -> Figure | None:
    """The figure of that name."""
    return next((figure for figure in figures if figure.name == name), None)


def encode(report: Report) -> bytes:
    """Indented JSON, equal for equal reports."""
    return msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n"
