"""Where a bundle fails: the figures of parts of a data set, by kind of mistake, length and style.

A part holds the failing programs of one kind and the passing programs of their problems, so that its within-problem
AUROC says how well that kind is told from right code. Parts by length and style hold all programs of that kind.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from codeodds_trainer.evaluation.figures.kinds import Kinds, Texts, texts_of
from codeodds_trainer.evaluation.figures.programs import measure_part
from codeodds_trainer.evaluation.figures.raters import Rater
from codeodds_trainer.evaluation.figures.schema import About, Slice
from codeodds_trainer.ground.labelled import LabelledProblem, LabelledProgram
from codeodds_trainer.ground.scoring import ScoredSet

LEAST_PROGRAMS = 20
"""Failing programs, or all programs of a part that is not about mistakes: fewer say too little."""


def measure_slices(
    scored: ScoredSet, raters: Sequence[Rater], problems: Sequence[LabelledProblem], kinds: Kinds
) -> list[Slice]:
    """The figures of each part that has enough programs; kinds of mistakes first, the most frequent first.

    `raters`: the bundle of record first. `problems`: where the texts of the scored programs stand. `kinds`: of the
    scored programs.
    """
    texts = texts_of(problems)
    found = []
    for about, rows in [*_by_mistake(scored, kinds), *_by_length(scored), *_by_style(scored, texts)]:
        chosen: npt.NDArray[np.int64] = np.asarray(rows, dtype=np.int64)
        part = measure_part(scored, raters, (), chosen)
        if part.mixed_problems:
            failing = int((~scored.labels[chosen]).sum())
            found.append(Slice(about=about[0], name=about[1], failing_programs=failing, part=part))
    return found


Rows = list[tuple[tuple[About, str], list[int]]]


def _by_mistake(scored: ScoredSet, kinds: Kinds) -> Rows:
    failing: dict[str, list[int]] = {}
    passing: dict[int, list[int]] = {}
    for index, (row, kind) in enumerate(zip(scored.rows, kinds, strict=True)):
        if row.passed:
            passing.setdefault(int(scored.groups[index]), []).append(index)
        elif kind is not None:
            failing.setdefault(kind, []).append(index)
    found: Rows = []
    for kind, rows in sorted(failing.items(), key=lambda item: (-len(item[1]), item[0])):
        if len(rows) >= LEAST_PROGRAMS:
            groups = {int(scored.groups[index]) for index in rows}
            found.append((("mistake", kind), sorted([*rows, *(i for group in groups for i in passing.get(group, []))])))
    return found


def _by_length(scored: ScoredSet) -> Rows:
    """Whole problems in three parts of about equal size by the mean length of their programs: a cut through a problem
    would compare programs of one length alone. Problems of one mean are in one part.
    """
    groups = np.unique(scored.groups)
    means = np.asarray([scored.tokens[scored.groups == group].mean() for group in groups])
    low, high = (int(cut) for cut in np.ceil(np.quantile(means, [1 / 3, 2 / 3], method="lower")))
    parts = (
        (f"up to {low:,} tokens on average", means <= low),
        (f"more than {low:,}, up to {high:,} tokens on average", (means > low) & (means <= high)),
        (f"more than {high:,} tokens on average", means > high),
    )
    found: Rows = []
    for name, chosen in parts:
        rows = np.flatnonzero(np.isin(scored.groups, groups[chosen]))
        if len(rows) >= LEAST_PROGRAMS:
            found.append((("length", name), rows.tolist()))
    return found


def _comments(_: LabelledProblem, program: LabelledProgram) -> str:
    return "with comments" if "#" in program.completion else "without comments"


def _hints(problem: LabelledProblem, _: LabelledProgram) -> str:
    return "with type hints" if "->" in problem.prompt else "without type hints"


def _examples(problem: LabelledProblem, _: LabelledProgram) -> str:
    return "with docstring examples" if ">>>" in problem.prompt else "without docstring examples"


def _methods(problem: LabelledProblem, _: LabelledProgram) -> str:
    return "method" if "(self" in problem.prompt else "function"


STYLES: tuple[Callable[[LabelledProblem, LabelledProgram], str], ...] = (_comments, _hints, _examples, _methods)


def _by_style(scored: ScoredSet, texts: Texts) -> Rows:
    found: Rows = []
    for style in STYLES:
        parts: dict[str, list[int]] = {}
        for index, row in enumerate(scored.rows):
            if (row.problem_id, row.text) in texts:
                parts.setdefault(style(*texts[row.problem_id, row.text]), []).append(index)
        if len(parts) > 1:
            found += [(("style", name), rows) for name, rows in sorted(parts.items()) if len(rows) >= LEAST_PROGRAMS]
    return found
