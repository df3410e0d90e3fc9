"""Scores remembered by their unit: typing in one function never rescores another, nor does undo. Pure.

A unit's text is its key, so that it does not matter where a function stands or which document it came from.
"""

from __future__ import annotations

import sys
from collections import OrderedDict

from codeodds.types import Score, ScoringUnit

MEMO_SCORES = 1_000
"""At most this many scores, however small they are."""

MEMO_LIMIT_MB = 16.0
"""At most this much memory, in units of 1,000,000 bytes, unless told otherwise."""


class ScoreMemo:
    """Scores in order of use; the least recently used go first. Not safe for concurrent calls."""

    def __init__(self, limit_mb: float = MEMO_LIMIT_MB) -> None:
        """`limit_mb`: in units of 1,000,000 bytes; 0 remembers nothing."""
        self._limit = int(limit_mb * 1_000_000)
        self._scores: OrderedDict[ScoringUnit, Score] = OrderedDict()
        self._held = 0

    def __len__(self) -> int:
        return len(self._scores)

    @property
    def nbytes(self) -> int:
        """Bytes held by texts and arrays; never above the limit."""
        return self._held

    def get(self, unit: ScoringUnit) -> Score | None:
        """The unit's score, which counts as used now; None if it is not known."""
        if unit not in self._scores:
            return None
        self._scores.move_to_end(unit)
        return self._scores[unit]

    def put(self, unit: ScoringUnit, score: Score) -> None:
        """Remember a score; what was used least recently makes room. One that alone exceeds the limit is not kept."""
        self._drop(unit)
        size = _size(unit, score)
        if size > self._limit:
            return
        self._scores[unit] = score
        self._held += size
        while len(self._scores) > MEMO_SCORES or self._held > self._limit:
            self._drop(next(iter(self._scores)))

    def clear(self) -> None:
        """Forget everything."""
        self._scores.clear()
        self._held = 0

    def _drop(self, unit: ScoringUnit) -> None:
        score = self._scores.pop(unit, None)
        if score is not None:
            self._held -= _size(unit, score)


def _size(unit: ScoringUnit, score: Score) -> int:
    texts = sys.getsizeof(unit.problem) + sys.getsizeof(unit.solution)
    scores = [score, *(part for part in score.parts if part is not None)]
    return texts + sum(item.values.nbytes + item.raw.nbytes + item.offsets.nbytes for item in scores)
