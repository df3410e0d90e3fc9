"""Edits of calls and subscripts: exchanged values, ends of ranges and slices, functions of a similar meaning."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import pairwise

from codeodds.edits.nodes import LOW, Around, Ranked

SIMILAR: tuple[tuple[str, ...], ...] = (
    ("min", "max"),
    ("any", "all"),
    ("sorted", "reversed"),
    ("append", "extend"),
    ("append", "appendleft"),
    ("append", "insert"),
    ("add", "update"),
    ("add", "append"),
    ("first", "last"),
    ("startswith", "endswith"),
    ("removeprefix", "removesuffix"),
    ("lower", "upper"),
    ("strip", "lstrip", "rstrip"),
    ("split", "rsplit"),
    ("split", "splitlines"),
    ("partition", "rpartition"),
    ("find", "rfind", "index"),
    ("index", "rindex"),
    ("items", "keys", "values"),
    ("remove", "discard"),
    ("pop", "get"),
    ("pop", "popleft"),
    ("setdefault", "get"),
    ("isdigit", "isalpha", "isalnum"),
    ("union", "intersection", "difference"),
    ("issubset", "issuperset"),
    ("isinstance", "issubclass"),
    ("encode", "decode"),
    ("load", "loads"),
    ("dump", "dumps"),
    ("loads", "dumps"),
    ("read", "readline"),
    ("write", "writelines"),
    ("exists", "isfile", "isdir"),
    ("exists", "is_file", "is_dir"),
    ("match", "search", "fullmatch"),
    ("floor", "ceil"),
    ("floor", "round", "int"),
    ("int", "float"),
    ("str", "repr"),
    ("list", "set", "tuple"),
    ("sum", "len"),
    ("argmin", "argmax"),
    ("getattr", "hasattr"),
    ("basename", "dirname"),
    ("abspath", "realpath"),
    ("copy", "deepcopy"),
    ("quote", "unquote"),
    ("acquire", "release"),
    ("push", "pop"),
    ("minimum", "maximum"),
    ("zeros", "ones"),
    ("hstack", "vstack"),
    ("BytesIO", "StringIO"),
)
"""Functions and methods that take the same values, and that people confuse."""

_ORDERED_CALLS = frozenset(
    {"isinstance", "issubclass", "getattr", "hasattr", "setattr", "min", "max", "print", "range"}
)
"""Calls whose values nobody exchanges, or which do not care."""
_INDEXED = (ast.Name, ast.BinOp, ast.Attribute)


def _groups() -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for group in SIMILAR:
        for name in group:
            known = found.setdefault(name, [])
            known += [other for other in group if other != name and other not in known]
    return {name: tuple(others) for name, others in found.items()}


_OTHERS = _groups()


def calls(node: ast.AST, around: Around) -> Iterator[Ranked]:
    """Edits of one call, subscript or pair of values."""
    if isinstance(node, ast.Call):
        yield from _similar(node, around)
        yield from _range(node, around)
        yield from _defaults(node, around)
        yield from _unwrapped(node, around)
        if not (isinstance(node.func, ast.Name) and node.func.id in _ORDERED_CALLS):
            yield from _exchanged(node.args, "arguments", 0, around)
            named = [keyword.value for keyword in node.keywords if keyword.arg]
            yield from _exchanged(
                [value for value in named if isinstance(value, (ast.Name, ast.Attribute))], "keyword", 2, around
            )
    elif isinstance(node, ast.Tuple) and len(node.elts) <= 3:
        if around.role(node) in ("value", "target", "targets", "elt"):
            yield from _exchanged(node.elts, "arguments", 2, around)
    elif isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Sub, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow)):
        if not isinstance(node.left, (ast.Constant, ast.JoinedStr, ast.BinOp)) and not isinstance(
            node.right, (ast.Constant, ast.BinOp)
        ):
            yield from _exchanged([node.left, node.right], "arguments", 1, around)
    elif isinstance(node, ast.Subscript):
        yield from _subscript(node, around)


def _similar(node: ast.Call, around: Around) -> Iterator[Ranked]:
    name = node.func
    if isinstance(name, ast.Name):
        for rank, other in enumerate(_OTHERS.get(name.id, ())):
            yield around.replace(name, other, "builtin", 0 if rank < 2 else rank)
    elif isinstance(name, ast.Attribute) and name.attr in _OTHERS:
        end = around.parsed.end(name)
        for rank, other in enumerate(_OTHERS[name.attr]):
            yield around.replace_between(end - len(name.attr), end, other, "builtin", 0 if rank < 2 else rank)


def _range(node: ast.Call, around: Around) -> Iterator[Ranked]:
    if not (isinstance(node.func, ast.Name) and node.func.id == "range" and node.args) or node.keywords:
        return
    first, stop = node.args[0], node.args[1 if len(node.args) > 1 else 0]
    if isinstance(first, ast.Starred) or isinstance(stop, ast.Starred):
        return
    yield from _one_off(stop, "boundary", 0, around)
    if len(node.args) == 1:
        yield around.insert(around.parsed.start(first), "1, ", "boundary")
    else:
        yield from _one_off(first, "boundary", 1, around)
        if len(node.args) == 2:
            yield around.replace_between(around.parsed.start(first), around.parsed.start(stop), "", "boundary", 1)


def _defaults(node: ast.Call, around: Around) -> Iterator[Ranked]:
    """Values that a call may have or lack."""
    if node.keywords or any(isinstance(argument, ast.Starred) for argument in node.args):
        return
    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
    count, end = len(node.args), around.parsed.end(node)
    last = around.parsed.end(node.args[-1]) if node.args else end - 1
    if name == "getattr" and count == 2:
        yield around.insert(last, ", None", "arguments", 1)
    elif name == "pop" and isinstance(node.func, ast.Attribute) and count < 2:
        if not node.args:
            yield around.insert(end - 1, "0", "arguments", 1)
        elif isinstance(node.args[0], ast.Constant) and node.args[0].value == 0:
            yield around.replace(node.args[0], "", "arguments", 1)
        elif not around.is_numeric(node.args[0]):
            yield around.insert(last, ", None", "arguments", LOW)
    elif count > 1 and not (isinstance(node.func, ast.Name) and name in _ORDERED_CALLS):
        before = around.parsed.end(node.args[-2])
        gap = around.parsed.unit.solution[max(0, before) : around.parsed.start(node.args[-1])]
        if before >= 0 and gap.strip() == ",":
            yield around.replace_between(before, last, "", "arguments", LOW + 1)


def _unwrapped(node: ast.Call, around: Around) -> Iterator[Ranked]:
    """The only value of a call in the place of the call."""
    if len(node.args) != 1 or node.keywords or not isinstance(node.func, ast.Name):
        return
    value = node.args[0]
    loose = isinstance(value, (ast.GeneratorExp, ast.Starred, ast.NamedExpr, ast.Yield, ast.YieldFrom))
    if not loose and isinstance(around.parent(node), (ast.Return, ast.Assign, ast.For, ast.comprehension)):
        yield around.replace(node, around.parsed.source(value), "missing", LOW)


def _one_off(node: ast.expr, kind: str, rank: int, around: Around) -> Iterator[Ranked]:
    """One added to an expression, and one taken from it."""
    ends_with_number = isinstance(node, ast.BinOp) and isinstance(node.right, ast.Constant)
    loose = isinstance(node, (ast.IfExp, ast.BoolOp, ast.Compare, ast.Lambda, ast.NamedExpr, ast.Starred, ast.Constant))
    if not loose and not ends_with_number and not isinstance(node, ast.UnaryOp):
        at = around.parsed.end(node)
        yield around.insert(at, " + 1", kind, rank)
        yield around.insert(at, " - 1", kind, rank)


def _exchanged(values: list[ast.expr], kind: str, rank: int, around: Around) -> Iterator[Ranked]:
    """Two neighbours in each other's place."""
    for first, second in pairwise(values):
        if isinstance(first, ast.Starred) or isinstance(second, ast.Starred):
            continue
        one, other = around.parsed.source(first), around.parsed.source(second)
        start, end = around.parsed.start(first), around.parsed.end(second)
        if start < 0 or one == other or len(one) + len(other) > 120:
            continue
        gap = around.parsed.unit.solution[around.parsed.end(first) : around.parsed.start(second)]
        constants = isinstance(first, ast.Constant) and isinstance(second, ast.Constant)
        mixed = isinstance(first, ast.Constant) != isinstance(second, ast.Constant)
        yield around.replace_between(start, end, other + gap + one, kind, rank + constants + 2 * mixed)


