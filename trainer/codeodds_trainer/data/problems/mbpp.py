"""MBPP: the full set (``mbpp.jsonl``) and the sanitized one (``sanitized-mbpp.json``).

Source: Austin et al., arXiv 2108.07732; CC-BY-4.0. Splits are the paper's, by task number.
"""

from __future__ import annotations

import ast
import re
from typing import Any

from codeodds_trainer.data.problems.problem import MalformedProblem, Problem, need, need_texts
from codeodds_trainer.data.problems.prompt import function_prompt, signature_from

LICENCE = "CC-BY-4.0"
OPENING = re.compile(r"^write a (python )?function (to |that )?", re.IGNORECASE)


def read_row(row: Any, examples: int) -> Problem:
    """A problem from one object; `examples` of its tests are shown in the docstring.

    Raises: MalformedProblem.
    """
    number = need(row, "task_id", int)
    statement = need(row, "text" if "text" in row else "prompt")
    code = need(row, "code").replace("\r\n", "\n")
    tests = need_texts(row, "test_list")
    setup = "\n".join(need_texts(row, "test_imports")) if "test_imports" in row else row.get("test_setup_code", "")
    name = entry_point(tests, code)
    shown = [pair for test in tests[:examples] if (pair := as_example(test)) is not None]
    return Problem(
        problem_id=f"mbpp/{number}",
        source="MBPP",
        licence=LICENCE,
        split=split_of(number),
        statement=statement,
        entry_point=name,
        prompt=function_prompt(signature_from(code, name), sentence(statement), shown),
        setup=setup,
        tests=tests,
        references=[code],
    )


def split_of(number: int) -> str:
    """The paper's split of a task number."""
    if number <= 10:
        return "prompt"
    return "test" if number <= 510 else "valid" if number <= 600 else "train"


def entry_point(tests: list[str], code: str) -> str:
    """The function of the code that every test calls.

    Raises: MalformedProblem if there is none.
    """
    try:
        defined = {node.name for node in ast.parse(code).body if isinstance(node, ast.FunctionDef)}
        called = [_called(ast.parse(test)) for test in tests]
    except (SyntaxError, ValueError) as error:
        raise MalformedProblem(f"its code or tests do not parse ({type(error).__name__})") from None
    common = defined.intersection(*called) if called else set()
    if len(common) != 1:
        raise MalformedProblem(f"its tests call {len(common)} functions of its code; exactly one is needed")
    return common.pop()


def _called(tree: ast.AST) -> set[str]:
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return {function.id for function in calls if isinstance(function, ast.Name)}


def as_example(test: str) -> tuple[str, str] | None:
    """``assert f(1) == 2`` as a call and its value; None for a test of another form."""
    tree = ast.parse(test)
    statement = tree.body[0] if tree.body else None
    if not isinstance(statement, ast.Assert) or not isinstance(statement.test, ast.Compare):
        return None
    comparison = statement.test
    if len(comparison.ops) != 1 or not isinstance(comparison.ops[0], ast.Eq):
        return None
    call, value = ast.unparse(comparison.left), ast.unparse(comparison.comparators[0])
    return (call, value) if len(call) + len(value) <= 200 and isinstance(comparison.left, ast.Call) else None


def sentence(statement: str) -> str:
    """The task as a docstring says it: "Write a function to find x." becomes "Find x."."""
    text = OPENING.sub("", statement.strip())
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "?", "!")) else text + "."
