"""What code means, as far as its form tells: two texts with equal keys do the same.

A key is a nested tuple. Ways of writing one thing share it: ``a < b`` and ``b > a``, ``not a == b`` and ``a != b``,
``x += 1`` and ``x = x + 1``, an ``else`` behind a ``return`` and what follows it. Annotations, docstrings, comments and
layout leave no trace.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import Any

Key = Any
"""A hashable value: nested tuples of strings and constants."""

NONE: Key = ("constant", "NoneType", None)
_ZERO: Key = ("constant", "int", 0)
_IGNORED = frozenset({"ctx", "annotation", "returns", "type_comment", "kind", "type_params"})
_EXITS = frozenset({"Return", "Raise", "Break", "Continue"})
_CONSUMERS = frozenset(
    {"any", "all", "sum", "min", "max", "list", "set", "tuple", "sorted", "join", "frozenset", "dict"}
)
_COMMUTATIVE = (ast.Mult, ast.BitAnd, ast.BitOr, ast.BitXor)


def key(node: ast.expr) -> Key:
    """The key of an expression."""
    special = _EXPRESSIONS.get(type(node))
    return special(node) if special else _generic(node, key)


def truth(node: ast.expr) -> Key:
    """The key of an expression of which only the truth counts."""
    found = key(node)
    if found[0] == "constant":
        return ("constant", "bool", bool(found[2]))
    return found[1] if found[0] == "bool" else found


def is_plain(node: ast.expr) -> bool:
    """Whether it does not matter when, or how often, an expression is read."""
    if isinstance(node, (ast.Name, ast.Constant)):
        return True
    if isinstance(node, ast.Attribute):
        return is_plain(node.value)
    if isinstance(node, ast.UnaryOp):
        return is_plain(node.operand)
    if isinstance(node, ast.BinOp):
        return is_plain(node.left) and is_plain(node.right)
    if isinstance(node, ast.Subscript):
        return is_plain(node.value) and is_plain(node.slice)
    return is_length(node)


def is_length(node: ast.expr) -> bool:
    """Whether it is ``len(..)`` of something plain."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "len"):
        return False
    return len(node.args) == 1 and is_plain(node.args[0])


def opposite(found: Key) -> Key:
    """The key of ``not`` before what has a key."""
    if found[0] == "bool":
        return ("not", found[1])
    if found[0] == "not":
        inner = found[1]
        return inner if inner[0] in ("<", "==", "is", "in", "and", "or", "not") else ("bool", inner)
    if found[0] in ("and", "or"):
        return ("or" if found[0] == "and" else "and", *_ordered([opposite(part) for part in found[1:]]))
    return ("not", found)


def statement(node: ast.stmt, block: Callable[[list[ast.stmt]], tuple[Key, ...]]) -> tuple[Key, ...]:
    """The keys that a statement leaves in its block: none, one, or several where an ``else`` needs none.

    `block` gives the keys of the statements within.
    """
    if isinstance(node, ast.If):
        return _branch(truth(node.test), block(node.body), block(node.orelse))
    if isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
        return ()
    if isinstance(node, ast.AnnAssign):
        return (("=", key(node.target), key(node.value)),) if node.value is not None else ()
    if isinstance(node, ast.AugAssign):
        operation = ast.BinOp(left=node.target, op=node.op, right=node.value)
        return (("=", key(node.target), key(operation)),)
    if isinstance(node, ast.Assign):
        return (("=", *map(key, node.targets), key(node.value)),)
    if isinstance(node, ast.Return):
        return (("Return", key(node.value) if node.value is not None else NONE),)
    if isinstance(node, ast.While):
        return (("While", truth(node.test), block(node.body), block(node.orelse)),)
    if isinstance(node, (ast.For, ast.AsyncFor)):
        kind = type(node).__name__
        return ((kind, key(node.target), _members(node.iter), block(node.body), block(node.orelse)),)
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        head = (_generic(node.args, key), tuple(map(key, node.decorator_list)))
        return ((type(node).__name__, node.name, *head, without_last_return(block(node.body))),)
    return (_compound(node, block),)


def without_last_return(found: tuple[Key, ...]) -> tuple[Key, ...]:
    """The keys of a function's body; it returns None at its end anyway."""
    return found[:-1] if found and found[-1] == ("Return", NONE) else found


def _compound(node: ast.AST, block: Callable[[list[ast.stmt]], tuple[Key, ...]]) -> Key:
    parts: list[Key] = [type(node).__name__]
    for name, value in ast.iter_fields(node):
        if name in _IGNORED:
            continue
        if isinstance(value, list) and value and isinstance(value[0], ast.stmt):
            parts.append(block(value))
        elif isinstance(value, list):
            parts.append(tuple(_any(item, block) for item in value))
        else:
            parts.append(_any(value, block))
    return tuple(parts)


