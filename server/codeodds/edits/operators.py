"""Edits of operators, numbers and constants."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from codeodds.edits.nodes import LOW, Around, Ranked

LARGEST = 2**53
"""Numbers above are masks and hashes rather than counts."""

_EQUALITY = (ast.Eq, ast.NotEq)
_ORDER = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)

COMPARISONS: dict[type[ast.cmpop], tuple[str, tuple[str, ...]]] = {
    ast.Lt: ("<", ("<=", ">", ">=")),
    ast.LtE: ("<=", ("<", ">=", "==", ">")),
    ast.Gt: (">", (">=", "<", "<=", "!=")),
    ast.GtE: (">=", (">", "<=", "==", "<")),
    ast.Eq: ("==", ("!=", ">=", "<=", "in", "is")),
    ast.NotEq: ("!=", ("==", ">", "<", "not in", "is not")),
    ast.Is: ("is", ("is not", "==")),
    ast.IsNot: ("is not", ("is", "!=")),
    ast.In: ("in", ("not in", "==")),
    ast.NotIn: ("not in", ("in", "!=")),
}
"""Each comparison as it is written, and those that people confuse with it, the likeliest first."""

ARITHMETIC: dict[type[ast.operator], tuple[str, tuple[str, ...]]] = {
    ast.Add: ("+", ("-", "*")),
    ast.Sub: ("-", ("+", "/")),
    ast.Mult: ("*", ("+", "/", "//", "**")),
    ast.Div: ("/", ("//", "*", "%")),
    ast.FloorDiv: ("//", ("/", "%", "*")),
    ast.Mod: ("%", ("//", "/", "*")),
    ast.Pow: ("**", ("*",)),
    ast.BitAnd: ("&", ("|", "^", "and")),
    ast.BitOr: ("|", ("&", "^", "or")),
    ast.BitXor: ("^", ("|", "&", "**")),
    ast.LShift: ("<<", (">>",)),
    ast.RShift: (">>", ("<<",)),
    ast.MatMult: ("@", ("*",)),
}
"""The same for operators between two values."""

_BOUNDARIES = {("<", "<="), ("<=", "<"), (">", ">="), (">=", ">")}
_AUGMENTED: dict[type[ast.operator], tuple[str, ...]] = {
    kind: tuple(f"{other}=" for other in others if not other.isalpha()) for kind, (_, others) in ARITHMETIC.items()
}


def operators(node: ast.AST, around: Around) -> Iterator[Ranked]:
    """Edits of one node's operators, or of the number or constant that it is."""
    if isinstance(node, ast.Compare):
        left = node.left
        for operator, right in zip(node.ops, node.comparators, strict=True):
            yield from _comparison(left, operator, right, around)
            left = right
    elif isinstance(node, ast.BinOp):
        yield from _arithmetic(node, around)
    elif isinstance(node, ast.BoolOp):
        old, new = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        for left, right in zip(node.values, node.values[1:], strict=False):
            yield from _swap(left, right, old, [(new, "operator", 0)], around)
    elif isinstance(node, ast.AugAssign):
        yield from _augmented(node, around)
    elif isinstance(node, ast.UnaryOp):
        yield from _unary(node, around)
    elif isinstance(node, ast.Constant):
        yield from _constant(node, around)


def _comparison(left: ast.expr, operator: ast.cmpop, right: ast.expr, around: Around) -> Iterator[Ranked]:
    old, others = COMPARISONS[type(operator)]
    choices = [
        (new, "boundary" if (old, new) in _BOUNDARIES else "operator", 0 if rank < 1 else rank)
        for rank, new in enumerate(others)
        if _makes_sense(new, operator, left, right)
    ]
    yield from _swap(left, right, old, choices, around)
    if isinstance(operator, _ORDER):
        for side in (left, right):
            if around.is_numeric(side) and not isinstance(side, (ast.Constant, ast.UnaryOp)):
                at = around.parsed.end(side)
                yield around.insert(at, " - 1", "number", LOW)
                yield around.insert(at, " + 1", "number", LOW)


def _makes_sense(new: str, old: ast.cmpop, left: ast.expr, right: ast.expr) -> bool:
    """Whether anybody could write an operator between these two."""
    single = any(_is_single(side) for side in (left, right))
    text = any(isinstance(side, (ast.JoinedStr, ast.List, ast.Tuple, ast.Dict, ast.Set)) for side in (left, right))
    text = text or any(
        isinstance(side, ast.Constant) and isinstance(side.value, (str, bytes)) for side in (left, right)
    )
    if isinstance(old, (ast.Is, ast.IsNot)):
        return not (new in ("==", "!=") and single)
    if isinstance(old, _EQUALITY):
        if new in ("is", "is not"):
            return not text and not any(isinstance(side, ast.Constant) for side in (left, right))
        if new in ("in", "not in"):
            return not single and not (isinstance(right, ast.Constant) and not isinstance(right.value, (str, bytes)))
        if new in ("<", "<=", ">", ">="):
            return not text and not single
    if isinstance(old, (ast.In, ast.NotIn)) and new in ("==", "!="):
        return not isinstance(right, (ast.List, ast.Tuple, ast.Dict, ast.Set))
    return True


