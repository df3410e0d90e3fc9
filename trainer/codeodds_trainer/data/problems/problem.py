"""One coding problem, whatever benchmark it comes from."""

from __future__ import annotations

from typing import Any

import msgspec

from codeodds.execution.verdict import Call, Job

FLOOR_S = 2.0
"""No program gets less CPU time than this."""

REFERENCE_FACTOR = 10.0
"""A program may take this many times as long as the reference solution."""


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A problem with its tests, and the prompt that an editor would show. Also one row of our own JSON lines.

    A program for it is ``preamble + prompt + completion + epilogue``. Its tests are of exactly one kind: `tests`,
    `calls`, or `inputs` with `outputs`; see `codeodds.execution.verdict.Job`.
    """

    problem_id: str
    """Unique, with the benchmark's name in front: ``mbpp/76``."""
    prompt: str
    """Imports, signature and docstring: the text before the completion."""
    source: str = ""
    """The benchmark."""
    licence: str = ""
    """SPDX identifier, or the words of the source."""
    split: str = "train"
    """``train``, ``valid`` or ``test``; as published, or as `dataset` deals them out."""
    difficulty: str = ""
    """In the benchmark's own words."""
    statement: str = ""
    """The task in words."""
    starter_code: str = ""
    """What the benchmark gives to start from."""
    entry_point: str = ""
    """A function (``f``) or a method (``Solution.f``)."""
    setup: str = ""
    """Statements before the tests."""
    tests: list[str] | None = None
    calls: list[Call] | None = None
    inputs: list[str] | None = None
    outputs: list[str] | None = None
    references: list[str] = []
    """Whole programs that solve it."""
    reference_s: float | None = None
    """CPU seconds of the fastest reference that passes; None if none was run."""
    preamble: str = ""
    """Imports that the benchmark takes for granted. Not shown to anybody."""
    epilogue: str = ""
    """What calls the function where a program reads stdin."""

    def program(self, completion: str) -> str:
        """The whole program of a completion."""
        return self.preamble + self.prompt + completion + self.epilogue

    def job(self, program: str) -> Job:
        """The judge's job for a whole program. Time limit: the larger of the floor and ten times the reference."""
        limit = max(FLOOR_S, REFERENCE_FACTOR * (self.reference_s or 0.0))
        setup = [self.setup] if self.setup.strip() else []
        return Job(
            program=program,
            tests=None if self.tests is None else setup + self.tests,
            inputs=self.inputs,
            outputs=self.outputs,
            calls=self.calls,
            entry_point=self.entry_point or None,
            time_limit_s=limit,
        )


class MalformedProblem(Exception):
    """A row or folder of a benchmark that is no problem; the text says why."""


def need(row: Any, name: str, kind: type | tuple[type, ...] = str) -> Any:
    """A member of a row.

    Raises: MalformedProblem if it is missing or of another type.
    """
    if not isinstance(row, dict):
        raise MalformedProblem("is not an object")
    if name not in row:
        raise MalformedProblem(f"has no `{name}`")
    if not isinstance(row[name], kind):
        raise MalformedProblem(f"`{name}` is of type {type(row[name]).__name__}")
    return row[name]


def need_texts(row: Any, name: str) -> list[str]:
    """A member that is a list of texts.

    Raises: MalformedProblem.
    """
    values = need(row, name, list)
    if not all(isinstance(value, str) for value in values):
        raise MalformedProblem(f"`{name}` holds something that is no text")
    return list(values)


def has_tests(problem: Problem) -> bool:
    """True if any program could fail."""
    return bool(problem.tests or problem.calls or problem.inputs)