def _any(value: object, block: Callable[[list[ast.stmt]], tuple[Key, ...]]) -> Key:
    if isinstance(value, ast.expr):
        return key(value)
    return _compound(value, block) if isinstance(value, ast.AST) else _plain_value(value)


def _branch(test: Key, body: tuple[Key, ...], orelse: tuple[Key, ...]) -> tuple[Key, ...]:
    if exits(body):
        return (("If", test, body, ()), *orelse)
    other = opposite(test)
    other = other[1] if other[0] == "bool" else other
    if exits(orelse):
        return (("If", other, orelse, ()), *body)
    if orelse and (test[0] == "not" or not body):
        return (("If", other, orelse, body),)
    return (("If", test, body, orelse),)


def exits(block: tuple[Key, ...]) -> bool:
    """Whether a block never reaches its end."""
    if not block:
        return False
    last = block[-1]
    return last[0] in _EXITS or (last[0] == "If" and exits(last[2]) and exits(last[3]))


def _generic(node: ast.AST, inner: Callable[[ast.expr], Key]) -> Key:
    parts: list[Key] = [type(node).__name__]
    for name in node._fields:
        if name in _IGNORED:
            continue
        value = getattr(node, name, None)
        if isinstance(value, list):
            parts.append(tuple(_part(item, inner) for item in value))
        else:
            parts.append(_part(value, inner))
    return tuple(parts)


def _part(value: object, inner: Callable[[ast.expr], Key]) -> Key:
    if isinstance(value, ast.expr):
        return inner(value)
    return _generic(value, inner) if isinstance(value, ast.AST) else _plain_value(value)


def _plain_value(value: object) -> Key:
    return (type(value).__name__, value)


def _ordered(parts: list[Key]) -> list[Key]:
    return sorted(parts, key=repr)


def _constant(node: ast.Constant) -> Key:
    # The types matter: 1 equals True.
    return ("constant", type(node.value).__name__, node.value)


def _name(node: ast.Name) -> Key:
    return ("Name", node.id)


def _bool(node: ast.BoolOp) -> Key:
    word = "and" if isinstance(node.op, ast.And) else "or"
    parts: list[Key] = []
    for value in node.values:
        found = key(value)
        parts += found[1:] if found[0] == word else [found]
    return (word, *(_ordered(parts) if all(map(is_plain, node.values)) else parts))


def _unary(node: ast.UnaryOp) -> Key:
    if isinstance(node.op, ast.Not):
        return opposite(key(node.operand))
    value = node.operand.value if isinstance(node.operand, ast.Constant) else None
    if isinstance(node.op, ast.USub) and type(value) in (int, float):
        return ("constant", type(value).__name__, -value)  # type: ignore[operator]
    return _generic(node, key)


def _compare(node: ast.Compare) -> Key:
    pairs = list(_pairs(node))
    if len(pairs) > 1 and not all(is_plain(pair[0]) for pair in pairs[1:]):
        return _generic(node, key)
    found = [_comparison(*pair) for pair in pairs]
    return found[0] if len(found) == 1 else ("and", *found)


def _pairs(node: ast.Compare) -> Iterator[tuple[ast.expr, ast.cmpop, ast.expr]]:
    left = node.left
    for operator, right in zip(node.ops, node.comparators, strict=True):
        yield left, operator, right
        left = right


def _comparison(left: ast.expr, operator: ast.cmpop, right: ast.expr) -> Key:
    if isinstance(operator, (ast.In, ast.NotIn)):
        found: Key = ("in", key(left), _members(right))
        return ("not", found) if isinstance(operator, ast.NotIn) else found
    one, other = key(left), key(right)
    if isinstance(operator, (ast.Eq, ast.NotEq, ast.Is, ast.IsNot)):
        word = "==" if isinstance(operator, (ast.Eq, ast.NotEq)) and NONE not in (one, other) else "is"
        if word == "==" and is_length(left) and other == _ZERO:
            found = ("<", one, ("constant", "int", 1))
        else:
            both = is_plain(left) and is_plain(right)
            found = (word, *(_ordered([one, other]) if both else (one, other)))
        return ("not", found) if isinstance(operator, (ast.NotEq, ast.IsNot)) else found
    if isinstance(operator, (ast.Lt, ast.GtE)):
        return _less(left, right, one, other, isinstance(operator, ast.GtE))
    return _less(right, left, other, one, isinstance(operator, ast.LtE))


