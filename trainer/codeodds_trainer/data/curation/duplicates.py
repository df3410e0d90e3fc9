"""Near-duplicate problems: those whose statements or solutions nearly agree, found with MinHash and LSH.

Broder, "On the resemblance and containment of documents" (1997). Candidates of the index are compared exactly, so that
no pair is named that does not reach the similarity.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from datasketch import MinHash, MinHashLSH

from codeodds_trainer.data.problems.problem import Problem

PERMUTATIONS = 128
STATEMENT_WORDS = 3
"""Words of a shingle of a statement."""

SOLUTION_TOKENS = 5
"""Tokens of a shingle of a solution."""

FEWEST = 8
"""Texts with fewer shingles are too short to tell a duplicate from a coincidence."""


class Pair(NamedTuple):
    """Two problems that nearly agree."""

    one: str
    other: str
    similarity: float
    """Jaccard similarity of their shingles."""
    what: str
    """``statement`` or ``solution``."""


def near_duplicates(problems: Sequence[Problem], similarity: float) -> list[Pair]:
    """Pairs of different problems of at least this similarity, in order."""
    found: dict[tuple[str, str], Pair] = {}
    for what, texts in (
        ("statement", ((problem.problem_id, statement_shingles(problem)) for problem in problems)),
        ("solution", (item for problem in problems for item in _solutions(problem))),
    ):
        for pair in _pairs(texts, similarity, what):
            key = (pair.one, pair.other)
            if key not in found or found[key].similarity < pair.similarity:
                found[key] = pair
    return sorted(found.values())


def groups(names: Iterable[str], pairs: Iterable[Pair]) -> list[list[str]]:
    """The problems, those that pairs connect together."""
    parent = {name: name for name in names}

    def root(name: str) -> str:
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    for pair in pairs:
        parent[max(root(pair.one), root(pair.other))] = min(root(pair.one), root(pair.other))
    together: dict[str, list[str]] = {}
    for name in parent:
        together.setdefault(root(name), []).append(name)
    return list(together.values())


def statement_shingles(problem: Problem) -> frozenset[str]:
    """Runs of words of the task in words; of the prompt where there is no statement. Examples do not count."""
    text = problem.statement or re.sub(r"^\s*>>>.*$", "", problem.prompt, flags=re.MULTILINE)
    return shingles(re.findall(r"\w+", text.lower()), STATEMENT_WORDS)


def solution_shingles(program: str) -> frozenset[str]:
    """Runs of tokens of a program, without comments, white space and the names that it gives."""
    words = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(program).readline):
            if token.type in (tokenize.NAME, tokenize.NUMBER, tokenize.OP, tokenize.STRING):
                words.append(token.string)
    except (tokenize.TokenError, SyntaxError):
        words = program.split()
    return shingles(words, SOLUTION_TOKENS)


def shingles(words: Sequence[str], size: int) -> frozenset[str]:
    """All runs of `size` words."""
    return frozenset(" ".join(words[start : start + size]) for start in range(len(words) - size + 1))


def _solutions(problem: Problem) -> Iterable[tuple[str, frozenset[str]]]:
    return ((problem.problem_id, solution_shingles(program)) for program in problem.references)


def _pairs(texts: Iterable[tuple[str, frozenset[str]]], similarity: float, what: str) -> Iterable[Pair]:
    index = MinHashLSH(threshold=similarity, num_perm=PERMUTATIONS)
    known: list[tuple[str, frozenset[str]]] = []
    for name, parts in texts:
        if len(parts) < FEWEST:
            continue
        sketch = MinHash(num_perm=PERMUTATIONS, seed=1)
        sketch.update_batch([part.encode("utf-8", "surrogatepass") for part in parts])
        for number in index.query(sketch):
            other, others = known[number]
            agreement = len(parts & others) / len(parts | others)
            if other != name and agreement >= similarity:
                yield Pair(min(name, other), max(name, other), round(agreement, 4), what)
        index.insert(len(known), sketch)
        known.append((name, parts))
