"""Correct solutions with one small error, of the kinds that people make. Each is executed before it gets a label.

Kinds: another operator, a constant that is one off, a boundary (< for <=), an index that is one off, two arguments of a
call exchanged, a negation left out, a call left out of what is returned, another variable. Nothing else changes: no
bracket, no space, no comment tells a mutant from what a person might have written.
"""

from __future__ import annotations

import ast
import random
import re
from collections.abc import Iterator
from typing import NamedTuple


class Mutant(NamedTuple):
    """A changed function body."""

    completion: str
    kind: str
    line: int
    """Line of the change in the completion, from 0."""


class Edit(NamedTuple):
    """Characters [start, end) of a source become `text`."""

    start: int
    end: int
    text: str
    kind: str


OPERATORS: dict[type[ast.AST], tuple[str, str, str]] = {
    ast.Add: ("+", "-", "operator"),
    ast.Sub: ("-", "+", "operator"),
    ast.Mult: ("*", "+", "operator"),
    ast.Div: ("/", "//", "operator"),
    ast.FloorDiv: ("//", "/", "operator"),
    ast.Mod: ("%", "//", "operator"),
    ast.Pow: ("**", "*", "operator"),
    ast.BitAnd: ("&", "|", "operator"),
    ast.BitOr: ("|", "&", "operator"),
    ast.BitXor: ("^", "|", "operator"),
    ast.And: ("and", "or", "operator"),
    ast.Or: ("or", "and", "operator"),
    ast.Eq: ("==", "!=", "operator"),
    ast.NotEq: ("!=", "==", "operator"),
    ast.In: ("in", "not in", "operator"),
    ast.Lt: ("<", "<=", "boundary"),
    ast.LtE: ("<=", "<", "boundary"),
    ast.Gt: (">", ">=", "boundary"),
    ast.GtE: (">=", ">", "boundary"),
}
"""For each operator its text, the text that takes its place, and the kind of error."""

LARGEST = 2**53
MUTANT = "mutant: "
"""What the generator of a mutant starts with; its kind follows."""


def mutate(prompt: str, completion: str, most: int, seed: str) -> list[Mutant]:
    """Up to `most` different mutants of a completion, a random choice that depends on the arguments alone.

    A completion that does not parse has none.
    """
    source = prompt + completion
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return []
    found: dict[str, Mutant] = {}
    for edit in _edits(tree, _Places(source)):
        changed = source[: edit.start] + edit.text + source[edit.end :]
        if edit.start >= len(prompt) and changed != source and _parses(changed):
            line = source.count("\n", len(prompt), edit.start)
            found.setdefault(changed, Mutant(changed[len(prompt) :], edit.kind, line))
    mutants = list(found.values())
    random.Random(seed).shuffle(mutants)
    return _spread(mutants)[:most]


class _Places:
    """Where nodes stand in a source, in characters; the parser counts lines and bytes."""

    def __init__(self, source: str) -> None:
        self.source = source
        self._lines = source.split("\n")
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line) + 1)

    def start(self, node: ast.expr | ast.stmt) -> int:
        return self._at(node.lineno, node.col_offset)

    def end(self, node: ast.expr | ast.stmt) -> int:
        return self._at(node.end_lineno or node.lineno, node.end_col_offset or node.col_offset)

    def text(self, node: ast.expr | ast.stmt) -> str:
        return self.source[self.start(node) : self.end(node)]

    def _at(self, line: int, column: int) -> int:
        before = self._lines[line - 1].encode("utf-8", "surrogatepass")[:column]
        return self._starts[line - 1] + len(before.decode("utf-8", "surrogatepass"))


