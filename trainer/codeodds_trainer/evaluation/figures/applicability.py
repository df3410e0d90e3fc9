"""Where a bundle speaks: applicability of labelled programs, and what its flags are worth there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from codeodds.bundle.applicability import FEATURES, measure_features, trust
from codeodds.bundle.manifest import Applicability, Spoken
from codeodds.types import ScoringUnit
from codeodds_trainer.evaluation.figures.schema import Selective, SelectiveCurve
from codeodds_trainer.ground.labelled import LabelledProblem
from codeodds_trainer.ground.metrics import precision_recall_below
from codeodds_trainer.ground.scoring import ScoredSet, program_key

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.bool_]

POINTS = 20
"""Points of a risk-coverage curve."""
DIGITS = 5

Units = dict[str, ScoringUnit]
"""Texts of programs by `ScoredProgram.text`."""


def units_of(problems: Iterable[LabelledProblem]) -> Units:
    """The texts of all programs of the problems: a store of scores does not hold them."""
    return {
        program_key(problem.prompt, program.completion): ScoringUnit(problem.prompt, program.completion)
        for problem in problems
        for program in problem.programs
    }


def feature_columns(scored: ScoredSet, units: Units) -> Floats:
    """float64 [programs, features], in the order of `FEATURES`."""
    known: dict[str, list[float]] = {}
    for row in scored.rows:
        if row.text not in known:
            known[row.text] = measure_features(units[row.text], np.asarray(row.values, dtype=np.float32))
    return np.asarray([known[row.text] for row in scored.rows], dtype=np.float64).reshape(-1, len(FEATURES))


def applicability_of(section: Applicability, scored: ScoredSet, units: Units) -> Floats:
    """What the engine would say of each program, float64 [programs]."""
    known: dict[str, float] = {}
    for row in scored.rows:
        if row.text not in known:
            raw = np.asarray(row.values, dtype=np.float32)
            known[row.text] = trust(section, units[row.text], raw).applicability
    return np.asarray([known[row.text] for row in scored.rows], dtype=np.float64)


def spoken_of(
    datasets: Sequence[str],
    probabilities: Floats,
    labels: Labels,
    speaks: Labels,
    thresholds: Sequence[tuple[float, float | None]],
) -> list[Spoken]:
    """Each data set at each threshold of the probability. `thresholds`: (probability, the precision stated for it).

    `datasets` names each program's data set; all of one length.
    """
    names = np.asarray(datasets)
    shown = np.where(speaks, probabilities, np.inf)
    found = []
    for name in dict.fromkeys(datasets):
        inside = names == name
        for probability, stated in thresholds:
            flagged = int((shown[inside] < probability).sum())
            precision, _ = precision_recall_below(shown[inside], labels[inside], probability)
            found.append(
                Spoken(
                    dataset=name,
                    programs=int(inside.sum()),
                    coverage=round(float(speaks[inside].mean()), DIGITS),
                    probability=probability,
                    stated=None if stated is None else round(stated, DIGITS),
                    flagged=flagged,
                    precision=round(precision, DIGITS) if flagged else None,
                )
            )
    return found


def measure_selective(
    name: str,
    section: Applicability,
    values: Floats,
    probabilities: Floats,
    labels: Labels,
    thresholds: Sequence[tuple[float, float | None]],
) -> Selective:
    """One data set's programs. `values`: their applicability, float64 [programs], like `probabilities`."""
    speaks = values >= section.threshold
    wrong = (probabilities >= 0.5) != labels
    flags = spoken_of([name] * len(labels), probabilities, labels, speaks, thresholds)
    return Selective(
        threshold=section.threshold,
        coverage=round(float(speaks.mean()), DIGITS),
        error_rate=round(float(wrong.mean()), DIGITS),
        error_rate_where_it_speaks=round(float(wrong[speaks].mean()), DIGITS) if speaks.any() else None,
        flags=flags,
        curve=risk_coverage(values, wrong),
    )


def risk_coverage(values: Floats, wrong: Labels) -> SelectiveCurve:
    """Error rate of the call against the share of programs judged, the most applicable first.

    Programs of equal applicability come together or not at all, so that their order in the file decides nothing.
    """
    levels, first, counts = np.unique(-values, return_inverse=True, return_counts=True)
    judged = counts.cumsum()
    errors = np.bincount(first, wrong, len(levels)).cumsum()
    wanted = np.arange(1, POINTS + 1) / POINTS * len(values)
    chosen = np.unique(np.searchsorted(judged, wanted - 1e-9))
    return SelectiveCurve(
        coverage=[round(float(share), DIGITS) for share in judged[chosen] / len(values)],
        error_rate=[round(float(rate), DIGITS) for rate in errors[chosen] / judged[chosen]],
        applicability=[round(float(-level), DIGITS) for level in levels[chosen]],
    )
