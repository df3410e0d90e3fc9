"""What a ranking is made of. Plain data, the same for every front end."""

from __future__ import annotations

from dataclasses import dataclass

from codeodds.types import LineScore

MAX_CANDIDATES = 1_000
"""More are refused: a person looks at a handful, and a machine that searches can ask several times."""

MAX_CANDIDATE_CHARACTERS = 200_000
"""A longer candidate is reported unread: far beyond what any model's context holds."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """One candidate: scored, a duplicate of one that was, or not scored for a reason."""

    index: int
    """Its number among the candidates given, from 0."""

    text: str
    """As given."""

    probability: float | None = None
    """Calibrated value at its last token, in (0, 1); None if it was not scored. A duplicate has that of the first."""

    lines: tuple[LineScore, ...] = ()
    """Values at the ends of its lines, by line of the candidate from 0; empty for what was not scored."""

    reason: str | None = None
    """Why it was not scored, as words that complete "not scored: ..."; None if it was."""

    duplicate_of: int | None = None
    """`index` of the first candidate that says the same; its score counts for this one."""

    agreement: float | None = None
    """With its value, that of all candidates that did the same when they were run, as a share in [0, 1]; None if it was
    not run. `codeodds.ranking.agreement` has the formula."""

    examples_passed: float | None = None
    """Share of the docstring's examples that it gets right, in [0, 1]; None if it was not run or there are none."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """All candidates, best first.

    Scored ones come by falling probability, equal ones in the order given; a duplicate follows its first. What was not
    scored comes last, in the order given.
    """

    candidates: tuple[Ranked, ...]

    @property
    def best(self) -> Ranked | None:
        """The most probable candidate; None if none was scored."""
        first = self.candidates[0] if self.candidates else None
        return first if first is not None and first.probability is not None else None

    @property
    def order(self) -> tuple[int, ...]:
        """`index` of each candidate, best first."""
        return tuple(candidate.index for candidate in self.candidates)
