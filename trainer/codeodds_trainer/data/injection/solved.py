"""Solved problems with an injected error: the right program and its mutants that fail the tests."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from codeodds.execution.pool import Pool
from codeodds_trainer.data.injection.mutants import Mutant, mutate
from codeodds_trainer.data.injection.pairs import ORIGINAL, InjectedRow, generator_of, shuffled_rows
from codeodds_trainer.data.problems.problem import Problem

PROBLEMS_AT_ONCE = 32


@dataclass(frozen=True, slots=True)
class Solved:
    """A right program for a problem."""

    problem: Problem
    completion: str
    by: str
    """Who wrote it: the problem's reference, or a generator."""

    @property
    def problem_id(self) -> str:
        """Apart from the problem's own id: a program is compared with its own mutants alone, which are written in its
        own style.
        """
        return f"{self.problem.problem_id}~{self.by}"


def completion_of_reference(problem: Problem) -> str | None:
    """The body of the first reference that is one function with the prompt's parameters (imports may stand before it if
    the prompt has them too); None if there is none.
    """
    for reference in problem.references:
        body = _body(reference, problem)
        if body is not None and _parameters(problem.prompt + body) == _parameters(reference):
            return body
    return None


def mutants_that_fail(solved: Sequence[Solved], most: int, seed: int, pool: Pool) -> Iterator[list[InjectedRow]]:
    """For each right program, itself and up to `most` mutants that fail, of different kinds where there are several.

    A program that does not pass, or none of whose mutants fails, is left out.
    """
    for first in range(0, len(solved), PROBLEMS_AT_ONCE):
        batch = solved[first : first + PROBLEMS_AT_ONCE]
        candidates = [
            [Mutant(item.completion, ORIGINAL, 0), *mutate(item.problem.prompt, item.completion, 2 * most, str(seed))]
            for item in batch
        ]
        jobs = [
            item.problem.job(item.problem.program(one.completion))
            for item, tried in zip(batch, candidates, strict=True)
            for one in tried
        ]
        verdicts = iter([outcome.verdict for outcome in pool.judge(jobs)])
        for item, tried in zip(batch, candidates, strict=True):
            own, *others = [next(verdicts) for _ in tried]
            failing = [
                mutant
                for mutant, verdict in zip(tried[1:], others, strict=True)
                if verdict not in ("pass", "infrastructure error")
            ][:most]
            if own == "pass" and failing:
                yield shuffled_rows([_row(item, one) for one in (tried[0], *failing)], item.problem_id)


def _row(item: Solved, mutant: Mutant) -> InjectedRow:
    right = mutant.kind == ORIGINAL
    return InjectedRow(
        problem_id=item.problem_id,
        split=item.problem.split,
        prompt=item.problem.prompt,
        completion=mutant.completion,
        passed=right,
        generator=ORIGINAL if right else generator_of(mutant),
        source=item.problem.source or item.problem.problem_id.partition("/")[0],
        licence=item.problem.licence,
    )


def _body(reference: str, problem: Problem) -> str | None:
    try:
        tree = ast.parse(reference)
    except (SyntaxError, ValueError, RecursionError):
        return None
    imports = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    rest = [node for node in tree.body if node not in imports]
    if len(rest) != 1 or not isinstance(rest[0], ast.FunctionDef) or rest[0].name != problem.entry_point:
        return None
    lines = reference.splitlines(keepends=True)
    if any((ast.get_source_segment(reference, node) or "") not in problem.prompt for node in imports):
        return None
    start = rest[0].body[0].lineno - 1
    if start < rest[0].lineno:
        return None
    body = "".join(lines[start : rest[0].end_lineno]).rstrip() + "\n"
    return body.expandtabs(4)


def _parameters(source: str) -> list[str] | None:
    try:
        functions = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
    except (SyntaxError, ValueError, RecursionError):
        return None
    return [argument.arg for argument in functions[0].args.args] if functions else None
