"""JSON-lines files of what a baseline says of each program, by the program's text."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

import msgspec

from codeodds_trainer.ground.disk import open_lines, whole_lines
from codeodds_trainer.ground.labelled import LabelledProblem, LabelledProgram
from codeodds_trainer.ground.scoring import DIGITS, ScoredProgram, ScoredSet, text_key

Values = dict[str, list[float] | None]
"""By `text_key`: the values of a program, or None if it cannot be scored."""


class ValueStore:
    """Values of programs on disk. Use it as a context to add some.

    A line holds programs that were finished together. A torn last line, which a killed run leaves, is computed again.
    """

    def __init__(self, path: Path) -> None:
        """Raises: OSError if the file is there and cannot be read."""
        self._path = path
        self._file: BinaryIO | None = None
        self.values: Values = {}
        decoder = msgspec.json.Decoder(Values)
        for line in whole_lines(path):
            try:
                self.values |= decoder.decode(line)
            except msgspec.MsgspecError:
                continue

    def __enter__(self) -> ValueStore:
        self._file = open_lines(self._path)
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def add(self, values: Values) -> None:
        """Keep the values of some programs."""
        assert self._file is not None, "open the store as a context first"
        rounded = {
            key: None if numbers is None else [round(float(number), DIGITS) for number in numbers]
            for key, numbers in values.items()
        }
        self._file.write(msgspec.json.encode(rounded) + b"\n")
        self._file.flush()
        self.values |= rounded

    def missing(self, problem: LabelledProblem) -> list[LabelledProgram]:
        """The programs that have no line yet, each text once."""
        found = {text_key(problem, program): program for program in problem.programs}
        return [program for key, program in found.items() if key not in self.values]

    def pending(self, problems: Iterable[LabelledProblem]) -> list[LabelledProblem]:
        """The problems with missing programs, with these alone."""
        return [
            LabelledProblem(problem.problem_id, problem.split, problem.dataset, problem.prompt, tuple(missing))
            for problem in problems
            if (missing := self.missing(problem))
        ]

    def scored(self, problems: Iterable[LabelledProblem]) -> ScoredSet:
        """One row for each program that has values."""
        rows = []
        for problem in problems:
            for program in problem.programs:
                values = self.values.get(text_key(problem, program))
                if values:
                    rows.append(scored_program(problem, program, values))
        return ScoredSet(rows)


def scored_program(problem: LabelledProblem, program: LabelledProgram, values: list[float]) -> ScoredProgram:
    """The row of one program."""
    return ScoredProgram(
        problem_id=problem.problem_id,
        dataset=problem.dataset,
        generator=program.generator,
        passed=program.passed,
        text=text_key(problem, program),
        values=values,
        characters=len(program.completion),
    )
