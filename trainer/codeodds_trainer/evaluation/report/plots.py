"""The evaluation's plots: one drawing for each question, one panel in it for each data set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from codeodds_trainer.evaluation.figures.raters import THIS_BUNDLE
from codeodds_trainer.evaluation.figures.schema import Curve, DataSet, Figure, Part, find
from codeodds_trainer.evaluation.report.svg import INK, PANEL_INCHES, SERIES, draw_panels

MOST_LINES = 6
"""Scores in one panel at most; the tables have all of them."""
MARKS = ("o", "s", "^", "D", "v", "P")


@dataclass(frozen=True, slots=True)
class Plot:
    """A drawing with its words."""

    title: str
    words: str
    svg: str


def all_plots(data_sets: Sequence[DataSet]) -> list[Plot]:
    """In the order in which the page shows them."""
    return [
        best_of_n(data_sets),
        auroc_by_fraction(data_sets),
        trajectories(data_sets),
        reliability(data_sets),
        risk_coverage(data_sets),
        *by_kind(data_sets),
    ]


def shown_scores(part: Part) -> list[str]:
    """The scores that plots show: bundles and what scores prefixes, this bundle first."""
    names = [column.name for column in part.columns if column.kind in ("bundle", "compared")]
    names += [column.name for column in part.columns if column.tokenwise and column.kind == "baseline"]
    return names[:MOST_LINES]


def best_of_n(data_sets: Sequence[DataSet]) -> Plot:
    def draw(axes: Any, number: int) -> None:
        data_set = data_sets[number]
        names = shown_scores(data_set.whole)
        for curve in data_set.curves.best_of_n:
            if curve.column in names:
                _line(axes, curve, names.index(curve.column), band=curve.column == THIS_BUNDLE)
            elif curve.column in ("random", "oracle"):
                style = ":" if curve.column == "random" else "--"
                axes.plot(curve.x, curve.y, style, color=INK, linewidth=1.4, label=curve.column)
        problems = data_set.curves.best_of_n_problems
        axes.set(
            xlabel=f"programs to choose from, n ({problems:,} problems)", ylabel="chosen program passes", ylim=(0, 1)
        )
        axes.xaxis.get_major_locator().set_params(integer=True)

    words = (
        "The probability that the best-scored of n programs passes, over all draws of n of a problem's programs. "
        "Every point is about the same problems: those with enough programs for the largest n. "
        "Bands are 95 % intervals, problems resampled."
    )
    return _plot("best-of-n", "Choosing the best of n programs", words, data_sets, draw)


def auroc_by_fraction(data_sets: Sequence[DataSet]) -> Plot:
    def draw(axes: Any, number: int) -> None:
        parts = data_sets[number].fractions
        names = shown_scores(data_sets[number].whole)
        for index, name in enumerate(names):
            found = [
                (part.fraction * 100, figure)
                for part in parts
                for column in part.columns
                if column.name == name and (figure := find(column.figures, "within_problem_auroc")) is not None
            ]
            # Side by side, so that the intervals do not hide each other.
            x = [share + 0.8 * (index - (len(names) - 1) / 2) for share, _ in found]
            y = [figure.value for _, figure in found]
            ends = _ends([figure for _, figure in found])
            axes.errorbar(
                x, y, yerr=ends, color=SERIES[index], marker=MARKS[index], markersize=4, linewidth=1.6, label=name
            )
        axes.axhline(0.5, color=INK, linewidth=1, linestyle=":", label="chance")
        axes.axvspan(0, 50, color=INK, alpha=0.06, linewidth=0, label="the paper: at chance up to half of the tokens")
        axes.set(xlabel="solution tokens read, %", ylabel="within-problem AUROC", xlim=(0, 104))

    words = (
        "How well the score of a prefix tells the passing from the failing programs of one problem. "
        "The paper (arXiv 2510.23083) finds its value head better than chance as a process reward only after half of "
        "the tokens, on other problems and with other base models. Bars are 95 % intervals, problems resampled."
    )
    return _plot("auroc-by-fraction", "AUROC by share of tokens read", words, data_sets, draw)


def trajectories(data_sets: Sequence[DataSet]) -> Plot:
    def draw(axes: Any, number: int) -> None:
        for index, curve in enumerate(data_sets[number].curves.trajectories):
            percent = _scaled(curve)
            _line(axes, percent, index, band=True, label=f"{curve.column} programs", mark="")
        axes.set(xlabel="solution tokens read, %", ylabel="probability of passing", xlim=(0, 100))

    words = (
        "The bundle's mean probability after each share of the tokens, for the passing and for the failing programs of "
        "the same problems: those with both. Bands are 95 % intervals of the mean, problems resampled."
    )
    return _plot("trajectories", "Value of right and wrong programs as they are written", words, data_sets, draw)


def reliability(data_sets: Sequence[DataSet]) -> Plot:
    def draw(axes: Any, number: int) -> None:
        for index, curve in enumerate(data_sets[number].curves.reliability[:MOST_LINES]):
            ends = [_less(curve.y, curve.low), _less(curve.high, curve.y)]
            axes.errorbar(
                curve.x, curve.y, yerr=ends, color=SERIES[index], marker=MARKS[index], markersize=4, label=curve.column
            )
        axes.plot([0, 1], [0, 1], ":", color=INK, linewidth=1.2, label="perfectly calibrated")
        axes.set(xlabel="probability said", ylabel="share that passes", xlim=(0, 1), ylim=(0, 1), aspect="equal")

    words = (
        "Programs in ten bins of equal count by their probability: the share that passes against the mean probability. "
        "Above the diagonal the bundle is too doubtful, below it too sure. Bars are 95 % intervals, problems resampled."
    )
    return _plot("reliability", "Reliability of the probabilities", words, data_sets, draw)


def risk_coverage(data_sets: Sequence[DataSet]) -> Plot:
    highest = max((high for item in data_sets for line in item.curves.risk_coverage for high in line.high), default=0.5)

    def draw(axes: Any, number: int) -> None:
        for index, curve in enumerate(data_sets[number].curves.risk_coverage[:MOST_LINES]):
            _line(axes, _scaled(curve), index, band=index == 0, mark="")
        rate = data_sets[number].whole.pass_rate.value
        axes.axhline(min(rate, 1 - rate), color=INK, linestyle=":", linewidth=1.2, label="always the commoner label")
        axes.set(xlabel="coverage, the most certain first, %", ylabel="error rate")
        axes.set(xlim=(0, 100), ylim=(0, max(0.55, 1.03 * highest)))

    words = (
        "How often the label predicted at a probability of 0.5 is wrong, of the most certain programs alone. "
        "A curve that falls to the left means that the bundle knows when it knows. Bands as before."
    )
    return _plot("risk-coverage", "Risk and coverage", words, data_sets, draw)


def by_kind(data_sets: Sequence[DataSet]) -> list[Plot]:
    """AUROC of each kind of mistake that has enough programs; no plot without any."""
    found = [
        (data_set, {item.name: item.part for item in data_set.slices if item.about == "mistake"})
        for data_set in data_sets
    ]
    found = [(data_set, parts) for data_set, parts in found if parts]
    if not found:
        return []
    # One vertical scale for all panels, the most frequent kinds on top.
    kinds = list(dict.fromkeys(kind for _, parts in found for kind in parts))[::-1]

    def draw(axes: Any, number: int) -> None:
        data_set, parts = found[number]
        names = shown_scores(data_set.whole)
        for index, name in enumerate(names):
            points = [
                (kinds.index(kind) - 0.7 * ((index + 0.5) / len(names) - 0.5), figure)
                for kind, part in parts.items()
                for column in part.columns
                if column.name == name and (figure := find(column.figures, "within_problem_auroc")) is not None
            ]
            axes.errorbar(
                [figure.value for _, figure in points],
                [place for place, _ in points],
                xerr=_ends([figure for _, figure in points]),
                color=SERIES[index],
                marker=MARKS[index],
                markersize=4,
                linestyle="",
                label=name,
            )
        axes.axvline(0.5, color=INK, linewidth=1, linestyle=":", label="chance")
        axes.set_yticks(range(len(kinds)), kinds)
        axes.set(xlabel="within-problem AUROC", xlim=(0, 1.02), ylim=(-0.6, len(kinds) - 0.4))

    words = (
        "How well the failing programs of each kind are told from the right ones of their problems. "
        "A kind is told from the text of the nearest right program, or known where the error was injected. "
        "Bars are 95 % intervals, problems resampled."
    )
    titled = [data_set for data_set, _ in found]
    return [_plot("kinds", "Where it fails, by kind of mistake", words, titled, draw, row=0.25 * len(kinds) + 1.2)]


def _plot(
    name: str, title: str, words: str, data_sets: Sequence[DataSet], draw: Any, row: float = PANEL_INCHES
) -> Plot:
    return Plot(title, words, draw_panels(name, title, words, [item.label for item in data_sets], draw, row))


def _line(axes: Any, curve: Curve, index: int, band: bool, label: str | None = None, mark: str | None = None) -> None:
    mark = MARKS[index] if mark is None else mark
    axes.plot(
        curve.x, curve.y, color=SERIES[index], marker=mark, markersize=4, linewidth=1.8, label=label or curve.column
    )
    if band:
        axes.fill_between(curve.x, curve.low, curve.high, color=SERIES[index], alpha=0.16, linewidth=0)


def _ends(figures: Sequence[Figure]) -> list[list[float]]:
    """How far each interval reaches below and above its figure; not at all where there is none."""
    values = [figure.value for figure in figures]
    lows = [figure.value if figure.low is None else figure.low for figure in figures]
    highs = [figure.value if figure.high is None else figure.high for figure in figures]
    return [_less(values, lows), _less(highs, values)]


def _scaled(curve: Curve) -> Curve:
    """The same with x in percent."""
    return Curve(column=curve.column, x=[100 * x for x in curve.x], y=curve.y, low=curve.low, high=curve.high)


def _less(upper: list[float], lower: list[float]) -> list[float]:
    # Never below 0: rounding may put a value a hair outside its interval.
    return [max(0.0, high - low) for high, low in zip(upper, lower, strict=True)]
