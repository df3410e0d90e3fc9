"""The plain data that travels between the layers. Nothing here depends on a model, a protocol or an editor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ScoringUnit:
    """One piece of code to judge: what has to be solved, and the solution as far as it is written.

    The model reads ``problem + solution`` as one text; values are reported at solution tokens only.
    """

    problem: str
    """Imports, class header, decorators, signature, docstring: everything that states the task. May be empty."""

    solution: str
    """The body of the function. Starts where `problem` ends, indentation included."""

    parts: tuple[tuple[int, int], ...] = ()
    """Character ranges [start, end) of the solution that are read for themselves too: bodies of functions within it."""

    @property
    def text(self) -> str:
        """The source that the model reads."""
        return self.problem + self.solution


@dataclass(frozen=True, slots=True)
class Score:
    """The values of one scoring unit of n solution tokens.

    `values[i]` estimates the probability that the finished program passes its tests, given the unit up to and including
    solution token i (the value ``v_i = E[J(G(s_1..s_i))]`` of arXiv 2510.23083). Read at the last token it is an
    outcome reward, read earlier a process reward.
    """

    values: FloatArray
    """Calibrated probabilities, float32 [n], each in (0, 1)."""

    raw: FloatArray
    """The value head's logits before calibration, float32 [n]."""

    offsets: IntArray
    """Character range [start, end) of each token within `ScoringUnit.solution`, int64 [n, 2]."""

    cached_tokens: int = 0
    """Tokens of problem and solution whose keys and values came from the prefix cache."""

    computed_tokens: int = 0
    """Tokens that the model ran for this score."""

    parts: tuple[Score | None, ...] = ()
    """What the same values say of each of the unit's parts, in order; None for a part without tokens. Its offsets count
    from the part's start. Nothing ran for them: both counts of tokens are 0."""

    @property
    def probability(self) -> float:
        """The outcome reward: the calibrated value at the last solution token."""
        return float(self.values[-1])


class LineScore(NamedTuple):
    """The value at the end of one line of the solution."""

    line: int
    """Line number within the solution, from 0."""

    probability: float
    """Calibrated value at the line's last token."""

    drop: float
    """How far the value fell over this line: value before the line minus value at its end. Negative when it rose."""

    fraction: float = 1.0
    """Share of the solution's tokens, in (0, 1], that the value was read from."""

    comment: bool = False
    """Whether the line holds nothing but a comment."""
