"""The ways that a run can take through a function, as a graph of blocks: what each reads and binds, and what follows.

Simple on purpose: every test may go either way unless it is a constant, and every statement within ``try`` may raise.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from codeodds.edits.blocks import BIND, CHANGE, READ, UNBIND, Blocks
from codeodds.edits.parsed import FunctionNode, arguments_of
from codeodds.edits.reads import Reads

MAX_COPIES = 3
"""How deep ``finally`` within ``finally`` is followed exactly: each level doubles the work."""

_SWALLOWING = frozenset({"suppress", "raises", "assertRaises", "assertRaisesRegex", "assertWarns", "warns", "catch"})
"""Context managers behind which a run may go on after an error."""


@dataclass(slots=True)
class _Loop:
    head: int
    behind: int
    depth: int
    """How many ``finally`` are around it."""


@dataclass(slots=True)
class _Finally:
    entry: int
    leaving: list[tuple[int, int]] = field(default_factory=list)
    """Where runs that leave through it go on, and the number of ``finally`` around that."""


class Graph:
    """The graph of one function. A comprehension is a loop within it; functions within it are kept for their own."""

    def __init__(self, function: FunctionNode | ast.Lambda) -> None:
        self.blocks = Blocks()
        self.reads = Reads(self.blocks)
        self.captured: set[str] = set()
        """Names that classes within it read."""
        self.statements: dict[int, list[int]] = {}
        """For each statement the blocks that it starts in; several within ``finally``."""
        self.outside: set[str] = set()
        """Names declared ``global`` or ``nonlocal``."""
        self._loops: list[_Loop] = []
        self._finally: list[_Finally] = []
        self._raising: list[int] = []
        """Where a run goes on if what is in hand raises: the innermost handlers."""
        for argument in arguments_of(function):
            self.blocks.event(BIND, argument.arg, argument)
        if isinstance(function, ast.Lambda):
            self.reads.expression(function.body)
        else:
            self._statements(function.body)
        self.blocks.to(1)

    def _leave(self, target: int, depth: int) -> None:
        """Go to a block outside of all but `depth` of the ``finally`` around; what follows here is never reached."""
        self._through(target, depth)
        self.blocks.here = self.blocks.new()

    def _through(self, target: int, depth: int) -> None:
        if len(self._finally) > depth:
            inner = self._finally[-1]
            self.blocks.to(inner.entry)
            inner.leaving.append((target, depth))
        else:
            self.blocks.to(target)

    def _statements(self, statements: Iterable[ast.stmt]) -> None:
        for node in statements:
            if self._raising:
                for handler in self._raising:
                    self.blocks.to(handler)
                self.blocks.next()
            self.statements.setdefault(id(node), []).append(self.blocks.here)
            _STATEMENTS.get(type(node), Graph._simple)(self, node)
            if self._raising:
                for handler in self._raising:
                    self.blocks.to(handler)

    def _simple(self, node: ast.stmt) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.reads.expression(child)

    def _assign(self, node: ast.Assign) -> None:
        self.reads.expression(node.value)
        for target in node.targets:
            self.reads.expression(target)

    def _annotated(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.reads.expression(node.value)
            self.reads.expression(node.target)

    def _augmented(self, node: ast.AugAssign) -> None:
        self.reads.expression(node.value)
        if isinstance(node.target, ast.Name):
            self.blocks.event(CHANGE, node.target.id, node.target)
        else:
            self.reads.expression(node.target)

    def _return(self, node: ast.Return) -> None:
        if node.value is not None:
            self.reads.expression(node.value)
        self._leave(1, 0)

    def _raise(self, node: ast.Raise) -> None:
        self._simple(node)
        for handler in self._raising:
            self.blocks.to(handler)
        self._leave(1, 0)

    def _assert(self, node: ast.Assert) -> None:
        holds, fails = self.blocks.new(), self.blocks.new()
        self.reads.test(node.test, holds, fails)
        self.blocks.here = fails
        if node.msg is not None:
            self.reads.expression(node.msg)
        self._through(1, 0)
        self.blocks.here = holds

    def _jump(self, node: ast.Break | ast.Continue) -> None:
        if self._loops:  # What stands elsewhere does not compile.
            loop = self._loops[-1]
            self._leave(loop.behind if isinstance(node, ast.Break) else loop.head, loop.depth)

    def _if(self, node: ast.If) -> None:
        body, orelse, behind = self.blocks.new(), self.blocks.new(), self.blocks.new()
        self.reads.test(node.test, body, orelse)
        self._part(body, node.body, behind)
        self._part(orelse, node.orelse, behind)
        self.blocks.here = behind

    def _while(self, node: ast.While) -> None:
        head, body, orelse, behind = self.blocks.next(), self.blocks.new(), self.blocks.new(), self.blocks.new()
        self.reads.test(node.test, body, orelse)
        self._loop(_Loop(head, behind, len(self._finally)), body, node.body)
        self._part(orelse, node.orelse, behind)
        self.blocks.here = behind

    def _for(self, node: ast.For | ast.AsyncFor) -> None:
        self.reads.expression(node.iter)
        head, body, orelse, behind = self.blocks.next(), self.blocks.new(), self.blocks.new(), self.blocks.new()
        self.blocks.to(body)
        self.blocks.to(orelse)
        self.blocks.here = body
        self.reads.expression(node.target)
        self._loop(_Loop(head, behind, len(self._finally)), self.blocks.here, node.body)
        self._part(orelse, node.orelse, behind)
        self.blocks.here = behind

    def _loop(self, loop: _Loop, body: int, statements: list[ast.stmt]) -> None:
        self._loops.append(loop)
        self._part(body, statements, loop.head)
        self._loops.pop()

    def _part(self, start: int, statements: list[ast.stmt], behind: int) -> None:
        self.blocks.here = start
        self._statements(statements)
        self.blocks.to(behind)

    def _with(self, node: ast.With | ast.AsyncWith) -> None:
        swallows = False
        for item in node.items:
            self.reads.expression(item.context_expr)
            if item.optional_vars is not None:
                self.reads.expression(item.optional_vars)
            called = item.context_expr.func if isinstance(item.context_expr, ast.Call) else None
            swallows |= getattr(called, "attr", getattr(called, "id", "")) in _SWALLOWING
        if not swallows:
            self._statements(node.body)
            return
        behind = self.blocks.new()
        self.blocks.to(behind)
        self._raising.append(behind)
        self._statements(node.body)
        self._raising.pop()
        self.blocks.to(behind)
        self.blocks.here = behind

    def _try(self, node: Any) -> None:
        """``try`` and ``try`` with ``except*``."""
        copies = bool(node.finalbody) and len(self._finally) < MAX_COPIES
        behind, handlers = self.blocks.new(), [self.blocks.new() for _ in node.handlers]
        last = self.blocks.new() if node.finalbody else behind
        way_out = _Finally(self.blocks.new() if copies else last)
        if node.finalbody:
            self._finally.append(way_out)
        outer = self._raising
        escaping = [way_out.entry] if node.finalbody else outer
        self._raising = [*handlers, *escaping]
        self._statements(node.body)
        self._raising = escaping
        self._statements(node.orelse)
        self.blocks.to(last)
        for handler, start in zip(node.handlers, handlers, strict=True):
            self._handler(handler, start)
            self.blocks.to(last)
        self._raising = outer
        if node.finalbody:
            self._finally.pop()
            self._finish(node.finalbody, last, behind, way_out, copies)
        self.blocks.here = behind

    def _handler(self, handler: ast.ExceptHandler, start: int) -> None:
        self.blocks.here = start
        if handler.type is not None:
            self.reads.expression(handler.type)
        if handler.name:
            self.blocks.event(BIND, handler.name, handler)
        self._statements(handler.body)
        if handler.name:
            self.blocks.event(UNBIND, handler.name, handler)

    def _finish(self, body: list[ast.stmt], last: int, behind: int, way_out: _Finally, copies: bool) -> None:
        """The statements of ``finally``: once for runs that go on behind it, once for those that leave through it."""
        self.blocks.here = last
        self._statements(body)
        self.blocks.to(behind)
        if copies:
            self.blocks.here = way_out.entry
            self._statements(body)
        for handler in self._raising:
            self.blocks.to(handler)
        self._through(1, 0)
        for target, depth in way_out.leaving:
            self._through(target, depth)

    def _match(self, node: ast.Match) -> None:
        self.reads.expression(node.subject)
        behind = self.blocks.new()
        for case in node.cases:
            body, other = self.blocks.new(), self.blocks.new()
            if not (isinstance(case.pattern, ast.MatchAs) and case.pattern.pattern is None and case.guard is None):
                self.blocks.to(other)
            for inner in ast.walk(case.pattern):
                if isinstance(inner, ast.Name):
                    self.blocks.event(READ, inner.id, inner)
                name = getattr(inner, "name", None) or getattr(inner, "rest", None)
                if isinstance(name, str):
                    self.blocks.event(BIND, name, inner)
            if case.guard is not None:
                self.reads.test(case.guard, body, other)
            else:
                self.blocks.to(body)
            self._part(body, case.body, behind)
            self.blocks.here = other
        self.blocks.to(behind)
        self.blocks.here = behind

    def _function(self, node: FunctionNode) -> None:
        for expression in (*node.decorator_list, *node.args.defaults, *filter(None, node.args.kw_defaults)):
            self.reads.expression(expression)
        self.reads.inner.append(node)
        self.blocks.event(BIND, node.name, node)

    def _class(self, node: ast.ClassDef) -> None:
        for expression in (*node.decorator_list, *node.bases, *(keyword.value for keyword in node.keywords)):
            self.reads.expression(expression)
        for inner in ast.walk(node):
            if isinstance(inner, ast.Name):
                self.captured.add(inner.id)
        self.blocks.event(BIND, node.name, node)

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        for alias in node.names:
            self.blocks.event(BIND, alias.asname or alias.name.partition(".")[0], alias)

    def _declare(self, node: ast.Global | ast.Nonlocal) -> None:
        self.outside.update(node.names)


_STATEMENTS: dict[type[ast.stmt], Callable[[Graph, Any], None]] = {
    ast.Assign: Graph._assign,
    ast.AnnAssign: Graph._annotated,
    ast.AugAssign: Graph._augmented,
    ast.Return: Graph._return,
    ast.Raise: Graph._raise,
    ast.Assert: Graph._assert,
    ast.Break: Graph._jump,
    ast.Continue: Graph._jump,
    ast.If: Graph._if,
    ast.While: Graph._while,
    ast.For: Graph._for,
    ast.AsyncFor: Graph._for,
    ast.With: Graph._with,
    ast.AsyncWith: Graph._with,
    ast.Try: Graph._try,
    ast.TryStar: Graph._try,
    ast.Match: Graph._match,
    ast.FunctionDef: Graph._function,
    ast.AsyncFunctionDef: Graph._function,
    ast.ClassDef: Graph._class,
    ast.Import: Graph._import,
    ast.ImportFrom: Graph._import,
    ast.Global: Graph._declare,
    ast.Nonlocal: Graph._declare,
}