def _is_single(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and (node.value is None or isinstance(node.value, bool))


def _arithmetic(node: ast.BinOp, around: Around) -> Iterator[Ranked]:
    old, others = ARITHMETIC[type(node.op)]
    texts = [side for side in (node.left, node.right) if _is_text(side)]
    if texts and isinstance(node.op, (ast.Add, ast.Mod, ast.Mult)):
        return
    yield from _swap(
        node.left,
        node.right,
        old,
        [(new, "operator", 0 if rank < 2 else rank) for rank, new in enumerate(others)],
        around,
    )
    if isinstance(node.op, (ast.Add, ast.Sub)):
        start, end = around.parsed.end(node.left), around.parsed.end(node.right)
        if _is_one(node.right) and start >= 0:
            gap = around.between(node.left, node.right)[1]
            if "(" not in gap and ")" not in gap:
                yield around.replace_between(start, end, "", "number")
        elif isinstance(node.op, ast.Sub) and not isinstance(node.right, ast.Constant):
            parent = around.parent(node)
            if not (isinstance(parent, ast.BinOp) and _is_one(parent.right)) and around.role(node) in _VALUES:
                yield around.insert(end, " + 1", "number", 1)
                yield around.insert(end, " - 1", "number", 1)


_VALUES = frozenset({"value", "args", "left", "right", "comparators", "elts", "upper", "lower", "slice"})


def _is_one(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) is int and node.value == 1


def _is_text(node: ast.expr) -> bool:
    if isinstance(node, ast.Constant):
        return isinstance(node.value, (str, bytes))
    return isinstance(node, (ast.JoinedStr, ast.List, ast.ListComp))


def _augmented(node: ast.AugAssign, around: Around) -> Iterator[Ranked]:
    old = ARITHMETIC[type(node.op)][0] + "="
    choices = [(new, "operator", rank) for rank, new in enumerate(_AUGMENTED[type(node.op)][:2])]
    if _is_text(node.value):
        choices = []
    yield from _swap(node.target, node.value, old, [*choices, ("=", "operator", 1)], around)


def _unary(node: ast.UnaryOp, around: Around) -> Iterator[Ranked]:
    number = node.operand
    if not isinstance(node.op, ast.USub):
        return
    if isinstance(number, ast.Constant) and type(number.value) is int and number.value <= LARGEST:
        kind = _kind_of_number(node, around)
        for rank, value in enumerate(dict.fromkeys((0, 1, -number.value - 1, 1 - number.value, number.value))):
            if value != -number.value:
                yield around.replace(node, str(value), kind, 0 if rank < 2 else rank)
    else:
        start = around.parsed.start(node)
        if start >= 0 and around.parsed.unit.solution[start : start + 1] == "-":
            yield around.replace_between(start, start + 1, "", "operator", 1)


def _constant(node: ast.Constant, around: Around) -> Iterator[Ranked]:
    value = node.value
    if value is None or isinstance(value, bool):
        if isinstance(around.parent(node), (ast.Compare, ast.MatchSingleton)):
            return
        kind = "keyword" if isinstance(around.parent(node), ast.keyword) else "constant"
        others = {True: ("False", "None"), False: ("True", "None"), None: ("False", "True")}[value]
        for rank, text in enumerate(others):
            yield around.replace(node, text, kind, rank if value is not None else 1 + rank)
    elif type(value) is int and value <= LARGEST and not isinstance(around.parent(node), ast.UnaryOp):
        kind = _kind_of_number(node, around)
        numbers = [value + 1, value - 1, *((0, 1) if value > 1 else (-1,))]
        source = around.parsed.source(node)
        for rank, other in enumerate(dict.fromkeys(numbers)):
            if other == value or (other < 0 and _touches(node, around)):
                continue
            text = hex(other) if source[:2] in ("0x", "0X") and other > 1 else str(other)
            yield around.replace(node, text, kind, 0 if rank < 2 else rank)
    elif type(value) is float and value in (0.0, 0.5, 1.0, 2.0):
        for rank, text in enumerate(("0.0", "1.0", "0.5")):
            if float(text) != value:
                yield around.replace(node, text, "number", 1 + rank)


def _touches(node: ast.expr, around: Around) -> bool:
    """Whether a minus sign would read as another operator: ``2 ** 0`` or ``x - 0``."""
    return isinstance(around.parent(node), ast.BinOp)


def _kind_of_number(node: ast.expr, around: Around) -> str:
    parent = around.parent(node)
    return "slice" if isinstance(parent, ast.Slice) or around.role(node) == "slice" else "number"


def _swap(
    left: ast.expr, right: ast.expr, old: str, choices: list[tuple[str, str, int]], around: Around
) -> Iterator[Ranked]:
    """Other operators between two operands."""
    start, gap = around.between(left, right)
    match = re.search(r"\s+".join(map(re.escape, old.split())), gap)
    if match is None:
        return
    first, last = start + match.start(), start + match.end()
    for new, kind, rank in choices:
        yield around.replace_between(first, last, new, kind, rank)
