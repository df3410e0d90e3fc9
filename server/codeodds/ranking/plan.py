"""What to score of a list of candidates, and the ranking once that is known. Pure.

Candidates that say the same are scored once. Those that cannot follow the prefix are not scored at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from codeodds.engine.values import NOT_REACHED, score_lines
from codeodds.errors import RankError, UnitError
from codeodds.ranking.types import MAX_CANDIDATE_CHARACTERS, MAX_CANDIDATES, Ranked, Ranking
from codeodds.source.functions import normalise_newlines
from codeodds.source.parsing import does_not_parse_because
from codeodds.types import LineScore, Score, ScoringUnit

SLICE_CANDIDATES = 16
"""So many candidates are scored at a time: between slices others get their turn, and what is known can be shown."""

SLICE_CHARACTERS = 16_000
"""At most so many characters of candidates in a slice, unless one alone has more."""

_NOT_TEXT = re.compile("[\x00\ud800-\udfff]")


Outcome = Score | UnitError


@dataclass(frozen=True, slots=True)
class Context:
    """What the candidates go on from: `problem + beginning + candidate` is what the model reads."""

    problem: str
    """Everything that states the task: imports, signature, docstring. May be empty."""

    beginning: str = ""
    """The part of the solution that stands already, verbatim."""

    unfinished: bool = False
    """Whether candidates may stop in the middle of a statement, as a name does: then they need not parse."""


class Plan:
    """The candidates of one ranking."""

    def __init__(self, context: Context, candidates: Sequence[str]) -> None:
        """Raises: RankError for no candidates, or more than `MAX_CANDIDATES`."""
        if not candidates:
            raise RankError("there are no candidates; give at least one")
        if len(candidates) > MAX_CANDIDATES:
            raise RankError(
                f"there are {len(candidates):,} candidates; at most {MAX_CANDIDATES:,} are ranked at once: give fewer, "
                "or rank them in parts and then the best of each"
            )
        self._context = context
        self._candidates = tuple(candidates)
        self._first: dict[str, int] = {}
        self._duplicates: dict[int, int] = {}
        self._reasons: dict[int, str] = {}
        for index, text in enumerate(self._candidates):
            self._add(index, text)

    @property
    def units(self) -> dict[int, ScoringUnit]:
        """What to score, by index of the candidate."""
        return {index: self._unit(index) for index in self._first.values() if index not in self._reasons}

    def slices(self) -> Iterator[dict[int, ScoringUnit]]:
        """`units` in parts, each to be scored as one batch."""
        part: dict[int, ScoringUnit] = {}
        held = 0
        for index, unit in self.units.items():
            size = len(self._candidates[index])
            if part and (len(part) == SLICE_CANDIDATES or held + size > SLICE_CHARACTERS):
                yield part
                part, held = {}, 0
            part[index] = unit
            held += size
        if part:
            yield part

    def ranking(self, outcomes: Mapping[int, Outcome]) -> Ranking:
        """The ranking, given what came of `units`; those without an outcome are reported as not reached."""
        found = {index: self._ranked(index, outcomes.get(index)) for index in self._first.values()}
        for index, first in self._duplicates.items():
            known = found[first]
            found[index] = Ranked(
                index,
                self._candidates[index],
                known.probability,
                known.lines,
                known.reason,
                duplicate_of=first,
            )
        return Ranking(tuple(sorted(found.values(), key=_place)))

    def _add(self, index: int, text: str) -> None:
        key = _essence(text)
        first = self._first.setdefault(key, index)
        if first != index:
            self._duplicates[index] = first
            return
        reason = self._not_scored_because(text)
        if reason is not None:
            self._reasons[index] = reason

    def _not_scored_because(self, text: str) -> str | None:
        if not text.strip():
            return "it is empty"
        if len(text) > MAX_CANDIDATE_CHARACTERS:
            return f"it has {len(text):,} characters; at most {MAX_CANDIDATE_CHARACTERS:,} are read"
        if _NOT_TEXT.search(text):
            return "it is not text: it holds characters that no Python source can hold"
        if self._context.unfinished:
            return None
        return does_not_parse_because(self._context.problem + self._context.beginning, text)

    def _unit(self, index: int) -> ScoringUnit:
        return ScoringUnit(self._context.problem, self._context.beginning + self._candidates[index])

    def _ranked(self, index: int, outcome: Outcome | None) -> Ranked:
        text = self._candidates[index]
        if isinstance(outcome, Score):
            lines = self._lines(index, outcome)
            return Ranked(index, text, outcome.probability, lines)
        reason = self._reasons.get(index)
        return Ranked(index, text, reason=reason or (NOT_REACHED if outcome is None else str(outcome)))

    def _lines(self, index: int, score: Score) -> tuple[LineScore, ...]:
        """Those that end within the candidate, counted from its first."""
        beginning = normalise_newlines(self._context.beginning).count("\n")
        lines = score_lines(score, self._unit(index).solution)
        return tuple(line._replace(line=line.line - beginning) for line in lines if line.line >= beginning)


def _essence(text: str) -> str:
    """What is the same for two candidates that differ in line ends, or in white space behind the last of them."""
    return normalise_newlines(text).rstrip()


def _place(candidate: Ranked) -> tuple[float, int, int]:
    """A duplicate stands right behind its first."""
    value = 0.0 if candidate.probability is None else -candidate.probability
    first = candidate.index if candidate.duplicate_of is None else candidate.duplicate_of
    return (1.0, candidate.index, 0) if candidate.probability is None else (value, first, candidate.index)
