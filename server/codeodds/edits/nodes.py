"""The nodes of a function that edits are made of, and what holds them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from codeodds.edits.edit import Edit
from codeodds.edits.parsed import FUNCTIONS, FunctionNode, Parsed, arguments_of

LOW = 3
"""Rank of an edit that people rarely mean: where there are too many, those of a higher rank go first."""

_COUNTERS = re.compile(
    r"([ijklmnxy]|idx|index|pos|position|start|stop|end|begin|low|high|lo|hi|left|right|mid|row|col|count|num|offset"
    r"|size|length|width|height|limit|depth|level|step|first|last|total)\d?$"
)
_ORDERED = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
_NUMERIC_CALLS = frozenset({"len", "int", "range", "ord", "round", "abs", "sum", "enumerate"})


@dataclass(frozen=True, slots=True)
class Ranked:
    """An edit, and how far down the list it stands: 0 is nearest."""

    edit: Edit
    rank: int


@dataclass(slots=True)
class Around:
    """A function's nodes within the solution, in order of their places as far as the tree has it."""

    parsed: Parsed
    nodes: list[ast.AST] = field(default_factory=list)
    _parents: dict[int, tuple[ast.AST, str]] = field(default_factory=dict)
    counters: set[str] = field(default_factory=set)
    """Names that seem to hold integers."""

    @classmethod
    def of(cls, parsed: Parsed) -> Around:
        around = cls(parsed)
        around._walk()
        around.counters = set(_counters(parsed.function, around.nodes))
        return around

    def parent(self, node: ast.AST) -> ast.AST | None:
        found = self._parents.get(id(node))
        return found[0] if found else None

    def role(self, node: ast.AST) -> str:
        """The field of its parent that holds the node."""
        found = self._parents.get(id(node))
        return found[1] if found else ""

    def function_of(self, node: ast.AST) -> FunctionNode:
        """The innermost function around a node."""
        up = self.parent(node)
        while up is not None and not isinstance(up, FUNCTIONS):
            up = self.parent(up)
        return up if isinstance(up, FUNCTIONS) else self.parsed.function

    def is_called(self, node: ast.expr) -> bool:
        return self.role(node) == "func"

    def is_numeric(self, node: ast.expr) -> bool:
        """Whether an expression seems to be an integer."""
        if isinstance(node, ast.Name):
            return node.id in self.counters
        if isinstance(node, ast.Attribute):
            return bool(_COUNTERS.match(node.attr.lstrip("_")))
        if isinstance(node, ast.Constant):
            return type(node.value) is int
        if isinstance(node, ast.UnaryOp):
            return isinstance(node.op, ast.USub) and self.is_numeric(node.operand)
        if isinstance(node, ast.BinOp):
            return self.is_numeric(node.left) and self.is_numeric(node.right)
        if isinstance(node, ast.Call):
            return isinstance(node.func, ast.Name) and node.func.id in ("len", "int", "ord", "abs", "round")
        return False

    def replace(self, node: ast.expr | ast.stmt, text: str, kind: str, rank: int = 0) -> Ranked:
        """The node becomes `text`."""
        return Ranked(Edit(self.parsed.start(node), self.parsed.end(node), text, kind), rank)

    def replace_between(self, start: int, end: int, text: str, kind: str, rank: int = 0) -> Ranked:
        """The characters [start, end) of the solution become `text`."""
        return Ranked(Edit(start, end, text, kind), rank)

    def insert(self, at: int, text: str, kind: str, rank: int = 0) -> Ranked:
        return Ranked(Edit(at, at, text, kind), rank)

    def between(self, left: ast.expr, right: ast.expr) -> tuple[int, str]:
        """Where an operator's surroundings start in the solution, and the text there: comments are blank."""
        start, end = self.parsed.end(left), self.parsed.start(right)
        gap = self.parsed.unit.solution[start:end] if start >= 0 else ""
        if "#" in gap:
            gap = re.sub(r"#[^\r\n]*", lambda match: " " * len(match.group()), gap)
        return start, gap

    def _walk(self) -> None:
        """Left out: what stands in the head, annotations, docstrings, and the parts of f-strings, which have no places
        of their own in every Python.
        """
        pending: list[ast.AST] = list(reversed(self.parsed.function.body))
        for child in self.parsed.function.body:
            self._parents[id(child)] = (self.parsed.function, "body")
        while pending:
            node = pending.pop()
            if isinstance(node, (ast.expr, ast.stmt)) and self.parsed.end(node) <= 0:
                continue
            if not isinstance(node, (ast.stmt, ast.expr)) or self.parsed.start(node) >= 0:
                self.nodes.append(node)
            if isinstance(node, ast.JoinedStr) or type(node).__name__ == "TemplateStr":
                continue
            children: list[ast.AST] = []
            for name, value in ast.iter_fields(node):
                if name in ("annotation", "returns", "type_comment", "type_params", "ctx"):
                    continue
                if isinstance(value, ast.AST):
                    self._parents[id(value)] = (node, name)
                    children.append(value)
                elif isinstance(value, list):
                    for item in value:
                        if isinstance(item, ast.AST):
                            self._parents[id(item)] = (node, name)
                            children.append(item)
            pending += reversed(children)


def _is_integer(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) is int


def _counters(function: FunctionNode, nodes: list[ast.AST]) -> Iterator[str]:
    for argument in arguments_of(function):
        if _COUNTERS.match(argument.arg) or (
            isinstance(argument.annotation, ast.Name) and argument.annotation.id == "int"
        ):
            yield argument.arg
    for node in nodes:
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            value, name = node.value, node.targets[0].id
            called = value.func if isinstance(value, ast.Call) else None
            if (isinstance(called, ast.Name) and called.id in _NUMERIC_CALLS) or _is_integer(value):
                yield name
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            if _is_integer(node.value):
                yield node.target.id
        elif isinstance(node, (ast.For, ast.comprehension)) and isinstance(node.iter, ast.Call):
            callee = node.iter.func
            target = node.target
            if isinstance(callee, ast.Name) and callee.id == "enumerate" and isinstance(target, ast.Tuple):
                target = target.elts[0]
            if isinstance(callee, ast.Name) and callee.id in ("range", "enumerate") and isinstance(target, ast.Name):
                yield target.id
        elif isinstance(node, ast.Compare) and isinstance(node.ops[0], _ORDERED):
            for side in (node.left, node.comparators[0]):
                if isinstance(side, ast.Name):
                    yield side.id
        elif isinstance(node, ast.Name) and _COUNTERS.match(node.id):
            yield node.id
