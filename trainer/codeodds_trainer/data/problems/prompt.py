"""Prompts as an editor would show them: imports, signature, docstring."""

from __future__ import annotations

import ast
import re
import textwrap

from codeodds.source.functions import find_functions
from codeodds_trainer.data.problems.problem import MalformedProblem

INDENT = "    "
WIDTH = 100
TYPING = frozenset(
    {"Any", "Callable", "Deque", "Dict", "FrozenSet", "Iterable", "Iterator", "List", "Literal", "Optional", "Sequence"}
    | {"Set", "Tuple", "Union"}
)

MAIN = "solve"
"""The function that a program which reads stdin is shown as."""


def function_prompt(signature: str, statement: str, examples: list[tuple[str, str]] | None = None) -> str:
    """The prompt of a function or method. `signature`: from imports and decorators to the colon, as source.

    Raises: MalformedProblem if no Python editor would take the result for a function.
    """
    last = signature.rstrip().split("\n")[-1]
    indent = last[: len(last) - len(last.lstrip())] + INDENT
    prompt = signature.rstrip() + "\n" + docstring(statement, examples or [], indent)
    return check(prompt, indent)


def main_prompt(statement: str) -> tuple[str, str]:
    """Prompt and epilogue of a program that reads stdin and prints."""
    prompt = f"def {MAIN}() -> None:\n" + docstring(statement, [], INDENT)
    return check(prompt, INDENT), f"\n\n\n{MAIN}()\n"


def docstring(statement: str, examples: list[tuple[str, str]], indent: str) -> str:
    """A docstring with the statement and examples as in an interactive session."""
    text = statement.replace("\r\n", "\n").replace("\t", INDENT).strip()
    text = re.sub("[\x00\ud800-\udfff]", "", text)
    lines = [line for part in text.split("\n") for line in (textwrap.wrap(part, WIDTH) or [""])]
    for call, value in examples:
        lines += ["", f">>> {call}", value] if not lines[-1].startswith(">>>") else [f">>> {call}", value]
    quote = 'r"""' if "\\" in "".join(lines) else '"""'
    lines = [line.replace('"""', "'''") for line in lines]
    if lines[-1].endswith(("\\", '"')):
        lines.append("")
    if len(lines) == 1:
        return f'{indent}{quote}{lines[0]}"""\n'
    rest = "\n".join(f"{indent}{line}" if line else "" for line in lines[1:]).rstrip()
    return f'{indent}{quote}{lines[0]}\n{rest}\n{indent}"""\n'


def check(prompt: str, indent: str) -> str:
    """The prompt, if the server would see it as the problem of one function.

    Raises: MalformedProblem.
    """
    functions = find_functions(f"{prompt}{indent}return None\n")
    if not functions or functions[-1].unit.problem != prompt:
        raise MalformedProblem("its signature and statement do not make the head of a function")
    return prompt


def signature_from(program: str, name: str) -> str:
    """The head of a function in a program, as one line, without the annotations that need imports.

    Raises: MalformedProblem if the program does not parse or does not define it.
    """
    node = find_definition(program, name)
    arguments = ast.unparse(_without_foreign_annotations(node).args)
    return f"def {name}({arguments}):"


def find_definition(program: str, name: str) -> ast.FunctionDef:
    """The last definition of a function at the top of a program.

    Raises: MalformedProblem.
    """
    try:
        tree = ast.parse(program)
    except (SyntaxError, ValueError, RecursionError) as error:
        raise MalformedProblem(f"its reference solution does not parse ({type(error).__name__})") from None
    found = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name]
    if not found:
        raise MalformedProblem(f"its reference solution does not define {name}")
    return found[-1]


def typing_import(signature: str) -> str:
    """The import that a signature with typing's names needs; empty if it needs none."""
    used = sorted(TYPING.intersection(re.findall(r"\w+", signature)))
    return f"from typing import {', '.join(used)}\n\n\n" if used else ""


def _without_foreign_annotations(node: ast.FunctionDef) -> ast.FunctionDef:
    for argument in ast.walk(node.args):
        if isinstance(argument, ast.arg):
            argument.annotation = None
    return node