def _subscript(node: ast.Subscript, around: Around) -> Iterator[Ranked]:
    index = node.slice
    if isinstance(index, ast.Slice):
        yield from _slice(index, around)
    elif isinstance(index, _INDEXED) and around.is_numeric(index):
        yield from _one_off(index, "slice", 0, around)


def _slice(node: ast.Slice, around: Around) -> Iterator[Ranked]:
    lower, upper = node.lower, node.upper
    start, end = around.parsed.start(node), around.parsed.end(node)
    if start < 0:
        return
    for bound, rank in ((lower, 1), (upper, 0)):
        if bound is not None:
            yield from _one_off(bound, "slice", rank, around)
    solution = around.parsed.unit.solution
    if node.step is not None:
        return
    if lower is not None and upper is None:
        yield around.replace_between(start, end, ":" + around.parsed.source(lower), "slice")
        if isinstance(lower, ast.Constant) and lower.value == 1:
            yield around.replace_between(start, end, ":-1", "slice")
    elif upper is not None and lower is None:
        text = around.parsed.source(upper)
        yield around.replace_between(start, end, "1:" if text == "-1" else text + ":", "slice")
        yield around.replace_between(start, start, "1", "slice", LOW)
    elif lower is not None and upper is not None:
        first, last = around.parsed.end(lower), around.parsed.start(upper)
        if "(" not in solution[first:last] and ")" not in solution[first:last]:
            yield around.replace_between(start, first, "", "slice", 2)
            yield around.replace_between(last, end, "", "slice", 2)
