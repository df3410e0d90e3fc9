"""Where a bundle fails: the figures of parts of a data set, by kind of mistake, length and style.

A part holds the failing programs of one kind and the passing programs of their problems, so that its within-problem
AUROC says how well that kind is told from right code. Parts by length and style hold all programs of that kind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from codeodds_trainer.data import LabelledProblem, LabelledProgram
from codeodds_trainer.evaluation.figures import measure_part
from codeodds_trainer.evaluation.mistakes import kind_of_mistake
from codeodds_trainer.evaluation.raters import Rater
from codeodds_trainer.evaluation.schema import About, Slice
from codeodds_trainer.evaluation.scoring import ScoredSet, text_key

LEAST_PROGRAMS = 20
"""Failing programs, or all programs of a part that is not about mistakes: fewer say too little."""
THIRDS = ("short", "medium", "long")

Texts = Mapping[tuple[str, str], tuple[LabelledProblem, LabelledProgram]]


def measure_slices(scored: ScoredSet, raters: Sequence[Rater], problems: Sequence[LabelledProblem]) -> list[Slice]:
    """The figures of each part that has enough programs; kinds of mistakes first, the most frequent first.

    `raters`: the bundle of record first. `problems`: where the texts of the scored programs stand.
    """
    texts = {
        (problem.problem_id, text_key(problem, program)): (problem, program)
        for problem in problems
        for program in problem.programs
    }
    found = []
    for about, rows in [*_by_mistake(scored, texts), *_by_length(scored), *_by_style(scored, texts)]:
        chosen: npt.NDArray[np.int64] = np.asarray(rows, dtype=np.int64)
        part = measure_part(scored, raters, (), chosen)
        if part.mixed_problems:
            failing = int((~scored.labels[chosen]).sum())
            found.append(Slice(about=about[0], name=about[1], failing_programs=failing, part=part))
    return found


Rows = list[tuple[tuple[About, str], list[int]]]


def _by_mistake(scored: ScoredSet, texts: Texts) -> Rows:
    failing: dict[str, list[int]] = {}
    passing: dict[int, list[int]] = {}
    for index, row in enumerate(scored.rows):
        if row.passed:
            passing.setdefault(int(scored.groups[index]), []).append(index)
        elif (row.problem_id, row.text) in texts:
            failing.setdefault(kind_of_mistake(*texts[row.problem_id, row.text]), []).append(index)
    found: Rows = []
    for kind, rows in sorted(failing.items(), key=lambda item: (-len(item[1]), item[0])):
        if len(rows) >= LEAST_PROGRAMS:
            groups = {int(scored.groups[index]) for index in rows}
            found.append((("mistake", kind), sorted([*rows, *(i for group in groups for i in passing.get(group, []))])))
    return found


def _by_length(scored: ScoredSet) -> Rows:
    """Whole problems in three parts of equal size by the mean length of their programs: a cut through a problem would
    compare programs of one length alone.
    """
    groups = np.unique(scored.groups)
    means = np.asarray([scored.tokens[scored.groups == group].mean() for group in groups])
    found: Rows = []
    for name, part in zip(THIRDS, np.array_split(groups[np.argsort(means, kind="stable")], len(THIRDS)), strict=True):
        rows = np.flatnonzero(np.isin(scored.groups, part))
        if len(rows) >= LEAST_PROGRAMS:
            span = scored.tokens[rows]
            found.append((("length", f"{name} ({span.min()} to {span.max()} tokens)"), rows.tolist()))
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