def _edits(tree: ast.AST, places: _Places) -> Iterator[Edit]:
    # The parts of an f-string have no places of their own in every Python.
    skipped = {id(inner) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for inner in ast.walk(node)}
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.BinOp):
            yield from _between(node.left, node.right, node.op, places)
        elif isinstance(node, ast.BoolOp):
            for left, right in zip(node.values, node.values[1:], strict=False):
                yield from _between(left, right, node.op, places)
        elif isinstance(node, ast.Compare):
            left = node.left
            for operator, right in zip(node.ops, node.comparators, strict=True):
                yield from _between(left, right, operator, places)
                left = right
        elif isinstance(node, ast.Constant):
            yield from _constant(node, places)
        elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Name):
            yield Edit(places.end(node.slice), places.end(node.slice), " - 1", "index")
        elif isinstance(node, ast.Call):
            yield from _call(node, places)
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            yield Edit(places.start(node), places.start(node.operand), "", "negation")
        elif isinstance(node, ast.Return) and isinstance(node.value, ast.Call) and len(node.value.args) == 1:
            value = node.value
            yield Edit(places.start(value), places.end(value), places.text(value.args[0]), "call")
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield from _names(node, places, skipped)


def _names(function: ast.FunctionDef | ast.AsyncFunctionDef, places: _Places, skipped: set[int]) -> Iterator[Edit]:
    """Another variable of the function where one is read (variable misuse: Allamanis et al., 2018)."""
    settings = function.args
    arguments = [*settings.posonlyargs, *settings.args, *settings.kwonlyargs]
    names = [node for node in ast.walk(function) if isinstance(node, ast.Name) and id(node) not in skipped]
    bound = [argument.arg for argument in arguments if argument.arg not in ("self", "cls")]
    bound += [node.id for node in names if isinstance(node.ctx, ast.Store)]
    others = list(dict.fromkeys(bound))
    for node in names:
        if isinstance(node.ctx, ast.Load) and node.id in others:
            at = others.index(node.id)
            for other in dict.fromkeys((others[at - 1], others[(at + 1) % len(others)])):
                if other != node.id:
                    yield Edit(places.start(node), places.end(node), other, "variable")


def _between(left: ast.expr, right: ast.expr, operator: ast.AST, places: _Places) -> Iterator[Edit]:
    """Another operator between two operands. Comments may stand there too; then there is no edit."""
    if type(operator) not in OPERATORS:
        return
    old, new, kind = OPERATORS[type(operator)]
    start, end = places.end(left), places.start(right)
    gap = places.source[start:end]
    at = [match.start() for match in re.finditer(re.escape(old), gap)]
    if len(at) == 1 and "#" not in gap:
        yield Edit(start + at[0], start + at[0] + len(old), new, kind)


def _constant(node: ast.Constant, places: _Places) -> Iterator[Edit]:
    start, end = places.start(node), places.end(node)
    if isinstance(node.value, bool):
        yield Edit(start, end, str(not node.value), "constant")
    elif isinstance(node.value, int) and node.value < LARGEST:
        for value in (node.value + 1, node.value - 1):
            if value >= 0:
                yield Edit(start, end, str(value), "constant")


def _call(node: ast.Call, places: _Places) -> Iterator[Edit]:
    arguments = node.args
    if any(isinstance(argument, ast.Starred) for argument in arguments):
        return
    if isinstance(node.func, ast.Name) and node.func.id == "range" and arguments:
        stop = arguments[0 if len(arguments) == 1 else 1]
        if isinstance(stop, (ast.Name, ast.Call)):
            yield Edit(places.end(stop), places.end(stop), " - 1", "boundary")
    if len(arguments) == 2 and places.text(arguments[0]) != places.text(arguments[1]):
        first, second = arguments
        gap = places.source[places.end(first) : places.start(second)]
        text = places.text(second) + gap + places.text(first)
        yield Edit(places.start(first), places.end(second), text, "arguments")


def _spread(mutants: list[Mutant]) -> list[Mutant]:
    """The kinds in turn, so that constants do not crowd out the rest."""
    by_kind: dict[str, list[Mutant]] = {}
    for mutant in mutants:
        by_kind.setdefault(mutant.kind, []).append(mutant)
    ordered: list[Mutant] = []
    while any(by_kind.values()):
        ordered += [items.pop() for items in by_kind.values() if items]
    return ordered


def _parses(source: str) -> bool:
    try:
        ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return False
    return True
