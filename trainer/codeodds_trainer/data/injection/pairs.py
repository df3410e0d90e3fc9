"""Puts errors into a right function, each as long as what it replaces: a head can't learn that longer is better."""

from __future__ import annotations

import ast
import random
from collections.abc import Callable, Sequence

import msgspec

from codeodds.bundle.tokenization import CodeTokenizer
from codeodds.errors import UnitError
from codeodds.types import ScoringUnit
from codeodds_trainer.data.injection.mutants import MUTANT, Mutant, mutate

ORIGINAL = "original"
"""The generator of what was published."""
ALTERNATIVE = "alternative"
"""The generator of what a language model would have written instead."""
TRIED = 60
"""Mutants that are looked at for those of the right length."""


class InjectedRow(msgspec.Struct, frozen=True, kw_only=True):
    """One program; `codeodds_trainer.ground.labelled` reads it. Programs of one problem share its id and prompt."""

    problem_id: str
    split: str
    prompt: str
    completion: str
    passed: bool
    generator: str
    source: str
    """Where the function is from: package and version, or benchmark."""
    licence: str


Alternatives = Callable[[ScoringUnit], Sequence[str]]
"""From a function to other solutions that a language model finds likely, the likeliest first."""


def equal_length_errors(
    unit: ScoringUnit, tokenizer: CodeTokenizer, most: int, seed: str, alternatives: Sequence[str] = ()
) -> list[Mutant]:
    """Up to `most` mutants of different kinds, and up to `most` of the alternatives, all with as many tokens as the
    function itself and another syntax tree.
    """
    wanted = _tokens(unit, tokenizer)
    own = _shape(unit.text)

    def fits(solution: str) -> bool:
        changed = ScoringUnit(unit.problem, solution)
        return _tokens(changed, tokenizer) == wanted and _shape(changed.text) not in (None, own)

    mutants: list[Mutant] = []
    for mutant in mutate(unit.problem, unit.solution, TRIED, seed):
        fresh = mutant.kind not in {one.kind for one in mutants}
        if len(mutants) < most and fresh and fits(mutant.completion):
            mutants.append(mutant)
    others = [solution for solution in dict.fromkeys(alternatives) if fits(solution)]
    known = {mutant.completion for mutant in mutants}
    mutants += [Mutant(solution, ALTERNATIVE, 0) for solution in others if solution not in known][:most]
    return mutants


def shuffled_rows(rows: Sequence[InjectedRow], seed: str) -> list[InjectedRow]:
    """The programs of a problem in an order that does not tell which one is right."""
    mixed = list(rows)
    random.Random(seed).shuffle(mixed)
    return mixed


def generator_of(mutant: Mutant) -> str:
    """What a row says of where its program is from."""
    return ALTERNATIVE if mutant.kind == ALTERNATIVE else MUTANT + mutant.kind


def _tokens(unit: ScoringUnit, tokenizer: CodeTokenizer) -> int:
    try:
        return len(tokenizer.encode(unit).ids)
    except UnitError:
        return -1


def _shape(source: str) -> str | None:
    """The syntax tree without what strings say; None if there is none. Another message is no error."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return None
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = ""
    return ast.dump(tree)
