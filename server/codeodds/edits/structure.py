"""Edits of the words that direct a function: ``not``, ``return``, ``await``, ``break``, ``elif``."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from codeodds.edits.nodes import LOW, Around, Ranked
from codeodds.edits.oddities import WITHOUT_RESULT
from codeodds.edits.parsed import FUNCTIONS

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
        yield from _none(node, around)
    elif isinstance(node, ast.If):
        yield from _branch(node, around)
    elif isinstance(node, (ast.Break, ast.Continue)):
        yield from _instead(node, ("break", "continue", "return", "pass"), 0, around)
    elif isinstance(node, ast.Pass):
        yield from _instead(node, ("return", "continue"), LOW, around)
    elif isinstance(node, ast.Raise):
        yield from _raise(node, around)
    elif isinstance(node, ast.ExceptHandler):
        if node.type is None:
            yield around.insert(around.parsed.start(node) + len("except"), " Exception", "missing", 1)
    elif isinstance(node, ast.While):
        start = around.parsed.start(node)
        yield around.replace_between(start, start + len("while"), "if", "control", 2)
    elif isinstance(node, ast.Return):
        if node.value is None:
            yield from _instead(node, ("continue", "break"), 1, around)
        else:
            yield from _return(node, node.value, around)
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
            if not isinstance(node, ast.Await):
                yield around.insert(around.parsed.end(node), " is not None", "operator", 2)
        if isinstance(node, ast.Call):
            yield from _missing_await(node, around)


def _none(node: ast.UnaryOp, around: Around) -> Iterator[Ranked]:
    """``x is None`` for ``not x``."""
    start, inner, end = around.parsed.start(node), around.parsed.start(node.operand), around.parsed.end(node.operand)
    text = around.parsed.unit.solution
    if start >= 0 and isinstance(node.operand, _NEGATED) and text[start:inner].strip() == "not":
        yield around.replace_between(start, end, f"{text[inner:end]} is None", "operator", 2)


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


def _instead(node: ast.stmt, words: tuple[str, ...], rank: int, around: Around) -> Iterator[Ranked]:
    """Another statement of one word; those of a loop only within one."""
    up: ast.AST | None = node
    while up is not None and not isinstance(up, (ast.For, ast.AsyncFor, ast.While, *FUNCTIONS)):
        up = around.parent(up)
    in_loop = not (up is None or isinstance(up, FUNCTIONS))
    old = type(node).__name__.lower()
    for word in words:
        if word != old and (in_loop or word not in ("break", "continue")):
            yield around.replace(node, word, "control", rank)
            rank += 1


def _raise(node: ast.Raise, around: Around) -> Iterator[Ranked]:
    """``return`` for ``raise`` before what does not look like an error."""
    value = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
    name = value.attr if isinstance(value, ast.Attribute) else value.id if isinstance(value, ast.Name) else "Error"
    if node.cause is None and not name.endswith(("Error", "Exception", "Warning", "Exit", "Interrupt", "Iteration")):
        start = around.parsed.start(node)
        yield around.replace_between(start, start + len("raise"), "return", "control", 2)


def _return(node: ast.Return, value: ast.expr, around: Around) -> Iterator[Ranked]:
    start = around.parsed.start(node)
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
    if isinstance(value, ast.Compare) and isinstance(value.ops[0], ast.Eq) and len(value.ops) == 1:
        at, gap = around.between(value.left, value.comparators[0])
        if gap.strip() == "==":
            at += gap.index("==")
            yield around.replace_between(at, at + 2, "=", "operator")
    if isinstance(block, list) and block and block[-1] is node and not _has_no_result(value):
        yield around.insert(start, "return ", "missing", 0 if not isinstance(value, ast.Call) else 1)


def _has_no_result(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WITHOUT_RESULT


def _missing_await(node: ast.Call, around: Around) -> Iterator[Ranked]:
    """``await`` before a call that is a whole value, within a coroutine."""
    role, parent = around.role(node), around.parent(node)
    if role != "value" or not isinstance(parent, (ast.Expr, ast.Assign, ast.Return, ast.AnnAssign)):
        return
    if isinstance(around.function_of(node), ast.AsyncFunctionDef):
        yield around.insert(around.parsed.start(node), "await ", "missing", 1)
