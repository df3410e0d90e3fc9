"""Edits of names: another one that is in scope, or of the module, where one is read."""

from __future__ import annotations

import ast
from bisect import bisect_left
from collections.abc import Iterator

from codeodds.edits.nodes import LOW, Ranked
from codeodds.edits.scope import BUILTINS, EXCEPTIONS, Scope, likeness, similar

AT_A_PLACE = 8
"""Most other names for one place."""
GLOBALS_AT_A_PLACE = 4
"""Most names of the module for one place."""

_NAMES_OF_ERRORS = ("Error", "Exception", "Warning")


def names(node: ast.AST, scope: Scope) -> Iterator[Ranked]:
    """Other names for one node."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        if node.id not in scope.bound:
            yield from _global(node, scope)
        elif not scope.around.is_called(node):
            yield from _local(node, scope)
        yield from _with_owner(node, scope)
    elif isinstance(node, ast.Constant) and (node.value is None or isinstance(node.value, bool)):
        wanted = scope.wanted(node).lstrip("_")
        if scope.bound.get(wanted, 0) < 0:
            yield scope.around.replace(node, wanted, "keyword", 1)


def _local(node: ast.Name, scope: Scope) -> Iterator[Ranked]:
    at = scope.around.parsed.start(node)
    others = [name for name, start in scope.bound.items() if start <= at and name not in (node.id, "self", "cls", "_")]
    ordered = sorted(others, key=lambda name: (_distance(name, at, node.id, scope), name))
    wanted = scope.wanted(node)
    # Few people mistake the object that a method belongs to.
    most, far = (2, LOW) if node.id == scope.owner else (AT_A_PLACE, 0)
    for rank, name in enumerate(ordered[:most]):
        yield scope.around.replace(node, name, "name", 0 if name == wanted else far + rank)
    if isinstance(scope.around.parent(node), ast.keyword):
        for constant in ("None", "True", "False"):
            yield scope.around.replace(node, constant, "keyword", LOW + 1)


def _distance(name: str, at: int, old: str, scope: Scope) -> float:
    """How far a name is: characters to where it stands nearest before, less for one that looks alike."""
    places = scope.uses.get(name, [])
    before = bisect_left(places, at)
    near = at - (places[before - 1] if before else -100)
    return near * (1 - 0.7 * likeness(name, old))


def _global(node: ast.Name, scope: Scope) -> Iterator[Ranked]:
    known = dict.fromkeys([*scope.uses, *scope.imported, *scope.document.names])
    if node.id in BUILTINS:
        if not node.id.endswith(_NAMES_OF_ERRORS):
            return
        known = dict.fromkeys(name for name in (*known, *EXCEPTIONS) if name.endswith(_NAMES_OF_ERRORS))
    elif node.id not in scope.imported and node.id not in scope.document.names:
        # Perhaps it is a slip in spelling.
        known |= dict.fromkeys((*scope.bound, *BUILTINS))
    elif scope.around.is_called(node):
        known = {name: None for name in known if name not in scope.bound}
    for rank, name in enumerate(similar(node.id, known, GLOBALS_AT_A_PLACE, 0.3)):
        yield scope.around.replace(node, name, "name", rank)


def _with_owner(node: ast.Name, scope: Scope) -> Iterator[Ranked]:
    """``self.`` before the name of an attribute."""
    known = node.id in scope.members or node.id in scope.attributes.get(scope.owner, ())
    if scope.owner and node.id != scope.owner and known:
        yield scope.around.insert(scope.around.parsed.start(node), f"{scope.owner}.", "missing", 1)
