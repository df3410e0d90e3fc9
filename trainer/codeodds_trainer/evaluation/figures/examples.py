"""Mistakes that a bundle misses and that it catches, each as the one line that differs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from codeodds.bundle.evaluation import MistakeExample
from codeodds_trainer.data.injection.pairs import ORIGINAL
from codeodds_trainer.evaluation.figures.kinds import Kinds, texts_of
from codeodds_trainer.evaluation.figures.mistakes import is_put_in, nearest
from codeodds_trainer.ground.labelled import LabelledProblem, LabelledProgram, open_rows
from codeodds_trainer.ground.scoring import ScoredSet, text_key

EACH = 3
"""Mistakes missed, and mistakes caught, of a data set; all of different kinds and problems."""
MOST_CHARACTERS = 120
"""Of a line: longer ones make no short example."""
DIGITS = 4


@dataclass(frozen=True, slots=True)
class Candidate:
    """A failing program beside a right one from which it differs in one line."""

    problem_id: str
    kind: str
    right_line: str
    wrong_line: str
    right: float
    """The right program's probability."""
    wrong: float

    @property
    def caught(self) -> bool:
        """True if the right program's probability is higher."""
        return self.right > self.wrong


def choose_examples(
    dataset: str,
    scored: ScoredSet,
    kinds: Kinds,
    probabilities: npt.NDArray[np.float64],
    problems: Sequence[LabelledProblem],
    origins: Mapping[str, str],
) -> list[MistakeExample]:
    """Those that it misses by most, then those that it catches by most.

    `probabilities`: float64 [programs]. `origins`: where a problem is from, by its id.
    """
    candidates = _candidates(scored, kinds, probabilities, problems)
    order = sorted(candidates, key=lambda one: (one.right - one.wrong, one.problem_id, one.wrong_line))
    missed = _different([one for one in order if not one.caught])
    caught = _different([one for one in reversed(order) if one.caught])
    return [
        MistakeExample(
            dataset=dataset,
            kind=one.kind,
            caught=one.caught,
            right_line=one.right_line,
            wrong_line=one.wrong_line,
            right_probability=round(one.right, DIGITS),
            wrong_probability=round(one.wrong, DIGITS),
            origin=origins.get(one.problem_id, one.problem_id),
        )
        for one in [*missed, *caught]
    ]


def _different(candidates: Iterable[Candidate]) -> list[Candidate]:
    """The first ones, no two of one kind or one problem."""
    found: list[Candidate] = []
    for one in candidates:
        fresh = all(one.kind != other.kind and one.problem_id != other.problem_id for other in found)
        if fresh and len(found) < EACH:
            found.append(one)
    return found


def _candidates(
    scored: ScoredSet, kinds: Kinds, probabilities: npt.NDArray[np.float64], problems: Sequence[LabelledProblem]
) -> list[Candidate]:
    texts = texts_of(problems)
    value = {(row.problem_id, row.text): float(probabilities[index]) for index, row in enumerate(scored.rows)}
    found: dict[tuple[str, str], Candidate] = {}
    for index, row in enumerate(scored.rows):
        kind, key = kinds[index], (row.problem_id, row.text)
        if kind is None or key in found:
            continue
        problem, program = texts[key]
        right = counterpart(problem, program)
        lines = None if right is None else one_line(right.completion, program.completion)
        if right is None or lines is None:
            continue
        other = row.problem_id, text_key(problem, right)
        if other in value:
            found[key] = Candidate(row.problem_id, kind, *lines, value[other], value[key])
    return list(found.values())


def counterpart(problem: LabelledProblem, program: LabelledProgram) -> LabelledProgram | None:
    """The right program that a failing one is to be compared with: its original if an error was injected, else the
    nearest one under the same prompt; None without any.
    """
    right = [other for other in problem.programs if other.passed]
    if is_put_in(program.generator):
        right = [other for other in right if other.generator == ORIGINAL]
    if not right:
        return None
    text = nearest(program.completion, [other.completion for other in right])
    return next(other for other in right if other.completion == text)


def one_line(right: str, wrong: str) -> tuple[str, str] | None:
    """The line that differs, of both, without shared indentation; None if not exactly one does or it is too long."""
    first, second = right.splitlines(), wrong.splitlines()
    if len(first) != len(second):
        return None
    different = [(one, other) for one, other in zip(first, second, strict=True) if one != other]
    if len(different) != 1 or max(map(len, different[0])) > MOST_CHARACTERS:
        return None
    indent = min(len(line) - len(line.lstrip()) for line in different[0])
    return different[0][0][indent:].rstrip(), different[0][1][indent:].rstrip()


class _Origin(msgspec.Struct):
    problem_id: str
    source: str = ""
    licence: str = ""


def read_origins(path: Path) -> dict[str, str]:
    """Where each problem of a file is from and its licence, as far as the rows say so.

    Raises: OSError, msgspec.MsgspecError for a file that `read_problems` refuses too.
    """
    decoder = msgspec.json.Decoder(_Origin)
    found = {}
    with open_rows(path) as lines:
        for line in lines:
            if line.strip():
                row = decoder.decode(line)
                said = ", ".join(part for part in (row.source, row.licence) if part)
                found[row.problem_id] = f"{row.problem_id} ({said})" if said else row.problem_id
    return found
