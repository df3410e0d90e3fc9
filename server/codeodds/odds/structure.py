"""Edits of the words that direct a function: ``not``, ``return``, ``await``, ``break``, ``elif``."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from codeodds.odds.nodes import Around, Ranked

_NOT = re.compile(r"not\b\s*")
_WORD = re.compile(r"\w+")
_ANSWERS = re.compile(r"_*(is|has|can|should|may|must|equals|contains|any|all)_|__(eq|ne|lt|le|gt|ge|contains|bool)__")
"""Names of functions that answer yes or no."""
_NEGATED = (ast.Name, ast.Attribute, ast.Call, ast.Subscript, ast.Await)
_TESTS = frozenset({"test", "ifs"})


def structure(node: ast.AST, around: Around) -> Iterator[Ranked]:
    """Edits of one node's place in the flow."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield from _without_first_word(node, _NOT, "negation", around)
    elif isinstance(node, ast.If):
        yield from _branch(node, around)
    elif isinstance(node, (ast.Break, ast.Continue)):
        yield around.replace(node, "continue" if isinstance(node, ast.Break) else "break", "control")
        yield around.replace(node, "return", "control", 2)
    elif isinstance(node, ast.While):
        start = around.parsed.start(node)
        yield around.replace_between(start, start + len("while"), "if", "control", 2)
    elif isinstance(node, ast.Return) and node.value is not None:
        yield from _return(node, around)
    elif isinstance(node, ast.Expr):
        yield from _statement(node, around)
    elif isinstance(node, ast.Await):
        yield from _without_first_word(node, re.compile(r"await\b\s*"), "missing", around, 1)
    elif isinstance(node, ast.Yield) and node.value is not None:
        at = around.parsed.start(node) + len("yield")
        yield around.insert(at, " from", "control", 2)
    elif isinstance(node, ast.YieldFrom):
        yield from _without_first_word(node, re.compile(r"(?<=yield)\s+from\b"), "control", around, 1)
    if isinstance(node, ast.expr):
        if isinstance(node, _NEGATED) and _is_test(node, around):
            yield around.insert(around.parsed.start(node), "not ", "negation")
        if isinstance(node, ast.Call):
            yield from _missing_await(node, around)


def _is_test(node: ast.expr, around: Around) -> bool:
    """Whether only the truth of an expression counts."""
    role, parent = around.role(node), around.parent(node)
    if role in _TESTS:
        return True
    if isinstance(parent, ast.BoolOp):
        return isinstance(parent.op, ast.And) or _is_test(parent, around)
    if isinstance(parent, ast.Return):
        function = around.function_of(parent)
        answers = isinstance(function.returns, ast.Name) and function.returns.id == "bool"
        return answers or bool(_ANSWERS.match(function.name))
    return False


def _without_first_word(
    node: ast.expr, pattern: re.Pattern[str], kind: str, around: Around, rank: int = 0
) -> Iterator[Ranked]:
    start, end = around.parsed.start(node), around.parsed.end(node)
    match = pattern.search(around.parsed.unit.solution, max(0, start), end)
    if start >= 0 and match is not None and (match.start() == start or match.start() == start + len("yield")):
        yield around.replace_between(match.start(), match.end(), "", kind, rank)


def _branch(node: ast.If, around: Around) -> Iterator[Ranked]:
    start = around.parsed.start(node)
    if start < 0:
        return
    parent, role = around.parent(node), around.role(node)
    solution = around.parsed.unit.solution
    if solution.startswith("elif", start):
        yield around.replace_between(start, start + 2, "", "control")
        return
    block = getattr(parent, role, None)
    if isinstance(block, list) and node in block and block.index(node):
        before = block[block.index(node) - 1]
        if isinstance(before, ast.If) and not _last_else(before):
            yield around.insert(start, "el", "control")


def _last_else(node: ast.If) -> bool:
    """Whether a chain of ``elif`` ends with ``else``."""
    while len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If):
        node = node.orelse[0]
    return bool(node.orelse)


def _return(node: ast.Return, around: Around) -> Iterator[Ranked]:
    start = around.parsed.start(node)
    value = node.value
    if isinstance(value, (ast.Call, ast.Await)):
        yield around.replace_between(start, around.parsed.start(value), "", "missing", 2)
        name = value.func if isinstance(value, ast.Call) else None
        if isinstance(name, ast.Name) and name.id.endswith(("Error", "Exception")):
            yield around.replace_between(start, start + len("return"), "raise", "control")


def _statement(node: ast.Expr, around: Around) -> Iterator[Ranked]:
    """``return`` before what stands alone at the end of a block."""
    parent, role = around.parent(node), around.role(node)
    block = getattr(parent, role, None)
    start = around.parsed.start(node)
    value = node.value.value if isinstance(node.value, ast.Await) else node.value
    if start < 0 or isinstance(value, (ast.Constant, ast.Yield, ast.YieldFrom)):
        return
    if (
        isinstance(value, ast.Call)
        and isinstance(value.func, ast.Name)
        and value.func.id.endswith(("Error", "Exception"))
    ):
        yield around.insert(start, "raise ", "missing")
    if isinstance(block, list) and block and block[-1] is node:
        yield around.insert(start, "return ", "missing", 0 if not isinstance(value, ast.Call) else 1)


def _missing_await(node: ast.Call, around: Around) -> Iterator[Ranked]:
    """``await`` before a call that is a whole value, within a coroutine."""
    role, parent = around.role(node), around.parent(node)
    if role != "value" or not isinstance(parent, (ast.Expr, ast.Assign, ast.Return, ast.AnnAssign)):
        return
    if isinstance(around.function_of(node), ast.AsyncFunctionDef):
        yield around.insert(around.parsed.start(node), "await ", "missing", 1)
