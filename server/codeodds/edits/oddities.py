"""What nobody means to write: a comparison with itself, a constant test, a value that nobody uses."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise

from codeodds.edits.meaning import is_length, is_plain, key

_PURE = frozenset(
    {"abs", "all", "any", "bool", "dict", "enumerate", "float", "frozenset", "int", "isinstance", "len", "list", "max"}
    | {"min", "range", "repr", "reversed", "round", "set", "sorted", "str", "sum", "tuple", "zip", "hasattr", "filter"}
)
"""Functions that are called for their result alone."""
WITHOUT_RESULT = frozenset({"append", "extend", "sort", "reverse", "clear", "insert", "discard", "add", "appendleft"})
"""Methods that return None."""
_SAME = {ast.Sub: "-", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^"}
_WITHOUT_EFFECT: dict[type[ast.operator], frozenset[int]] = {
    ast.Add: frozenset({0}),
    ast.Sub: frozenset({0}),
    ast.Mult: frozenset({0, 1}),
    ast.Div: frozenset({0, 1}),
    ast.FloorDiv: frozenset({0, 1}),
    ast.Mod: frozenset({0, 1}),
    ast.Pow: frozenset({0, 1}),
    ast.LShift: frozenset({0}),
    ast.RShift: frozenset({0}),
    ast.BitAnd: frozenset({0}),
    ast.BitOr: frozenset({0}),
}
"""Numbers on the right that leave the left side as it is, or make it a constant."""


def oddities(node: ast.stmt) -> Iterator[str]:
    """What is odd about a statement, without the statements within it; in words that say what it does."""
    if isinstance(node, ast.Expr):
        if _is_unused(node.value):
            yield "computes a value that nobody uses"
    elif isinstance(node, ast.Assign):
        value = key(node.value)
        if any(key(target) == value for target in node.targets):
            yield "assigns a value to itself"
    elif isinstance(node, ast.AugAssign) and _has_no_effect(node.op, node.value):
        yield "computes with a number that has no effect"
    elif isinstance(node, (ast.If, ast.While)):
        yield from _test(node.test, isinstance(node, ast.While))
        if isinstance(node, ast.If) and node.orelse and _dumped(node.body) == _dumped(node.orelse):
            yield "does the same in both branches"
    elif isinstance(node, ast.Assert):
        yield from _test(node.test, False)
    if isinstance(node, (ast.Assign, ast.Return)) and _returns_none(node.value):
        yield "uses the result of a method that has none"
    for inner in own_nodes(node):
        yield from _expression(inner)


def own_nodes(node: ast.stmt) -> Iterator[ast.AST]:
    """The nodes of a statement that are in no statement within it."""
    pending: list[ast.AST] = [child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.stmt)]
    while pending:
        inner = pending.pop()
        yield inner
        pending += [child for child in ast.iter_child_nodes(inner) if not isinstance(child, ast.stmt)]


def _expression(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Compare):
        yield from _comparison(node)
    elif isinstance(node, ast.BoolOp):
        if _repeats(node.values):
            yield "repeats an operand"
        if any(isinstance(value, ast.Constant) for value in node.values[:-1]):
            yield "tests a constant"
    elif isinstance(node, ast.IfExp):
        yield from _test(node.test, False)
        if key(node.body) == key(node.orelse):
            yield "does the same in both branches"
    elif isinstance(node, ast.BinOp):
        if type(node.op) in _SAME and is_plain(node.left) and key(node.left) == key(node.right):
            yield f"applies {_SAME[type(node.op)]} to one value twice"
        if _has_no_effect(node.op, node.right):
            yield "computes with a number that has no effect"
    elif isinstance(node, ast.Call):
        if _repeats([*node.args, *(keyword.value for keyword in node.keywords)]):
            yield "passes one value twice"
        yield from _empty_range(node)
    elif isinstance(node, (ast.Tuple, ast.Set)):
        if _repeats(node.elts):
            yield "holds one value twice"
    elif isinstance(node, ast.Dict):
        if _repeats([name for name in node.keys if name is not None], constants=True):
            yield "has one key twice"
    elif isinstance(node, ast.Slice):
        if node.upper is not None and key(node.lower or ast.Constant(0)) == key(node.upper):
            yield "cuts nothing out"
    elif isinstance(node, ast.comprehension):
        for test in node.ifs:
            yield from _test(test, False)


def _comparison(node: ast.Compare) -> Iterator[str]:
    sides = [node.left, *node.comparators]
    for operator, (left, right) in zip(node.ops, pairwise(sides), strict=True):
        if is_plain(left) and key(left) == key(right):
            yield "compares a value with itself"
        if isinstance(left, ast.Constant) and isinstance(right, ast.Constant):
            yield "tests a constant"
        number = key(right)
        if is_length(left) and number[:2] == ("constant", "int"):
            never = isinstance(operator, (ast.Lt, ast.GtE)) and number[2] <= 0
            if never or (number[2] < 0 and isinstance(operator, (ast.Eq, ast.NotEq, ast.LtE, ast.Gt))):
                yield "compares a length with what it never is"


def _test(node: ast.expr, is_loop: bool) -> Iterator[str]:
    if (isinstance(node, ast.Constant) and not (is_loop and node.value)) or isinstance(
        node, (ast.Tuple, ast.List, ast.Dict, ast.Lambda, ast.JoinedStr)
    ):
        yield "tests a constant"


def _is_unused(node: ast.expr) -> bool:
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id in _PURE
    if isinstance(node, (ast.Constant, ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr)):
        return False
    if isinstance(node, (ast.BoolOp, ast.IfExp)):
        # Its last part may be there for what it does.
        return _is_unused(node.values[-1] if isinstance(node, ast.BoolOp) else node.body)
    return not isinstance(node, (ast.ListComp, ast.SetComp))


def _returns_none(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WITHOUT_RESULT


def _repeats(nodes: Iterable[ast.expr], constants: bool = False) -> bool:
    """Whether two of these are one and the same; constants are alike by chance."""
    plain = [node for node in nodes if is_plain(node) and (constants or not _is_constant(node))]
    if len(plain) < 2:
        return False
    return max(Counter(map(key, plain)).values()) > 1


def _is_constant(node: ast.expr) -> bool:
    if isinstance(node, ast.UnaryOp):
        return _is_constant(node.operand)
    return isinstance(node, ast.Constant) or (isinstance(node, ast.Name) and node.id == "_")


def _has_no_effect(operator: ast.operator, right: ast.expr) -> bool:
    numbers = _WITHOUT_EFFECT.get(type(operator))
    return (
        numbers is not None and isinstance(right, ast.Constant) and type(right.value) is int and right.value in numbers
    )


def _empty_range(node: ast.Call) -> Iterator[str]:
    if not (isinstance(node.func, ast.Name) and node.func.id == "range" and len(node.args) in (1, 2)):
        return
    first, stop = key(ast.Constant(0) if len(node.args) == 1 else node.args[0]), key(node.args[-1])
    numbers = first[:2] == stop[:2] == ("constant", "int")
    if first == stop or (numbers and first[2] >= stop[2]):
        yield "counts through nothing"


def _dumped(block: list[ast.stmt]) -> list[str]:
    return [ast.dump(statement) for statement in block]
