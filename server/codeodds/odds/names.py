"""Edits of names, attributes and keys: another one that is in scope, or was seen on the same object."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher

from codeodds.odds.nodes import LOW, Around, Ranked
from codeodds.odds.parsed import FUNCTIONS, arguments_of
from codeodds.odds.seen import Seen, members, seen_in

AT_A_PLACE = 8
"""Most other names for one place."""
ATTRIBUTES_AT_A_PLACE = 6
KEYS_AT_A_PLACE = 4

_BUILTINS = frozenset(dir(builtins))
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_KEYED = frozenset({"get", "pop", "setdefault"})
_PLAIN = re.compile(r"""(["'])[^"'\\\r\n]*\1\Z""")
_CALLED_WITHOUT = frozenset(
    {"items", "keys", "values", "lower", "upper", "strip", "split", "read", "close", "copy", "sort"}
)


class Names:
    """The names of one function, and what they can be confused with."""

    def __init__(self, around: Around, document: str) -> None:
        self._around = around
        self._function = around.parsed.function
        self._document = seen_in(document) if document else Seen()
        self._first = next((argument.arg for argument in arguments_of(self._function)), "")
        self._is_method = bool(around.parsed.classes) and self._first in ("self", "cls")
        self._attributes: dict[str, dict[str, set[bool]]] = {}
        self._bound: dict[str, int] = {}
        """Each local name, and where it is bound first."""
        self._uses: dict[str, list[int]] = {}
        """Each name, and where it stands."""
        self._keys: list[str] = []
        self._read()
        self._members = members(document, around.parsed.classes[-1]) if document and around.parsed.classes else {}

    def edits(self, node: ast.AST) -> Iterator[Ranked]:
        """Other words for one node."""
        if isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Load):
                yield from self._name(node)
                yield from self._missing_self(node)
        elif isinstance(node, ast.Attribute):
            yield from self._attribute(node)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from self._key(node, node.value)

    def _read(self) -> None:
        for argument in arguments_of(self._around.parsed.outer):
            self._bound[argument.arg] = -2
        for argument in arguments_of(self._function):
            self._bound[argument.arg] = -1
        for node in self._around.nodes:
            if isinstance(node, ast.Name):
                at = self._around.parsed.start(node)
                self._uses.setdefault(node.id, []).append(at)
                if isinstance(node.ctx, ast.Store):
                    self._bound.setdefault(node.id, at)
            elif isinstance(node, FUNCTIONS):
                self._bound.setdefault(node.name, self._around.parsed.start(node))
                for argument in arguments_of(node):
                    self._bound.setdefault(argument.arg, self._around.parsed.start(node))
            elif isinstance(node, ast.ExceptHandler) and node.name:
                self._bound.setdefault(node.name, self._around.parsed.start(node))
            elif isinstance(node, ast.Attribute):
                found = self._attributes.setdefault(self._around.parsed.source(node.value), {})
                found.setdefault(node.attr, set()).add(self._around.is_called(node))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and self._is_key(node):
                self._keys.append(node.value)

    def _name(self, node: ast.Name) -> Iterator[Ranked]:
        at = self._around.parsed.start(node)
        is_called = self._around.is_called(node)
        if node.id in self._bound and not is_called:
            others = [name for name, start in self._bound.items() if start < at and name not in ("self", "cls", "_")]
            ordered = sorted(
                (name for name in others if name != node.id), key=lambda name: (self._distance(name, at, node.id), name)
            )
            for rank, name in enumerate(ordered[:AT_A_PLACE]):
                yield self._around.replace(node, name, "name", rank)
        elif node.id not in _BUILTINS and node.id not in self._bound:
            known = dict.fromkeys([*self._uses, *self._document.names])
            for rank, name in enumerate(_similar(node.id, known, 2)):
                if name not in self._bound or not is_called:
                    yield self._around.replace(node, name, "name", 1 + rank)

    def _distance(self, name: str, at: int, old: str) -> float:
        """How far a name is: characters to where it stands nearest before, less for one that looks alike."""
        places = [place for place in self._uses.get(name, ()) if place < at]
        near = at - max(places, default=-100)
        return near * (1 - 0.7 * likeness(name, old))

    def _missing_self(self, node: ast.Name) -> Iterator[Ranked]:
        if not self._is_method or node.id == self._first:
            return
        if node.id in self._members or node.id in self._attributes.get(self._first, {}):
            yield self._around.insert(self._around.parsed.start(node), f"{self._first}.", "missing", 1)

    def _attribute(self, node: ast.Attribute) -> Iterator[Ranked]:
        end = self._around.parsed.end(node)
        if self._around.parsed.start(node) < 0:
            return
        value = self._around.parsed.source(node.value)
        is_called = self._around.is_called(node)
        known: dict[str, None] = {}
        if self._is_method and value == self._first:
            known |= dict.fromkeys(name for name, how in self._members.items() if is_called in how)
        for found in (self._attributes.get(value), self._document.attributes.get(value)):
            known |= dict.fromkeys(name for name, how in (found or {}).items() if is_called in how)
        for rank, name in enumerate(_similar(node.attr, known, ATTRIBUTES_AT_A_PLACE)):
            yield self._around.replace_between(end - len(node.attr), end, name, "attribute", rank)
        if isinstance(node.value, ast.Name) and value == self._first and self._is_method and node.attr in self._bound:
            start = self._around.parsed.start(node)
            yield self._around.replace_between(start, end - len(node.attr), "", "missing", 1)
        if not is_called and isinstance(node.ctx, ast.Load):
            how = self._attributes.get(value, {}).get(node.attr, set()) | self._document.called(node.attr)
            if True in how or node.attr in _CALLED_WITHOUT:
                yield self._around.insert(end, "()", "missing", 1)

    def _is_key(self, node: ast.Constant) -> bool:
        role, parent = self._around.role(node), self._around.parent(node)
        if role == "slice":
            return True
        if role == "args" and isinstance(parent, ast.Call) and isinstance(parent.func, ast.Attribute):
            return parent.func.attr in _KEYED and parent.args[0] is node
        return isinstance(parent, ast.Compare)

    def _key(self, node: ast.Constant, value: str) -> Iterator[Ranked]:
        text = self._around.parsed.source(node)
        if not self._is_key(node) or not _PLAIN.match(text):
            return
        keys = dict.fromkeys([*self._keys, *self._document.keys])
        for rank, key in enumerate(_similar(value, keys, KEYS_AT_A_PLACE)):
            if text[0] not in key and key.isprintable() and "\\" not in key:
                yield self._around.replace(node, text[0] + key + text[0], "string", LOW + rank)


def likeness(one: str, other: str) -> float:
    """How much two names look alike, in [0, 1]: shared words, or else shared letters."""
    first, second = set(_words(one)), set(_words(other))
    if first & second:
        return 0.5 + 0.5 * len(first & second) / max(len(first), len(second))
    if one[:1] == other[:1] or one[-1:] == other[-1:]:
        return 0.5 * SequenceMatcher(None, one, other, autojunk=False).ratio()
    return 0.2 if len(one) == len(other) else 0.0


def _words(name: str) -> list[str]:
    return [word.lower() for word in _WORDS.findall(name)]


def _similar(name: str, known: Iterable[str], most: int) -> list[str]:
    """The names that look most like one, those that stand first before others; of the same style of letters."""
    others = [other for other in known if other != name and _style(other) == _style(name)]
    return sorted(others, key=lambda other: -likeness(name, other))[:most]


def _style(name: str) -> tuple[bool, bool]:
    return name.isupper(), name[:1].isupper()
