"""The kind of mistake of every scored program of a data set."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from codeodds_trainer.evaluation.figures.mistakes import Right, kind_of_mistake
from codeodds_trainer.ground.labelled import LabelledProblem, LabelledProgram
from codeodds_trainer.ground.scoring import ScoredSet, text_key

Texts = Mapping[tuple[str, str], tuple[LabelledProblem, LabelledProgram]]
"""By problem id and text key. Stores of scores hold no texts."""
Kinds = Sequence[str | None]
"""One for each scored program; None if it passes, or if its text is not at hand."""


def texts_of(problems: Sequence[LabelledProblem]) -> Texts:
    """The text of every program, by what a scored program says of it."""
    return {
        (problem.problem_id, text_key(problem, program)): (problem, program)
        for problem in problems
        for program in problem.programs
    }


def right_programs(problems: Sequence[LabelledProblem]) -> dict[str, Right]:
    """Prompt and completion of the passing programs of each problem id: one id may stand under several prompts."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for problem in problems:
        found[problem.problem_id] += [(problem.prompt, one.completion) for one in problem.programs if one.passed]
    return dict(found)


def kinds_of(scored: ScoredSet, problems: Sequence[LabelledProblem]) -> list[str | None]:
    """The kinds, in the order of the rows. A program that stands in several rows is looked at once."""
    texts, right = texts_of(problems), right_programs(problems)
    known: dict[tuple[str, str], str] = {}
    found: list[str | None] = []
    for row in scored.rows:
        key = row.problem_id, row.text
        if row.passed or key not in texts:
            found.append(None)
            continue
        if key not in known:
            known[key] = kind_of_mistake(*texts[key], right[row.problem_id])
        found.append(known[key])
    return found
