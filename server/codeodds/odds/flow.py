"""The ways that a run can take through a function, as a graph of blocks: what each reads and binds, and what follows.

Simple on purpose: every test may go either way unless it is a constant, and every statement within ``try`` may raise.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from codeodds.odds.parsed import FunctionNode, arguments_of

READ, BIND, UNBIND, CHANGE = range(4)
"""What can happen to a name. CHANGE is that of ``+=``: it needs a value, and is no use of it."""

MAX_COPIES = 3
"""How deep ``finally`` within ``finally`` is followed exactly: each level doubles the work."""

_SWALLOWING = frozenset({"suppress", "raises", "assertRaises", "assertRaisesRegex", "assertWarns", "warns", "catch"})
"""Context managers behind which a run may go on after an error."""


@dataclass(slots=True)
class Block:
    """Events that follow one another, and the blocks that may come next."""

    events: list[tuple[int, str, int]] = field(default_factory=list)
    """What happens, to which name, and the number of the node that does it."""
    following: list[int] = field(default_factory=list)


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
        self.blocks = [Block(), Block()]
        """The first is where the function starts, the second where it is left."""
        self.inner: list[FunctionNode | ast.Lambda] = []
        self.captured: set[str] = set()
        """Names that classes within it read."""
        self.statements: dict[int, list[int]] = {}
        """For each statement the blocks that it starts in; several within ``finally``."""
        self.outside: set[str] = set()
        """Names declared ``global`` or ``nonlocal``."""
        self._here = 0
        self._loops: list[_Loop] = []
        self._finally: list[_Finally] = []
        self._raising: list[int] = []
        """Where a run goes on if what is in hand raises: the innermost handlers."""
        self._scopes: list[dict[str, str]] = []
        """The names of the comprehensions around, and what they are called here."""
        for argument in arguments_of(function):
            self._event(BIND, argument.arg, argument)
        if isinstance(function, ast.Lambda):
            self._expression(function.body)
        else:
            self._statements(function.body)
        self._to(1)

    # Blocks

    def _new(self) -> int:
        self.blocks.append(Block())
        return len(self.blocks) - 1

    def _to(self, block: int) -> None:
        self.blocks[self._here].following.append(block)

    def _next(self) -> int:
        """A new block that follows this one."""
        block = self._new()
        self._to(block)
        self._here = block
        return block

    def _event(self, what: int, name: str, node: ast.AST) -> None:
        self.blocks[self._here].events.append((what, name, id(node)))

    def _leave(self, target: int, depth: int) -> None:
        """Go to a block outside of all but `depth` of the ``finally`` around; what follows here is never reached."""
        self._through(target, depth)
        self._here = self._new()

    def _through(self, target: int, depth: int) -> None:
        if len(self._finally) > depth:
            inner = self._finally[-1]
            self._to(inner.entry)
            inner.leaving.append((target, depth))
        else:
            self._to(target)

    # Statements

    def _statements(self, statements: Iterable[ast.stmt]) -> None:
        for node in statements:
            if self._raising:
                for handler in self._raising:
                    self._to(handler)
                self._next()
            self.statements.setdefault(id(node), []).append(self._here)
            _STATEMENTS.get(type(node), Graph._simple)(self, node)
            if self._raising:
                for handler in self._raising:
                    self._to(handler)

    def _simple(self, node: ast.stmt) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self._expression(child)

    def _assign(self, node: ast.Assign) -> None:
        self._expression(node.value)
        for target in node.targets:
            self._expression(target)

    def _annotated(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self._expression(node.value)
            self._expression(node.target)

    def _augmented(self, node: ast.AugAssign) -> None:
        self._expression(node.value)
        if isinstance(node.target, ast.Name):
            self._event(CHANGE, node.target.id, node.target)
        else:
            self._expression(node.target)

    def _return(self, node: ast.Return) -> None:
        if node.value is not None:
            self._expression(node.value)
        self._leave(1, 0)

    def _raise(self, node: ast.Raise) -> None:
        self._simple(node)
        for handler in self._raising:
            self._to(handler)
        self._leave(1, 0)

    def _assert(self, node: ast.Assert) -> None:
        holds, fails = self._new(), self._new()
        self._test(node.test, holds, fails)
        self._here = fails
        if node.msg is not None:
            self._expression(node.msg)
        self._through(1, 0)
        self._here = holds

    def _jump(self, node: ast.Break | ast.Continue) -> None:
        if self._loops:  # What stands elsewhere does not compile.
            loop = self._loops[-1]
            self._leave(loop.behind if isinstance(node, ast.Break) else loop.head, loop.depth)

    def _if(self, node: ast.If) -> None:
        body, orelse, behind = self._new(), self._new(), self._new()
        self._test(node.test, body, orelse)
        self._part(body, node.body, behind)
        self._part(orelse, node.orelse, behind)
        self._here = behind

    def _while(self, node: ast.While) -> None:
        head, body, orelse, behind = self._next(), self._new(), self._new(), self._new()
        self._test(node.test, body, orelse)
        self._loop(_Loop(head, behind, len(self._finally)), body, node.body)
        self._part(orelse, node.orelse, behind)
        self._here = behind

    def _for(self, node: ast.For | ast.AsyncFor) -> None:
        self._expression(node.iter)
        head, body, orelse, behind = self._next(), self._new(), self._new(), self._new()
        self._to(body)
        self._to(orelse)
        self._here = body
        self._expression(node.target)
        self._loop(_Loop(head, behind, len(self._finally)), self._here, node.body)
        self._part(orelse, node.orelse, behind)
        self._here = behind

    def _loop(self, loop: _Loop, body: int, statements: list[ast.stmt]) -> None:
        self._loops.append(loop)
        self._part(body, statements, loop.head)
        self._loops.pop()

    def _part(self, start: int, statements: list[ast.stmt], behind: int) -> None:
        self._here = start
        self._statements(statements)
        self._to(behind)

    def _with(self, node: ast.With | ast.AsyncWith) -> None:
        swallows = False
        for item in node.items:
            self._expression(item.context_expr)
            if item.optional_vars is not None:
                self._expression(item.optional_vars)
            called = item.context_expr.func if isinstance(item.context_expr, ast.Call) else None
            swallows |= getattr(called, "attr", getattr(called, "id", "")) in _SWALLOWING
        if not swallows:
            self._statements(node.body)
            return
        behind = self._new()
        self._to(behind)
        self._raising.append(behind)
        self._statements(node.body)
        self._raising.pop()
        self._to(behind)
        self._here = behind

    def _try(self, node: Any) -> None:
        """``try`` and ``try`` with ``except*``."""
        copies = bool(node.finalbody) and len(self._finally) < MAX_COPIES
        behind, handlers = self._new(), [self._new() for _ in node.handlers]
        last = self._new() if node.finalbody else behind
        way_out = _Finally(self._new() if copies else last)
        if node.finalbody:
            self._finally.append(way_out)
        outer = self._raising
        escaping = [way_out.entry] if node.finalbody else outer
        self._raising = [*handlers, *escaping]
        self._statements(node.body)
        self._raising = escaping
        self._statements(node.orelse)
        self._to(last)
        for handler, start in zip(node.handlers, handlers, strict=True):
            self._handler(handler, start)
            self._to(last)
        self._raising = outer
        if node.finalbody:
            self._finally.pop()
            self._finish(node.finalbody, last, behind, way_out, copies)
        self._here = behind

    def _handler(self, handler: ast.ExceptHandler, start: int) -> None:
        self._here = start
        if handler.type is not None:
            self._expression(handler.type)
        if handler.name:
            self._event(BIND, handler.name, handler)
        self._statements(handler.body)
        if handler.name:
            self._event(UNBIND, handler.name, handler)

    def _finish(self, body: list[ast.stmt], last: int, behind: int, way_out: _Finally, copies: bool) -> None:
        """The statements of ``finally``: once for runs that go on behind it, once for those that leave through it."""
        self._here = last
        self._statements(body)
        self._to(behind)
        if copies:
            self._here = way_out.entry
            self._statements(body)
        for handler in self._raising:
            self._to(handler)
        self._through(1, 0)
        for target, depth in way_out.leaving:
            self._through(target, depth)

    def _match(self, node: ast.Match) -> None:
        self._expression(node.subject)
        behind = self._new()
        for case in node.cases:
            body, other = self._new(), self._new()
            if not (isinstance(case.pattern, ast.MatchAs) and case.pattern.pattern is None and case.guard is None):
                self._to(other)
            for inner in ast.walk(case.pattern):
                if isinstance(inner, ast.Name):
                    self._event(READ, inner.id, inner)
                name = getattr(inner, "name", None) or getattr(inner, "rest", None)
                if isinstance(name, str):
                    self._event(BIND, name, inner)
            if case.guard is not None:
                self._test(case.guard, body, other)
            else:
                self._to(body)
            self._part(body, case.body, behind)
            self._here = other
        self._to(behind)
        self._here = behind

    def _function(self, node: FunctionNode) -> None:
        for expression in (*node.decorator_list, *node.args.defaults, *filter(None, node.args.kw_defaults)):
            self._expression(expression)
        self.inner.append(node)
        self._event(BIND, node.name, node)

    def _class(self, node: ast.ClassDef) -> None:
        for expression in (*node.decorator_list, *node.bases, *(keyword.value for keyword in node.keywords)):
            self._expression(expression)
        for inner in ast.walk(node):
            if isinstance(inner, ast.Name):
                self.captured.add(inner.id)
        self._event(BIND, node.name, node)

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        for alias in node.names:
            self._event(BIND, alias.asname or alias.name.partition(".")[0], alias)

    def _declare(self, node: ast.Global | ast.Nonlocal) -> None:
        self.outside.update(node.names)

    # Expressions

    def _test(self, node: ast.expr, holds: int, fails: int) -> None:
        """Read a test, then go one way or the other."""
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            self._test(node.operand, fails, holds)
        elif isinstance(node, ast.BoolOp):
            for value in node.values[:-1]:
                further = self._new()
                if isinstance(node.op, ast.And):
                    self._test(value, further, fails)
                else:
                    self._test(value, holds, further)
                self._here = further
            self._test(node.values[-1], holds, fails)
        else:
            self._expression(node)
            truth = bool(node.value) if isinstance(node, ast.Constant) else None
            if truth is not False:
                self._to(holds)
            if truth is not True:
                self._to(fails)

    def _expression(self, node: ast.expr) -> None:
        special = _EXPRESSIONS.get(type(node))
        if special is not None:
            special(self, node)
            return
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self._expression(child)
            elif isinstance(child, ast.keyword):
                self._expression(child.value)

    def _name(self, node: ast.Name) -> None:
        what = READ if isinstance(node.ctx, ast.Load) else BIND if isinstance(node.ctx, ast.Store) else UNBIND
        self._event(what, self._called(node.id), node)

    def _called(self, name: str) -> str:
        return next((scope[name] for scope in reversed(self._scopes) if name in scope), name)

    def _choice(self, node: ast.IfExp) -> None:
        body, orelse, behind = self._new(), self._new(), self._new()
        self._test(node.test, body, orelse)
        for start, expression in ((body, node.body), (orelse, node.orelse)):
            self._here = start
            self._expression(expression)
            self._to(behind)
        self._here = behind

    def _bool(self, node: ast.BoolOp) -> None:
        behind = self._new()
        for value in node.values:
            self._expression(value)
            self._to(behind)
            self._next()
        self._here = behind

    def _walrus(self, node: ast.NamedExpr) -> None:
        self._expression(node.value)
        self._event(BIND, node.target.id, node.target)

    def _lambda(self, node: ast.Lambda) -> None:
        for expression in (*node.args.defaults, *filter(None, node.args.kw_defaults)):
            self._expression(expression)
        self.inner.append(node)

    def _comprehension(self, node: Any) -> None:
        scope: dict[str, str] = {}
        heads: list[int] = []
        behind = self._new()
        for number, loop in enumerate(node.generators):
            self._expression(loop.iter)
            if number == 0:
                self._scopes.append(scope)
            for inner in ast.walk(loop.target):
                if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
                    scope[inner.id] = f"{inner.id} {id(node)}"
            heads.append(self._next())
            self._to(heads[-2] if number else behind)
            self._next()
            self._expression(loop.target)
            for test in loop.ifs:
                holds = self._new()
                self._test(test, holds, heads[-1])
                self._here = holds
        for name in ("elt", "key", "value"):
            if isinstance(part := getattr(node, name, None), ast.expr):
                self._expression(part)
        self._to(heads[-1])
        self._scopes.pop()
        self._here = behind


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
_EXPRESSIONS: dict[type[ast.expr], Callable[[Graph, Any], None]] = {
    ast.Name: Graph._name,
    ast.IfExp: Graph._choice,
    ast.BoolOp: Graph._bool,
    ast.NamedExpr: Graph._walrus,
    ast.Lambda: Graph._lambda,
    ast.ListComp: Graph._comprehension,
    ast.SetComp: Graph._comprehension,
    ast.GeneratorExp: Graph._comprehension,
    ast.DictComp: Graph._comprehension,
}
