"""The catalogue over functions that people wrote: those of the standard library."""

from __future__ import annotations

import ast
import random
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

from codeodds.edits.catalogue import MOST, Candidates
from codeodds.edits.edit import Edit
from codeodds.edits.facts import facts_of
from codeodds.errors import CannotCompare
from codeodds.source.functions import find_functions
from codeodds.types import ScoringUnit

FUNCTIONS = 500


def functions() -> Iterator[tuple[ScoringUnit, str]]:
    """Functions of the standard library with their document, always the same."""
    files = sorted(Path(sysconfig.get_paths()["stdlib"]).glob("*.py"))
    chance = random.Random(7)
    chance.shuffle(files)
    found = 0
    for file in files:
        document = file.read_text("utf-8")
        units = [function.unit for function in find_functions(document) if not function.is_stub]
        for unit in chance.sample(units, min(5, len(units))):
            yield unit, document
            found += 1
            if found == FUNCTIONS:
                return


@pytest.fixture(scope="module")
def units() -> list[tuple[ScoringUnit, str]]:
    return list(functions())


def test_every_edit_that_is_let_through_parses_and_differs(units: list[tuple[ScoringUnit, str]]) -> None:
    chance = random.Random(1)
    objections, asked, compared = 0, 0, 0
    for unit, document in units:
        try:
            candidates = Candidates(unit, document)
        except CannotCompare:
            continue
        edits = candidates.edits()
        compared += 1
        assert len(edits) <= MOST
        assert len({edit.apply(unit.solution) for edit in edits} | {unit.solution}) == len(edits) + 1
        for edit in chance.sample(edits, min(8, len(edits))):
            asked += 1
            if candidates.objection(edit) is None:
                _assert_parses(unit.problem, edit.apply(unit.solution))
            else:
                objections += 1
    assert compared > 0.95 * FUNCTIONS
    # An objection is the exception, or else the catalogue holds the wrong edits.
    assert 0.03 < objections / asked < 0.3


def test_a_function_is_no_objection_to_itself(units: list[tuple[ScoringUnit, str]]) -> None:
    for unit, _ in units[:200]:
        try:
            candidates = Candidates(unit)
        except CannotCompare:
            continue
        assert candidates.objection(Edit(0, 0, "", "model")) == "it means the same"
        assert (
            candidates.objection(Edit(len(unit.solution), len(unit.solution), "# more\n", "model"))
            == "it means the same"
        )


def test_few_functions_of_people_hold_what_edits_are_objected_to_for() -> None:
    """If the analysis saw unbound names and unreachable statements everywhere, it would be wrong."""
    seen, unbound, unreachable = 0, 0, 0
    for file in sorted(Path(sysconfig.get_paths()["stdlib"]).glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                facts = facts_of(node)
                seen += 1
                unbound += bool(facts.unbound)
                unreachable += facts.unreachable > 0
    assert seen > 3000
    assert unbound < 0.02 * seen
    assert unreachable < 0.002 * seen


def test_what_is_cut_at_random_never_raises_anything_else(units: list[tuple[ScoringUnit, str]]) -> None:
    chance = random.Random(3)
    compared = 0
    for unit, document in units[:250]:
        raw = unit.solution.encode("utf-8")
        start = chance.randrange(len(raw) + 1)
        end = min(len(raw), start + chance.randrange(12))
        solution = (raw[:start] + raw[end:]).decode("utf-8", chance.choice(("ignore", "surrogateescape")))
        cut = ScoringUnit(unit.problem[chance.choice((0, 0, 0, 5)) :], solution)
        try:
            candidates = Candidates(cut, document[: chance.randrange(len(document) + 1)])
        except CannotCompare:
            continue
        compared += 1
        for edit in chance.sample(edits := candidates.edits(), min(3, len(edits))):
            candidates.objection(edit)
        for _ in range(6):
            at = chance.randrange(len(solution) + 1)
            text = chance.choice(
                ("", "(", "not ", "\n", "\0", "\ud800", "x = ", "yield ", "await ", "    ", "'", "\\", "*a")
            )
            candidates.objection(Edit(at, min(len(solution), at + chance.randrange(4)), text, "model"))
    assert compared > 30


def _assert_parses(problem: str, solution: str) -> None:
    try:
        ast.parse(problem + solution)
    except IndentationError:
        # It stood within an ``if`` of its module, which is not a part of it.
        lines = problem.splitlines(keepends=True)
        first = next(number for number, line in enumerate(lines) if line[:1].isspace() and line.strip())
        ast.parse("".join([*lines[:first], "if 1:\n", *lines[first:]]) + solution)
