"""The catalogue: every small edit of a function that people confuse with what they mean, nearest first where there are
too many.
"""

from __future__ import annotations

import ast
import builtins
import keyword
import re
from collections.abc import Iterator
from functools import cached_property

from codeodds.edits.attributes import attributes
from codeodds.edits.calls import calls
from codeodds.edits.edit import NOTHING, Edit
from codeodds.edits.names import names
from codeodds.edits.nodes import Around, Ranked
from codeodds.edits.operators import operators
from codeodds.edits.parsed import Parsed
from codeodds.edits.scope import Scope
from codeodds.edits.soundness import Judge
from codeodds.edits.structure import structure
from codeodds.types import ScoringUnit

MOST = 400
"""Edits of one function."""
LEAST = 60
"""Edits that even a short function may have."""
A_LINE = 6
"""Edits that each line of code adds to that."""


_WORD = re.compile(r"[^\W\d]\w*")
_KNOWN = frozenset({*dir(builtins), *keyword.kwlist})


class Candidates:
    """The edits of one function."""

    def __init__(self, unit: ScoringUnit, document: str = "") -> None:
        """`document`: the text of the whole file, for names and attributes beside the function. May be empty, and need
        not parse.

        Raises: CannotCompare.
        """
        self._solution = unit.solution
        self._parsed = Parsed(unit)
        self._document = document
        self._judge: Judge | None = None

    def edits(self) -> list[Edit]:
        """Different edits by their result, none of which is the solution itself, in order of their places."""
        around = Around.of(self._parsed)
        found: dict[tuple[int, int, str], Ranked] = {}
        for ranked in sorted(_all(around, self._document), key=lambda one: one.rank):
            if ranked.edit.start >= 0:
                found.setdefault(ranked.edit.least(self._solution), ranked)
        found.pop(NOTHING, None)
        lines = sum(1 for line in self._solution.split("\n") if line.strip())
        nearest = list(found.values())[: min(MOST, LEAST + A_LINE * lines)]
        return sorted((one.edit for one in nearest), key=lambda edit: (edit.start, edit.end, edit.text))

    def objection(self, edit: Edit) -> str | None:
        """Why an edit must not be proposed, in a few words; None if it may."""
        if self._judge is None:
            self._judge = Judge(self._parsed, self._document)
        return self._judge.objection(edit.apply(self._solution))

    def speaks_of(self, edit: Edit) -> bool:
        """Whether an edit that the catalogue did not make touches code alone, and names nothing that is new here.

        What a message says is a free choice, and so is how something is called.
        """
        if any(start < edit.end and edit.start < end for start, end in self._texts):
            return False
        return set(_WORD.findall(edit.apply(self._solution))) <= self._words

    @cached_property
    def _texts(self) -> list[tuple[int, int]]:
        """Characters of the solution in which a string stands."""
        return [
            (self._parsed.start(node), self._parsed.end(node))
            for node in ast.walk(self._parsed.function)
            if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))
        ]

    @cached_property
    def _words(self) -> frozenset[str]:
        return frozenset(_WORD.findall(self._parsed.unit.text + "\n" + self._document)) | _KNOWN


def _all(around: Around, document: str) -> Iterator[Ranked]:
    scope = Scope(around, document)
    for node in around.nodes:
        yield from operators(node, around)
        yield from structure(node, around)
        yield from calls(node, around)
        yield from names(node, scope)
        yield from attributes(node, scope)