def _less(left: ast.expr, right: ast.expr, one: Key, other: Key, negated: bool) -> Key:
    """``left < right``, or its opposite. A length is an integer: above n is not below n + 1."""
    if is_length(right) and one[:2] == ("constant", "int"):
        one, other, negated = other, ("constant", "int", one[2] + 1), not negated
    found: Key = ("<", one, other)
    return ("not", found) if negated else found


def _members(node: ast.expr) -> Key:
    """The key of what is only looked through: the kind of display, and ``.keys()``, make no difference."""
    if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        return ("members", *map(key, node.elts))
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "keys"
        and not node.args
    ):
        return key(node.func.value)
    return key(node)


def _operation(node: ast.BinOp) -> Key:
    if isinstance(node.op, (ast.Add, ast.Sub)):
        return _sum(node)
    one, other = key(node.left), key(node.right)
    neutral = other == ("constant", "int", 1) and isinstance(node.op, (ast.Mult, ast.FloorDiv, ast.Pow))
    if neutral:
        return one
    parts = [one, other]
    if isinstance(node.op, _COMMUTATIVE) and is_plain(node.left) and is_plain(node.right):
        parts = _ordered(parts)
    return (type(node.op).__name__, *parts)


def _sum(node: ast.BinOp) -> Key:
    """Terms with their signs. With a number among them the order cannot matter, and all numbers are one."""
    terms: list[tuple[bool, Key]] = []
    pending: list[tuple[ast.expr, bool]] = [(node, True)]
    while pending:
        term, positive = pending.pop()
        if isinstance(term, ast.BinOp) and isinstance(term.op, (ast.Add, ast.Sub)):
            pending.append((term.right, positive == isinstance(term.op, ast.Add)))
            pending.append((term.left, positive))
        else:
            terms.append((positive, key(term)))
    numbers = [value[2] if positive else -value[2] for positive, value in terms if value[:2] == ("constant", "int")]
    if not numbers:
        return ("sum", *terms)
    rest = [(positive, value) for positive, value in terms if value[:2] != ("constant", "int")]
    total = sum(numbers)
    if len(rest) == 1 and rest[0][0] and not total:
        return rest[0][1]
    return ("sum", *_ordered(rest), *([total] if total else []))


def _call(node: ast.Call) -> Key:
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    arguments = [key(argument) for argument in node.args]
    if (name or method) in _CONSUMERS and arguments and arguments[0][0] == "ListComp":
        arguments[0] = ("GeneratorExp", *arguments[0][1:])
    keywords = [(keyword.arg, key(keyword.value)) for keyword in node.keywords]
    if method in ("get", "getattr") and len(arguments) == 2 and arguments[1] == NONE:
        arguments.pop()
    if name == "sorted" or method == "sort":
        keywords = [pair for pair in keywords if pair not in (("reverse", ("constant", "bool", False)), ("key", NONE))]
    if name == "range":
        if len(arguments) == 3 and arguments[2] == ("constant", "int", 1):
            arguments.pop()
        if len(arguments) == 2 and arguments[0] == _ZERO:
            arguments.pop(0)
    if name in ("min", "max") and len(arguments) > 1 and all(map(is_plain, node.args)):
        arguments = _ordered(arguments)
    return ("Call", key(node.func), tuple(arguments), tuple(_ordered(keywords)))


def _slice(node: ast.Slice) -> Key:
    lower, upper, step = (key(part) if part is not None else NONE for part in (node.lower, node.upper, node.step))
    return ("Slice", NONE if lower == _ZERO else lower, upper, NONE if step == ("constant", "int", 1) else step)


def _choice(node: ast.IfExp) -> Key:
    test, one, other = truth(node.test), key(node.body), key(node.orelse)
    return ("IfExp", test[1], other, one) if test[0] == "not" else ("IfExp", test, one, other)


def _comprehension(node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> Key:
    loops = tuple(
        (key(loop.target), _members(loop.iter), tuple(map(truth, loop.ifs)), loop.is_async) for loop in node.generators
    )
    return (type(node).__name__, key(node.elt), loops)


_EXPRESSIONS: dict[type[ast.expr], Callable[[Any], Key]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.BoolOp: _bool,
    ast.UnaryOp: _unary,
    ast.Compare: _compare,
    ast.BinOp: _operation,
    ast.Call: _call,
    ast.Slice: _slice,
    ast.IfExp: _choice,
    ast.ListComp: _comprehension,
    ast.SetComp: _comprehension,
    ast.GeneratorExp: _comprehension,
}
