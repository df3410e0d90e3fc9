"""Values that fit a type hint, for inputs of a function whose prompt shows no examples.

The hint is read, never evaluated: it may name whatever the user's file imports. The same hint and the same state of the
random numbers give the same value on every machine, so that the editor and the command line watch the same calls.
"""

from __future__ import annotations

import ast
import random
from collections.abc import Callable, Mapping
from typing import Any

DEEPEST = 4
"""Containers within each other; a hint that nests further is not understood."""

MOST_ITEMS = 5

INTEGERS = (0, 1, 2, 3, 4, 5, 7, 8, 10, 12, 24, 100, -1, -3, -10)
"""Small ones: large ones only keep a loop busy."""

FLOATS = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 7.25, 10.0, 100.0, -0.5, -1.0, -3.75)

TEXTS = ("", "a", "x y", "hello", "abcba", "Python 3", "a,b,,c", "10", "Aa bB", "the cat the hat", "  x ", "level")

LISTS = frozenset({"list", "List", "Sequence", "MutableSequence", "Iterable", "Collection", "Reversible"})
SETS = frozenset({"set", "Set", "AbstractSet", "MutableSet"})
MAPPINGS = frozenset({"dict", "Dict", "Mapping", "MutableMapping"})
TUPLES = frozenset({"tuple", "Tuple"})

_PLAIN: Mapping[str, Callable[[random.Random], Any]] = {
    "int": lambda rng: rng.choice(INTEGERS),
    "float": lambda rng: rng.choice(FLOATS),
    "str": lambda rng: rng.choice(TEXTS),
    "bool": lambda rng: rng.random() < 0.5,
    "bytes": lambda rng: rng.choice(TEXTS).encode(),
    "None": lambda rng: None,
    # Anything at all may come: numbers are what most functions can do something with.
    "Any": lambda rng: rng.choice(INTEGERS),
    "object": lambda rng: rng.choice(INTEGERS),
}


class UnknownHint(Exception):
    """A hint that names anything but plain values and containers of them."""


def hinted_value(hint: str, rng: random.Random) -> Any:
    """A value of the type that `hint` writes: ``"dict[str, list[int]]"``. It has a literal.

    Known are the builtin types and `typing`'s and `collections.abc`'s names for them, unions, ``Optional``, ``Literal``
    and ``Annotated``, under any prefix (``t.List[int]``), and hints within quotes.

    Raises: UnknownHint for any other hint, and for text that is no expression.
    """
    return _value(_parsed(hint), rng, 0)


def _parsed(hint: str) -> ast.expr:
    try:
        return ast.parse(hint.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise UnknownHint(hint) from None


def _value(node: ast.expr, rng: random.Random, depth: int) -> Any:
    if depth > DEEPEST:
        raise UnknownHint(ast.unparse(node))
    match node:
        case ast.Constant(value=None):
            return None
        case ast.Constant(value=str(text)):
            return _value(_parsed(text), rng, depth + 1)
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return _one_of([left, right], rng, depth)
        case ast.Subscript(value=of, slice=inner):
            parts = list(inner.elts) if isinstance(inner, ast.Tuple) else [inner]
            return _generic(_name(of), parts, rng, depth)
    name = _name(node)
    if name in _PLAIN:
        return _PLAIN[name](rng)
    return _generic(name, _common_parts(name), rng, depth)


def _common_parts(name: str) -> list[ast.expr]:
    """What a bare container most often holds."""
    if name in MAPPINGS:
        return [ast.Name("str"), ast.Name("int")]
    return [ast.Name("int"), ast.Constant(...)] if name in TUPLES else [ast.Name("int")]


def _name(node: ast.expr) -> str:
    """``List`` of ``typing.List``."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _generic(name: str, parts: list[ast.expr], rng: random.Random, depth: int) -> Any:
    if not parts and name not in TUPLES:
        raise UnknownHint(name)
    if name == "Literal":
        return _literal(rng.choice(parts))
    if name == "Optional" and len(parts) == 1:
        return _one_of([parts[0], ast.Constant(None)], rng, depth)
    if name == "Union":
        return _one_of(parts, rng, depth)
    if name == "Annotated":
        return _value(parts[0], rng, depth)
    if name in TUPLES:
        if len(parts) == 2 and _is_ellipsis(parts[1]):
            return tuple(_items(parts[0], rng, depth))
        return tuple(_value(part, rng, depth + 1) for part in parts)
    if name in LISTS and len(parts) == 1:
        return _items(parts[0], rng, depth)
    try:
        if name in SETS and len(parts) == 1:
            return set(_items(parts[0], rng, depth))
        if name in MAPPINGS and len(parts) == 2:
            return {key: _value(parts[1], rng, depth + 1) for key in _items(parts[0], rng, depth)}
    except TypeError:
        pass  # A list can be no key.
    raise UnknownHint(name)


def _items(of: ast.expr, rng: random.Random, depth: int) -> list[Any]:
    return [_value(of, rng, depth + 1) for _ in range(rng.randint(0, MOST_ITEMS))]


def _one_of(parts: list[ast.expr], rng: random.Random, depth: int) -> Any:
    """A value of one of the hints; None, which most functions treat apart, in one of five cases."""
    nothing = [part for part in parts if isinstance(part, ast.Constant) and part.value is None]
    others = [part for part in parts if part not in nothing]
    if nothing and (not others or rng.random() < 0.2):
        return None
    known = []
    for part in others:
        try:
            known.append(_value(part, rng, depth + 1))
        except UnknownHint:
            continue
    if not known:
        raise UnknownHint(" | ".join(map(ast.unparse, parts)))
    return rng.choice(known)


def _literal(node: ast.expr) -> Any:
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError):
        raise UnknownHint(ast.unparse(node)) from None
    # PEP 586 allows no others; an ellipsis or an infinity could not be written down again.
    if not isinstance(value, int | str | bytes | None):
        raise UnknownHint(ast.unparse(node))
    return value


def _is_ellipsis(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is ...
