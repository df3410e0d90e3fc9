"""What an expression reads and binds, and in which order: tests that are not reached, loops of comprehensions."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from codeodds.edits.blocks import BIND, READ, UNBIND, Blocks
from codeodds.edits.parsed import FunctionNode


class Reads:
    """Puts the events of expressions into the blocks of a function."""

    def __init__(self, blocks: Blocks) -> None:
        self.inner: list[FunctionNode | ast.Lambda] = []
        """Functions within the function, each for a graph of its own."""
        self._blocks = blocks
        self._scopes: list[dict[str, str]] = []
        """The names of the comprehensions around, and what they are called here."""

    def test(self, node: ast.expr, holds: int, fails: int) -> None:
        """Read a test, then go one way or the other."""
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            self.test(node.operand, fails, holds)
        elif isinstance(node, ast.BoolOp):
            for value in node.values[:-1]:
                further = self._blocks.new()
                if isinstance(node.op, ast.And):
                    self.test(value, further, fails)
                else:
                    self.test(value, holds, further)
                self._blocks.here = further
            self.test(node.values[-1], holds, fails)
        else:
            self.expression(node)
            truth = bool(node.value) if isinstance(node, ast.Constant) else None
            if truth is not False:
                self._blocks.to(holds)
            if truth is not True:
                self._blocks.to(fails)

    def expression(self, node: ast.expr) -> None:
        special = _EXPRESSIONS.get(type(node))
        if special is not None:
            special(self, node)
            return
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.expression(child)
            elif isinstance(child, ast.keyword):
                self.expression(child.value)

    def _name(self, node: ast.Name) -> None:
        what = READ if isinstance(node.ctx, ast.Load) else BIND if isinstance(node.ctx, ast.Store) else UNBIND
        self._blocks.event(what, self._called(node.id), node)

    def _called(self, name: str) -> str:
        return next((scope[name] for scope in reversed(self._scopes) if name in scope), name)

    def _choice(self, node: ast.IfExp) -> None:
        body, orelse, behind = self._blocks.new(), self._blocks.new(), self._blocks.new()
        self.test(node.test, body, orelse)
        for start, expression in ((body, node.body), (orelse, node.orelse)):
            self._blocks.here = start
            self.expression(expression)
            self._blocks.to(behind)
        self._blocks.here = behind

    def _bool(self, node: ast.BoolOp) -> None:
        behind = self._blocks.new()
        for value in node.values:
            self.expression(value)
            self._blocks.to(behind)
            self._blocks.next()
        self._blocks.here = behind

    def _walrus(self, node: ast.NamedExpr) -> None:
        self.expression(node.value)
        self._blocks.event(BIND, node.target.id, node.target)

    def _lambda(self, node: ast.Lambda) -> None:
        for expression in (*node.args.defaults, *filter(None, node.args.kw_defaults)):
            self.expression(expression)
        self.inner.append(node)

    def _comprehension(self, node: Any) -> None:
        scope: dict[str, str] = {}
        heads: list[int] = []
        behind = self._blocks.new()
        for number, loop in enumerate(node.generators):
            self.expression(loop.iter)
            if number == 0:
                self._scopes.append(scope)
            for inner in ast.walk(loop.target):
                if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
                    scope[inner.id] = f"{inner.id} {id(node)}"
            heads.append(self._blocks.next())
            self._blocks.to(heads[-2] if number else behind)
            self._blocks.next()
            self.expression(loop.target)
            for test in loop.ifs:
                holds = self._blocks.new()
                self.test(test, holds, heads[-1])
                self._blocks.here = holds
        for name in ("elt", "key", "value"):
            if isinstance(part := getattr(node, name, None), ast.expr):
                self.expression(part)
        self._blocks.to(heads[-1])
        self._scopes.pop()
        self._blocks.here = behind


_EXPRESSIONS: dict[type[ast.expr], Callable[[Reads, Any], None]] = {
    ast.Name: Reads._name,
    ast.IfExp: Reads._choice,
    ast.BoolOp: Reads._bool,
    ast.NamedExpr: Reads._walrus,
    ast.Lambda: Reads._lambda,
    ast.ListComp: Reads._comprehension,
    ast.SetComp: Reads._comprehension,
    ast.GeneratorExp: Reads._comprehension,
    ast.DictComp: Reads._comprehension,
}
