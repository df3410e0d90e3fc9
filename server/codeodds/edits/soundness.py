"""Which edits nobody could have meant: those that mean the same as what is written, and those that break what held."""

from __future__ import annotations

import ast
import builtins
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache

from codeodds.edits.facts import facts_of
from codeodds.edits.meaning import Key, statement, without_last_return
from codeodds.edits.oddities import oddities
from codeodds.edits.parsed import FunctionNode, Parsed, Places, parse, wrong_place
from codeodds.edits.seen import seen_in
from codeodds.errors import CannotCompare

_BUILTINS = frozenset({*dir(builtins), "__class__", "__file__", "__name__", "__doc__"})


class Judge:
    """Compares versions of a function with what it was."""

    def __init__(self, parsed: Parsed, document: str) -> None:
        self._parsed = parsed
        self._document = document
        self._facts = facts_of(parsed.outer)
        self._reading = _Reading({})
        self._keys = self._reading.function(parsed.outer, parsed.places)
        self._compiles = wrong_place(parsed.outer) is None
        """A function cut out of its surroundings need not."""
        self._known: frozenset[str] | None = None

    def objection(self, solution: str) -> str | None:
        """Why a solution must not take the place of the written one, as words that complete "not proposed: ..."."""
        try:
            function = self._parsed.changed(solution)
            reading = _Reading(self._reading.known, learns=False)
            if reading.function(function, Places(self._parsed.head + solution)) == self._keys:
                return "it means the same"
            fresh = next(iter(reading.odd - self._reading.odd), None)
            if fresh is not None:
                return f"it {fresh}"
            return self._broken(function) or (wrong_place(function) if self._compiles else None)
        except CannotCompare as error:
            return str(error)
        except RecursionError:
            return "it is nested too deeply to be compared"

    def _broken(self, function: FunctionNode) -> str | None:
        """What held before and does not now."""
        facts, before = facts_of(function), self._facts
        if unknown := sorted(name for name in facts.free - before.free if not self._is_known(name)):
            return f"it leaves {unknown[0]} undefined"
        if unbound := facts.unbound - before.unbound:
            return f"it reads {next(iter(unbound))} where that may have no value yet"
        if facts.unreachable > before.unreachable:
            return "it leaves a statement that no run reaches"
        if unused := facts.unused - before.unused:
            return f"it leaves a value of {next(iter(unused))} unused"
        return None

    def _is_known(self, name: str) -> bool:
        if name in _BUILTINS:
            return True
        if self._known is None:
            self._known = _bound_in(self._parsed.module) | (
                _names_of(self._document) if self._document else frozenset()
            )
        return name in self._known or "*" in self._known


@dataclass(slots=True)
class _Reading:
    """Reads keys and oddities of a function. What stands there as it stood before is not read again."""

    known: dict[str, tuple[tuple[Key, ...], Counter[str]]]
    """For the text of a statement its keys and what is odd about it."""
    learns: bool = True
    odd: Counter[str] = field(default_factory=Counter)
    _places: Places = field(default_factory=lambda: Places(""))

    def function(self, node: FunctionNode, places: Places) -> Key:
        self._places = places
        return without_last_return(self._block(node.body))

    def _block(self, statements: list[ast.stmt]) -> tuple[Key, ...]:
        return tuple(key for node in statements for key in self._statement(node))

    def _statement(self, node: ast.stmt) -> tuple[Key, ...]:
        # The text of a definition does not hold its decorators.
        text = "" if getattr(node, "decorator_list", None) else self._places.text(node)
        found = self.known.get(text)
        if found is None:
            around, self.odd = self.odd, Counter()
            keys = statement(node, self._block)
            self.odd.update(oddities(node))
            found = keys, self.odd
            self.odd = around
            if self.learns and text:
                self.known[text] = found
        if found[1]:
            self.odd.update(found[1])
        return found[0]


@lru_cache(maxsize=8)
def _names_of(document: str) -> frozenset[str]:
    """Names that a document binds at its top; of one that does not parse, as far as its lines tell."""
    try:
        return _bound_in(parse(document))
    except CannotCompare:
        return frozenset(seen_in(document).names)


def _bound_in(tree: ast.Module) -> frozenset[str]:
    """Names that a module binds, outside of functions and classes; ``*`` where it imports all of another."""
    found: set[str] = set()
    pending: list[ast.AST] = list(tree.body)
    while pending:
        node = pending.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            found.update(alias.asname or alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Store):
                found.add(node.id)
        else:
            pending += ast.iter_child_nodes(node)
    return frozenset(found)
