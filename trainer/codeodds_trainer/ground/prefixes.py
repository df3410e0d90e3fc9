"""What the values at a program's tokens say at the end of a prefix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

FRACTIONS = (0.1, 0.25, 0.5, 0.75, 1.0)
"""Shares of the solution's tokens at which figures are reported."""


@dataclass(frozen=True, slots=True)
class Readings:
    """Each float64 [programs], but `tokens`."""

    last: Floats
    mean: Floats
    sum: Floats
    tokens: npt.NDArray[np.int64]
    """int64 [programs]: how many values were read."""


class TokenValues:
    """The values at all solution tokens of many programs."""

    def __init__(self, values: Sequence[Sequence[float]]) -> None:
        """`values`: for each program its values, at least one."""
        self.lengths: npt.NDArray[np.int64] = np.asarray([len(row) for row in values], dtype=np.int64)
        self._starts = np.cumsum(self.lengths) - self.lengths
        self._flat: Floats = np.concatenate([np.asarray(row, dtype=np.float64) for row in values])

    def read(self, fraction: float) -> Readings:
        """Last, mean and sum of the values in the prefix of each program.

        A prefix of fraction f of n tokens is the first ceil(f * n) of them, at least one.
        """
        # A hair less, so that 0.07 * 100 = 7.000000000000001 is 7.
        taken = np.maximum(np.ceil(fraction * self.lengths - 1e-9), 1).astype(np.int64)
        rows = zip(self._starts, taken, strict=True)
        sums = np.asarray([self._flat[start : start + count].sum() for start, count in rows])
        return Readings(self._flat[self._starts + taken - 1], sums / taken, sums, taken)
