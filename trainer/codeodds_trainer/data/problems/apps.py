"""APPS in both published layouts: a folder for each problem, and the hub's JSON lines.

Source: Hendrycks et al., arXiv 2105.09938; MIT. A problem either names a function to call, or reads stdin and prints.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from codeodds.execution.verdict import Call
from codeodds_trainer.data.problems.problem import MalformedProblem, Problem, need
from codeodds_trainer.data.problems.prompt import (
    find_definition,
    function_prompt,
    main_prompt,
    signature_from,
    typing_import,
)

LICENCE = "MIT"

TAKEN_FOR_GRANTED = (
    "import bisect, collections, copy, functools, heapq, itertools, math, operator, random, re, string, sys\n"
    "from typing import *\nfrom collections import *\nfrom functools import *\nfrom itertools import *\n"
    "from heapq import *\nfrom bisect import *\nfrom math import *\n"
)
"""Solutions from sites that supply these imports do without them."""


def read_folder(folder: Path, split: str) -> Problem:
    """A problem from its folder: question.txt, input_output.json, solutions.json, starter_code.py, metadata.json.

    Raises: MalformedProblem.
    """
    metadata = _json(folder / "metadata.json", {})
    return _problem(
        problem_id=f"apps/{split}/{folder.name}",
        split=split,
        question=_text(folder / "question.txt"),
        tests=_json(folder / "input_output.json", None),
        solutions=_json(folder / "solutions.json", []),
        starter_code=_text(folder / "starter_code.py", ""),
        difficulty=str(metadata.get("difficulty", "")) if isinstance(metadata, dict) else "",
    )


def read_row(row: Any, split: str) -> Problem:
    """A problem from one object of the hub's files, where tests and solutions are JSON within JSON.

    Raises: MalformedProblem.
    """
    number = need(row, "problem_id" if "problem_id" in row else "id", (int, str))
    return _problem(
        problem_id=f"apps/{split}/{int(number):04d}" if str(number).isdigit() else f"apps/{split}/{number}",
        split=split,
        question=need(row, "question"),
        tests=_decoded(need(row, "input_output"), "input_output"),
        solutions=_decoded(need(row, "solutions"), "solutions") or [],
        starter_code=row.get("starter_code") or "",
        difficulty=str(row.get("difficulty", "")),
    )


def _problem(
    problem_id: str, split: str, question: str, tests: Any, solutions: Any, starter_code: str, difficulty: str
) -> Problem:
    if not question.strip():
        raise MalformedProblem("its question is empty")
    if not isinstance(tests, dict):
        raise MalformedProblem("it has no tests")
    inputs, outputs = need(tests, "inputs", list), need(tests, "outputs", list)
    if not inputs or len(inputs) != len(outputs):
        raise MalformedProblem(f"it has {len(inputs)} inputs and {len(outputs)} outputs")
    if not isinstance(solutions, list) or not all(isinstance(solution, str) for solution in solutions):
        raise MalformedProblem("its solutions are no list of texts")
    common: dict[str, Any] = {
        "problem_id": problem_id,
        "source": "APPS",
        "licence": LICENCE,
        "split": split,
        "difficulty": difficulty,
        "statement": question,
        "starter_code": starter_code,
        "preamble": TAKEN_FOR_GRANTED,
        "references": solutions,
    }
    name = tests.get("fn_name")
    if name is None:
        prompt, epilogue = main_prompt(question)
        return Problem(
            **common,
            prompt=prompt,
            epilogue=epilogue,
            inputs=[as_text(value) for value in inputs],
            outputs=[as_text(value) for value in outputs],
        )
    signature, entry_point = signature_of(str(name), starter_code, solutions)
    return Problem(
        **common,
        prompt=function_prompt(typing_import(signature) + signature, question),
        entry_point=entry_point,
        calls=[
            Call(arguments=list(arguments) if isinstance(arguments, list) else [arguments], accepted=accepted(expected))
            for arguments, expected in zip(inputs, outputs, strict=True)
        ],
    )


def signature_of(name: str, starter_code: str, solutions: list[str]) -> tuple[str, str]:
    """Signature and entry point: the starter code's, else the first solution's that has one.

    Raises: MalformedProblem.
    """
    for line_end in (starter_code.rstrip(), starter_code.rstrip() + ":"):
        if f"def {name}" in line_end and line_end.endswith(":"):
            head = line_end.replace("\t", "    ")
            return head, f"Solution.{name}" if "class Solution" in head else name
    for solution in solutions:
        try:
            find_definition(solution, name)
        except MalformedProblem:
            continue
        return signature_from(solution, name), name
    raise MalformedProblem(f"neither starter code nor a solution shows how {name} is defined")


def accepted(expected: Any) -> list[Any]:
    """The values that count as right: some files wrap the expected value into a list."""
    return [expected, expected[0]] if isinstance(expected, list) and len(expected) == 1 else [expected]


def as_text(value: Any) -> str:
    """Stdin or stdout; some files hold lists of lines.

    Raises: MalformedProblem.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(line, (str, int, float)) for line in value):
        return "\n".join(map(str, value)) + "\n"
    raise MalformedProblem("an input or output is no text")


def _decoded(text: str, name: str) -> Any:
    if not text.strip():
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise MalformedProblem(f"`{name}` is not valid JSON") from None


def _json(path: Path, missing: Any) -> Any:
    text = _text(path, "")
    return _decoded(text, path.name) if text.strip() else missing


def _text(path: Path, missing: str | None = None) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        if missing is None:
            raise MalformedProblem(f"{path.name} is missing") from None
        return missing
    except (OSError, UnicodeDecodeError) as error:
        raise MalformedProblem(f"{path.name} cannot be read ({type(error).__name__})") from None
