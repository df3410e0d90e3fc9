"""The names, attributes and keys that a function uses, and those that its document shows beside it."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterable
from difflib import SequenceMatcher
from functools import lru_cache

from codeodds.edits.nodes import Around
from codeodds.edits.parsed import FUNCTIONS, arguments_of
from codeodds.edits.seen import Seen, members, seen_in

BUILTINS = frozenset(dir(builtins))
EXCEPTIONS = tuple(
    name for name, value in vars(builtins).items() if isinstance(value, type) and issubclass(value, BaseException)
)

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_KEYED = frozenset({"get", "pop", "setdefault"})


class Scope:
    """What stands for what in one function."""

    def __init__(self, around: Around, document: str) -> None:
        parsed = around.parsed
        self.around = around
        self.document = seen_in(document) if document else Seen()
        self.members = members(document, parsed.classes[-1]) if document and parsed.classes else {}
        """Attributes and methods of the class around, and whether these are called (both may be)."""
        first = next((argument.arg for argument in arguments_of(parsed.function)), "")
        self.owner = first if parsed.classes and first in ("self", "cls") else ""
        """The first parameter of a method."""
        self.bound: dict[str, int] = {}
        """Each local name, and where it is bound first."""
        self.uses: dict[str, list[int]] = {}
        """Each name, and where it stands."""
        self.attributes: dict[str, dict[str, set[bool]]] = {}
        """For each object the attributes seen in the function, and whether these are called."""
        self.keys: list[str] = []
        self.imported = _imported(parsed.module)
        for outer in dict.fromkeys((parsed.outer, parsed.function)):
            for argument in arguments_of(outer):
                self.bound.setdefault(argument.arg, -1)
        for node in around.nodes:
            self._read(node)
        for places in self.uses.values():
            places.sort()

    def _read(self, node: ast.AST) -> None:
        parsed = self.around.parsed
        if isinstance(node, ast.Name):
            at = parsed.start(node)
            self.uses.setdefault(node.id, []).append(at)
            if isinstance(node.ctx, ast.Store):
                # An assignment reads its value first.
                parent = self.around.parent(node)
                behind = parsed.end(parent) if isinstance(parent, (ast.Assign, ast.AnnAssign)) else at
                self.bound.setdefault(node.id, behind)
        elif isinstance(node, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            # Its names stand behind the first place that reads them.
            for loop in node.generators:
                for inner in ast.walk(loop.target):
                    if isinstance(inner, ast.Name):
                        self.bound.setdefault(inner.id, parsed.start(node))
        elif isinstance(node, FUNCTIONS):
            self.bound.setdefault(node.name, parsed.start(node))
            for argument in arguments_of(node):
                self.bound.setdefault(argument.arg, parsed.start(node))
        elif isinstance(node, ast.ExceptHandler):
            if node.name:
                self.bound.setdefault(node.name, parsed.start(node))
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            for alias in node.names:
                self.bound.setdefault(alias.asname or alias.name.partition(".")[0], parsed.start(node))
        elif isinstance(node, ast.Attribute):
            found = self.attributes.setdefault(parsed.source(node.value), {})
            found.setdefault(node.attr, set()).add(self.around.is_called(node))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and self.is_key(node):
            self.keys.append(node.value)

    def is_key(self, node: ast.Constant) -> bool:
        """Whether a string is a key, or is compared with something."""
        role, parent = self.around.role(node), self.around.parent(node)
        if role == "slice":
            return True
        if role == "args" and isinstance(parent, ast.Call) and isinstance(parent.func, ast.Attribute):
            return parent.func.attr in _KEYED and parent.args[0] is node
        return isinstance(parent, ast.Compare)

    def wanted(self, node: ast.expr) -> str:
        """The name of what a value is for: its key, keyword or target; empty where nothing tells."""
        parent = self.around.parent(node)
        if isinstance(parent, ast.keyword):
            return parent.arg or ""
        if isinstance(parent, ast.Dict) and self.around.role(node) == "values":
            key = parent.keys[parent.values.index(node)]
            return key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else ""
        if isinstance(parent, ast.Assign) and isinstance(parent.targets[0], ast.Attribute):
            return parent.targets[0].attr
        return ""


def similar(name: str, known: Iterable[str], most: int, least: float = 0.0) -> list[str]:
    """The names that look most like one, those that stand first before others; of the same style of letters."""
    style = _style(name)
    found = {other: likeness(name, other) for other in known if other != name and _style(other) == style}
    return sorted((other for other in found if found[other] >= least), key=lambda other: -found[other])[:most]


@lru_cache(maxsize=10_000)
def likeness(one: str, other: str) -> float:
    """How much two names look alike, in [0, 1]: shared words, or else shared letters."""
    first, second = _words(one), _words(other)
    if shared := len(first & second):
        return 0.5 + 0.5 * shared / max(len(first), len(second))
    if one[:1] == other[:1] or one[-1:] == other[-1:]:
        matcher = SequenceMatcher(None, one, other, autojunk=False)
        return 0.9 * matcher.ratio() if matcher.quick_ratio() > 0.5 else 0.3
    return 0.2 if len(one) == len(other) else 0.0


def _words(name: str) -> set[str]:
    return {word.lower() for word in _WORDS.findall(name)}


def _style(name: str) -> tuple[bool, bool]:
    return name.isupper() and len(name) > 1, name[:1].isupper()


def _imported(tree: ast.Module) -> list[str]:
    return [
        alias.asname or alias.name.partition(".")[0]
        for node in tree.body
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
        if alias.name != "*"
    ]
