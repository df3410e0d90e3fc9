"""Edits of attributes, methods and keys: others that were seen on the same object, or in the class or file."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from codeodds.edits.nodes import LOW, Ranked
from codeodds.edits.scope import Scope, similar

ATTRIBUTES_AT_A_PLACE = 6
KEYS_AT_A_PLACE = 4

_PLAIN = re.compile(r"""(["'])[^"'\\\r\n]*\1\Z""")
_METHODS = frozenset({"items", "keys", "values", "lower", "upper", "strip", "split", "read", "close", "copy", "sort"})
"""Methods that are hardly ever an attribute of another kind."""


def attributes(node: ast.AST, scope: Scope) -> Iterator[Ranked]:
    """Other attributes or keys for one node."""
    if isinstance(node, ast.Attribute):
        if scope.around.parsed.start(node) >= 0:
            yield from _attribute(node, scope)
            yield from _hops(node, scope)
            yield from _calls(node, scope)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield from _key(node, node.value, scope)


def _attribute(node: ast.Attribute, scope: Scope) -> Iterator[Ranked]:
    end = scope.around.parsed.end(node)
    value = scope.around.parsed.source(node.value)
    is_called = scope.around.is_called(node)
    known: dict[str, None] = {}
    on_owner = scope.owner and value == scope.owner
    for found in (scope.members if on_owner else {}, scope.attributes.get(value), scope.document.attributes.get(value)):
        known |= dict.fromkeys(name for name, how in (found or {}).items() if is_called in how)
    chosen = similar(node.attr, known, ATTRIBUTES_AT_A_PLACE)
    elsewhere = dict.fromkeys(
        name for seen in scope.attributes.values() for name, how in seen.items() if is_called in how
    )
    wanted = scope.wanted(node)
    if wanted.isidentifier() and wanted != node.attr and not is_called:
        chosen.insert(0, wanted)
    chosen += similar(node.attr, [name for name in elsewhere if name not in chosen], 2, 0.5)
    for rank, name in enumerate(chosen):
        yield scope.around.replace_between(end - len(node.attr), end, name, "attribute", rank)


def _hops(node: ast.Attribute, scope: Scope) -> Iterator[Ranked]:
    """One link of a chain left out, or put in: ``a.b.c`` and ``a.c``."""
    start, end = scope.around.parsed.start(node), scope.around.parsed.end(node)
    value = scope.around.parsed.source(node.value)
    if scope.owner and value == scope.owner and node.attr in scope.bound:
        yield scope.around.replace_between(start, end - len(node.attr), "", "missing", 1)
    if isinstance(node.value, ast.Attribute):
        inner = scope.around.parsed.end(node.value)
        yield scope.around.replace_between(inner - len(node.value.attr), end - len(node.attr), "", "attribute", LOW + 1)
    for hop in _links(value, node.attr, scope):
        yield scope.around.insert(end - len(node.attr), f"{hop}.", "attribute", 2)


def _links(value: str, attribute: str, scope: Scope) -> list[str]:
    """Attributes of an object that have this attribute themselves, as far as was seen."""
    hops = dict.fromkeys([*scope.attributes.get(value, ()), *scope.document.attributes.get(value, ())])
    return [
        hop
        for hop in hops
        if attribute in scope.attributes.get(f"{value}.{hop}", ())
        or attribute in scope.document.attributes.get(hop, ())
    ][:2]


def _calls(node: ast.Attribute, scope: Scope) -> Iterator[Ranked]:
    """The brackets that make a method's name a call."""
    if scope.around.is_called(node) or not isinstance(node.ctx, ast.Load):
        return
    value = scope.around.parsed.source(node.value)
    how = scope.attributes.get(value, {}).get(node.attr, set()) | scope.document.called(node.attr)
    if True in how or node.attr in _METHODS:
        yield scope.around.insert(scope.around.parsed.end(node), "()", "missing", 1)


def _key(node: ast.Constant, value: str, scope: Scope) -> Iterator[Ranked]:
    text = scope.around.parsed.source(node)
    if not scope.is_key(node) or not _PLAIN.match(text):
        return
    for rank, key in enumerate(similar(value, dict.fromkeys([*scope.keys, *scope.document.keys]), KEYS_AT_A_PLACE)):
        if text[0] not in key and key.isprintable() and "\\" not in key:
            yield scope.around.replace(node, text[0] + key + text[0], "string", LOW + rank)
