"""Functions worth learning from, cut into problem and solution exactly as an editor would."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from codeodds.bundle.tokenization import CodeTokenizer
from codeodds.errors import UnitError
from codeodds.source.functions import find_functions, unscored_because
from codeodds.types import ScoringUnit
from codeodds_trainer.data.injection.package_list import Package


@dataclass(frozen=True, slots=True)
class Limits:
    """Which functions are taken, by the length of their parts in tokens."""

    problem_tokens: int = 240
    """At most."""
    least_solution_tokens: int = 20
    solution_tokens: int = 160
    """At most."""


@dataclass(frozen=True, slots=True)
class PackagedFunction:
    """One function of a package."""

    problem_id: str
    """``package/path:name``: all functions of a package share the part before the first slash."""
    package: Package
    unit: ScoringUnit


def collect_functions(
    package: Package, files: Iterable[tuple[str, str]], tokenizer: CodeTokenizer, limits: Limits
) -> list[PackagedFunction]:
    """At most `package.most` functions, chosen by a hash of their names: more files move few of them.

    Left out: what does not parse by itself, stubs, tests, functions of another length, and copies of a body.
    """
    found: dict[str, PackagedFunction] = {}
    for path, text in files:
        for function in find_functions(text):
            if unscored_because(function) is None and "test" not in function.name.lower():
                name = f"{package.name}/{path}:{function.name}"
                found.setdefault(function.unit.solution, PackagedFunction(name, package, function.unit))
    chosen: dict[str, PackagedFunction] = {}
    for candidate in sorted(found.values(), key=lambda item: _hash(item.problem_id)):
        if len(chosen) == package.most:
            break
        if candidate.problem_id not in chosen and _fits(candidate.unit, tokenizer, limits):
            chosen[candidate.problem_id] = candidate
    return list(chosen.values())


def _fits(unit: ScoringUnit, tokenizer: CodeTokenizer, limits: Limits) -> bool:
    try:
        encoded = tokenizer.encode(unit)
        ast.parse(unit.text)
    except (UnitError, SyntaxError, ValueError, RecursionError):
        return False
    solution = len(encoded.ids) - encoded.solution_start
    in_range = limits.least_solution_tokens <= solution <= limits.solution_tokens
    return in_range and encoded.solution_start <= limits.problem_tokens


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
