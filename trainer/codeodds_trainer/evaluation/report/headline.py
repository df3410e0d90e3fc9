"""The figures of a report that the bundle keeps in its `evaluation.json`: not every sub-figure."""

from __future__ import annotations

from collections.abc import Sequence

from codeodds.bundle.evaluation import Evaluation, FlaggedMistakes, Metric, Mistakes, PairAccuracy, Slice
from codeodds_trainer.evaluation.figures.raters import THIS_BUNDLE
from codeodds_trainer.evaluation.figures.schema import Column, DataSet, Figure, FlaggedKind, PairGroup, find
from codeodds_trainer.evaluation.report.names import RANKING

PROBABILITY = (
    "auprc_fails",
    "auprc_passes",
    "balanced_accuracy",
    "accuracy_on_passing",
    "accuracy_on_failing",
    "brier",
    "brier_skill",
    "ece",
)
"""Besides the ranking figures: of the bundle, of compared bundles, and of chance where it has them."""
EARLY = (0.25, 0.5)
"""Fractions of the tokens whose within-problem AUROC is kept."""


def bundle_figures(data_sets: Sequence[DataSet]) -> Evaluation:
    """What the bundle keeps of all data sets."""
    return Evaluation(
        metrics=[metric for data_set in data_sets for metric in headline_metrics(data_set)],
        slices=[item for data_set in data_sets for item in bundle_slices(data_set)],
        mistakes=bundle_mistakes(data_sets),
    )


def headline_metrics(data_set: DataSet) -> list[Metric]:
    """Ranking figures of every score, the other headline figures of bundles and chance."""
    found = []
    for column in data_set.whole.columns:
        names = RANKING if column.kind == "baseline" else (*RANKING, *PROBABILITY)
        found += [_metric(data_set, column, figure.name, figure) for figure in _named(column, names)]
    for part in data_set.fractions:
        if part.fraction in EARLY:
            for column in part.columns:
                name = f"within_problem_auroc_at_{part.fraction * 100:.0f}"
                found += [_metric(data_set, column, name, item) for item in _named(column, RANKING[:1])]
    return found


def bundle_slices(data_set: DataSet) -> list[Slice]:
    """The bundle's within-problem AUROC of each part; not of parts too small to have one."""
    found = []
    for item in data_set.slices:
        figure = find(item.part.columns[0].figures, RANKING[0])
        if figure is not None:
            value, low, high = _rounded(figure)
            found.append(
                Slice(
                    dataset=data_set.label,
                    about=item.about,
                    name=item.name,
                    failing_programs=item.failing_programs,
                    auroc=value,
                    low=low,
                    high=high,
                )
            )
    return found


def bundle_mistakes(data_sets: Sequence[DataSet]) -> Mistakes | None:
    """The bundle's pair accuracies, flagged shares and examples; None if there are none."""
    found = Mistakes(
        pairs=[_pairs(item, group) for item in data_sets for group in item.pairs],
        flagged=[row for item in data_sets for kind in item.flagged for row in _flagged(item, kind)],
        examples=[example for item in data_sets for example in item.examples],
    )
    return found if found != Mistakes() else None


def _pairs(data_set: DataSet, group: PairGroup) -> PairAccuracy:
    value, low, high = _rounded(group.columns[0].figures[0])
    return PairAccuracy(
        dataset=data_set.label,
        kind=group.kind,
        equal_length=group.equal_length,
        pairs=group.pairs,
        accuracy=value,
        low=low,
        high=high,
    )


def _flagged(data_set: DataSet, kind: FlaggedKind) -> list[FlaggedMistakes]:
    found = []
    for row in kind.shares:
        value, low, high = _rounded(row.share)
        found.append(
            FlaggedMistakes(
                dataset=data_set.label,
                kind=kind.kind,
                programs=kind.programs,
                probability=row.probability,
                share=value,
                low=low,
                high=high,
            )
        )
    return found


def _rounded(figure: Figure) -> tuple[float, float | None, float | None]:
    low, high = (None if end is None else round(end, 4) for end in (figure.low, figure.high))
    return round(figure.value, 4), low, high


def _named(column: Column, names: tuple[str, ...]) -> list[Figure]:
    return [figure for name in names if (figure := find(column.figures, name)) is not None]


def _metric(data_set: DataSet, column: Column, name: str, figure: Figure) -> Metric:
    value, low, high = _rounded(figure)
    return Metric(
        dataset=data_set.label,
        name=name,
        value=value,
        low=low,
        high=high,
        baseline=None if column.name == THIS_BUNDLE else column.name,
    )
