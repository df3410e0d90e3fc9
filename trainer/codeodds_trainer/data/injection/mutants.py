"""Correct solutions with one small error, of the kinds that people make. Each is executed before it gets a label.

The errors are the edits that the server looks for (`codeodds.edits`): what is measured is what is looked for. Nothing
else changes: no bracket, no space, no comment tells a mutant from what a person might have written.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from codeodds.edits.catalogue import Candidates
from codeodds.edits.edit import Edit
from codeodds.errors import CannotCompare
from codeodds.types import ScoringUnit

MUTANT = "mutant: "
"""What the generator of a mutant starts with; its kind follows."""


class Mutant(NamedTuple):
    """A changed function body."""

    completion: str
    kind: str
    """One of `codeodds.edits.edit.KINDS`."""
    line: int
    """Line of the change in the completion, from 0."""


def mutate(prompt: str, completion: str, most: int, seed: str) -> list[Mutant]:
    """Up to `most` different mutants of a completion, a random choice that depends on the arguments alone.

    None means the same as the completion, or breaks what a compiler or a linter would find. A completion that does not
    parse has none.
    """
    try:
        candidates = Candidates(ScoringUnit(prompt, completion))
        edits = candidates.edits()
    except CannotCompare:
        return []
    random.Random(seed).shuffle(edits)
    sound = (edit for edit in _in_turn(edits) if candidates.objection(edit) is None)
    return [
        Mutant(edit.apply(completion), edit.kind, completion.count("\n", 0, edit.start)) for edit in islice(sound, most)
    ]


def _in_turn(edits: list[Edit]) -> Iterator[Edit]:
    """The kinds in turn, so that names do not crowd out the rest."""
    by_kind: dict[str, list[Edit]] = {}
    for edit in edits:
        by_kind.setdefault(edit.kind, []).append(edit)
    while any(by_kind.values()):
        yield from [items.pop() for items in by_kind.values() if items]
