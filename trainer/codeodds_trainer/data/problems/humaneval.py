"""The HumanEval format: ``task_id``, ``prompt``, ``canonical_solution``, ``test`` with ``check``, ``entry_point``.

Many benchmarks use it. HumanEval itself (MIT) is for evaluation only: do not train on it.
"""

from __future__ import annotations

from typing import Any

from codeodds_trainer.data.problems.problem import MalformedProblem, Problem, need


def read_row(row: Any, licence: str) -> Problem:
    """A problem from one object.

    Raises: MalformedProblem.
    """
    name = need(row, "entry_point")
    prompt = need(row, "prompt")
    test = need(row, "test")
    if "def check" not in test:
        raise MalformedProblem("`test` defines no function check")
    solution = row.get("canonical_solution")
    return Problem(
        problem_id=str(need(row, "task_id", (str, int))),
        source="HumanEval format",
        licence=licence,
        split="test",
        statement=prompt,
        starter_code=prompt,
        entry_point=name,
        prompt=prompt if prompt.endswith("\n") else prompt + "\n",
        tests=[test, f"check({name})"],
        references=[prompt + solution] if isinstance(solution, str) and solution.strip() else [],
    )
