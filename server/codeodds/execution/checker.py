"""Tests as Python statements, and tests as calls: run outside, with stand-ins for what the program defines."""

from __future__ import annotations

import ast
import builtins
import importlib
import math
import sys
from collections.abc import Sequence
from typing import Any

from codeodds.execution.inside.wire import WireError
from codeodds.execution.stand_ins import ProgramFailed, RaisedInside, Session
from codeodds.execution.verdict import Call, Verdict

TOLERANCE = 1e-6
"""Relative and absolute, between floats of calls."""

Finding = tuple[Verdict, str]


class TestsUnusable(Exception):
    """The tests themselves are wrong; nothing is known of the program."""


def check_statements(session: Session, program: str, tests: Sequence[str]) -> Finding:
    """Run test statements one after the other.

    Raises: TestsUnusable if one does not parse. What ended the program early is raised as ProgramFailed.
    """
    trees = [_parse(test, number) for number, test in enumerate(tests, 1)]
    session.load(program)
    wanted = _free_names(trees)
    namespace: dict[str, Any] = {"__name__": "tests", "__builtins__": builtins}
    namespace |= _imports(program, trees, wanted)
    bound = session.bind(sorted(wanted - namespace.keys()))
    if not any(callable(value) for value in bound.values()):
        # Then the tests can only mean a function that is named like a builtin.
        bound |= session.bind(sorted(_called_builtins(trees)))
    namespace |= bound
    for number, tree in enumerate(trees, 1):
        session.last_error = None
        try:
            exec(compile(tree, f"<test {number}>", "exec", dont_inherit=True), namespace)
        except AssertionError as error:
            if hasattr(error, "from_program"):
                return "runtime error", f"test {number}: {session.last_error}"
            return "wrong answer", f"test {number}: {_first_line(tests[number - 1])}"
        except Exception as error:
            if isinstance(error, ImportError) and not hasattr(error, "from_program"):
                raise TestsUnusable(f"test {number} imports what is not here: {error}") from None
            if hasattr(error, "from_program") or isinstance(error, RaisedInside):
                return "runtime error", f"test {number}: {session.last_error}"
            if isinstance(error, NameError) and error.name not in namespace:
                return "runtime error", f"test {number}: the program does not define {error.name}"
            return "wrong answer", f"test {number}: the result cannot be compared ({type(error).__name__})"
        if session.failure is not None:
            raise session.failure
    return "pass", ""


class EntryPoint:
    """The function or method that calls go to."""

    def __init__(self, session: Session, entry_point: str) -> None:
        name, _, self._method = entry_point.partition(".")
        self._found = session.bind([name]).get(name)
        self.missing = None if self._found is not None else f"the program does not define {name}"
        """What is wrong if there is nothing to call."""

    def __call__(self, *arguments: Any) -> Any:
        """A method is called on an object of its own each time."""
        function: Any = self._found
        return getattr(function(), self._method)(*arguments) if self._method else function(*arguments)


def check_calls(session: Session, program: str, entry_point: str, calls: Sequence[Call]) -> Finding:
    """Call the entry point with each set of arguments and compare what it returns."""
    session.load(program)
    entry = EntryPoint(session, entry_point)
    if entry.missing is not None:
        return "runtime error", entry.missing
    for number, call in enumerate(calls, 1):
        try:
            result = entry(*call.arguments)
            if not any(same(result, value) for value in call.accepted):
                return "wrong answer", f"call {number}"
        except (WireError, RecursionError, OverflowError) as error:
            if session.last_error is not None:
                return "runtime error", f"call {number}: {session.last_error}"
            return "wrong answer", f"call {number}: the result cannot be compared ({type(error).__name__})"
        except Exception as error:
            return "runtime error", f"call {number}: {session.last_error or type(error).__name__}"
    return "pass", ""


def same(result: Any, expected: Any) -> bool:
    """Equality for values that went through JSON: tuples are lists, floats agree to 1e-6, keys may be strings."""
    if isinstance(result, (list, tuple)) and isinstance(expected, (list, tuple)):
        return len(result) == len(expected) and all(map(same, result, expected))
    if isinstance(result, dict) and isinstance(expected, dict):
        named = {str(key): value for key, value in result.items()}
        wanted = {str(key): value for key, value in expected.items()}
        return named.keys() == wanted.keys() and all(same(value, wanted[key]) for key, value in named.items())
    if isinstance(result, bool) or isinstance(expected, bool):
        return result is expected or (not isinstance(result, float) and bool(result == expected))
    if isinstance(result, float) or isinstance(expected, float):
        if not isinstance(result, (int, float)) or not isinstance(expected, (int, float)):
            return False
        return math.isclose(result, expected, rel_tol=TOLERANCE, abs_tol=TOLERANCE) or result == expected
    return bool(result == expected)


def _parse(test: str, number: int) -> ast.Module:
    try:
        return ast.parse(test)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise TestsUnusable(f"test {number} is not valid Python ({error})") from None


def _free_names(trees: Sequence[ast.Module]) -> set[str]:
    """Names that tests read and that are theirs neither by binding nor as builtins."""
    read: set[str] = set()
    bound: set[str] = set()
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.Name):
                (read if isinstance(node.ctx, ast.Load) else bound).add(node.id)
            elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                bound.add(node.name)
            elif isinstance(node, ast.alias):
                bound.add((node.asname or node.name).split(".")[0])
            elif isinstance(node, ast.arg):
                bound.add(node.arg)
    return {name for name in read - bound if not hasattr(builtins, name)}


def _called_builtins(trees: Sequence[ast.Module]) -> set[str]:
    calls = [node.func for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return {call.id for call in calls if isinstance(call, ast.Name) and hasattr(builtins, call.id)}


def _imports(program: str, trees: Sequence[ast.Module], wanted: set[str]) -> dict[str, Any]:
    """Names of the standard library that tests use without importing them, because the program does.

    The tests get the real thing, under its own name only: a program must not choose what `math.isclose` is.
    """
    found: dict[str, Any] = {}
    nodes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    for node in nodes:
        if isinstance(node.value, ast.Name) and node.value.id in wanted and _is_standard(node.value.id):
            found[node.value.id] = importlib.import_module(node.value.id)
    try:
        for statement in ast.walk(ast.parse(program)):
            if isinstance(statement, ast.ImportFrom) and _is_standard(statement.module or "") and not statement.level:
                for alias in statement.names:
                    if alias.name in wanted and alias.asname in (None, alias.name):
                        found[alias.name] = getattr(importlib.import_module(str(statement.module)), alias.name)
    except (SyntaxError, ValueError, ImportError, AttributeError, RecursionError, MemoryError):
        return found
    return found


def _is_standard(module: str) -> bool:
    return module.split(".")[0] in sys.stdlib_module_names


def _first_line(test: str) -> str:
    line = test.strip().split("\n")[0]
    return line if len(line) <= 160 else line[:157] + "..."


__all__ = ["EntryPoint", "Finding", "ProgramFailed", "TestsUnusable", "check_calls", "check_statements", "same"]
