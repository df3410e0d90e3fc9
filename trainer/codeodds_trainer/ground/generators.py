"""Who wrote the programs: leaving out some generators, or keeping some alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from codeodds_trainer.ground.errors import DataError
from codeodds_trainer.ground.labelled import LabelledProblem


def count_generators(problems: Iterable[LabelledProblem]) -> Counter[str]:
    """Programs by generator; equal programs of a problem count once."""
    return Counter(program.generator for problem in problems for program in problem.programs)


def check_generators(option: str, names: Iterable[str], known: Iterable[str], where: str) -> None:
    """Raises: DataError, which lists the known ones, for a name that is not among them.

    `option`: what the user gave the names by. `where`: the data in which they were looked for, for the message.
    """
    there = sorted(set(known))
    for name in names:
        if name not in there:
            raise DataError(
                f"{option}: no program of {where} has the generator {name!r}; there are: {', '.join(there)}"
            )


def without_generators(problems: Sequence[LabelledProblem], names: Iterable[str]) -> list[LabelledProblem]:
    """The problems without these generators' programs; a problem that has no other programs is left out."""
    unwanted = frozenset(names)
    return _filtered(problems, lambda name: name not in unwanted)


def only_generators(problems: Sequence[LabelledProblem], names: Iterable[str]) -> list[LabelledProblem]:
    """The problems with these generators' programs alone; a problem without any is left out."""
    wanted = frozenset(names)
    return _filtered(problems, lambda name: name in wanted)


def _filtered(problems: Sequence[LabelledProblem], keep: Callable[[str], bool]) -> list[LabelledProblem]:
    found = []
    for problem in problems:
        programs = tuple(program for program in problem.programs if keep(program.generator))
        if programs:
            found.append(problem if len(programs) == len(problem.programs) else replace(problem, programs=programs))
    return found
