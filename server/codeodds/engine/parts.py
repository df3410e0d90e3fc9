"""A part of a solution, read from the values of the whole: no token depends on what follows it, so nothing runs twice.

Read so, a part has the values that its text would have if it ended there and all before it were the problem.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from codeodds.types import FloatArray, IntArray, ScoringUnit


class Part(NamedTuple):
    """What a part's reading is taken from."""

    unit: ScoringUnit
    """The part as a unit of its own: its problem is everything before it."""
    raw: FloatArray
    """Logits of its tokens, float32 [n]."""
    offsets: IntArray
    """Character range of each token within the part, int64 [n, 2]."""


def parts_of(unit: ScoringUnit, raw: FloatArray, offsets: IntArray) -> list[Part | None]:
    """The parts that a unit names, in order; None for one without tokens.

    `raw`, `offsets`: of the solution's tokens, [n] and [n, 2]. A token that straddles a border belongs to the part, as
    one that straddles the start of a solution belongs to the solution.
    """
    return [_part(unit, raw, offsets, start, end) for start, end in unit.parts]


def _part(unit: ScoringUnit, raw: FloatArray, offsets: IntArray, start: int, end: int) -> Part | None:
    inside = (offsets[:, 1] > start) & (offsets[:, 0] < end)
    if not inside.any():
        return None
    alone = ScoringUnit(unit.problem + unit.solution[:start], unit.solution[start:end])
    return Part(alone, raw[inside], np.clip(offsets[inside] - start, 0, end - start))
