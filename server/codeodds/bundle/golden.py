"""Golden scores: what the trainer measured when it made the bundle, and every later reader must measure again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import msgspec
import numpy as np
import numpy.typing as npt

from codeodds.errors import BundleCorrupt
from codeodds.types import Score, ScoringUnit


class Scores(Protocol):
    """The part of a scorer that the check needs."""

    def score(self, unit: ScoringUnit) -> Score: ...


class GoldenRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One unit and its scores."""

    problem: str
    solution: str
    raw: list[float]
    """Logit at each solution token."""
    probability: list[float]
    """Calibrated value at each solution token."""


class Golden(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The content of ``golden.json``."""

    tolerance: float
    """Largest absolute difference of a probability that still counts as equal: of the calibrated one, and of a logit's
    sigmoid."""
    rows: list[GoldenRow]


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A golden row that came out differently."""

    row: int
    """Index of the row, from 0."""
    reason: str
    """What differs and by how much."""


def record_golden(scorer: Scores, units: Sequence[ScoringUnit], tolerance: float) -> Golden:
    """Score the units and keep the results, rounded to a thousandth of the tolerance."""
    digits = max(0, 3 - int(np.floor(np.log10(tolerance))))
    rows = []
    for unit in units:
        score = scorer.score(unit)
        rows.append(
            GoldenRow(
                unit.problem,
                unit.solution,
                [round(value, digits) for value in score.raw.tolist()],
                [round(value, digits) for value in score.values.tolist()],
            )
        )
    return Golden(tolerance, rows)


def write_golden(golden: Golden, path: Path) -> None:
    """Indented JSON, stable for equal content."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(golden), indent=1) + b"\n")


def read_golden(path: Path) -> Golden:
    """Raises: BundleCorrupt if the file is missing or does not hold golden scores."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Golden)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BundleCorrupt(
            f"{path}: cannot read the golden scores ({error}); fetch or export the bundle again"
        ) from error


def check_golden(scorer: Scores, path: Path) -> list[Mismatch]:
    """Score every golden row again; an empty list means that all agree.

    Raises: BundleCorrupt for an unreadable file, and what `scorer.score` raises.
    """
    golden = read_golden(path)
    mismatches = []
    for index, row in enumerate(golden.rows):
        reason = _difference(row, scorer.score(ScoringUnit(row.problem, row.solution)), golden.tolerance)
        if reason is not None:
            mismatches.append(Mismatch(index, reason))
    return mismatches


def _difference(row: GoldenRow, score: Score, tolerance: float) -> str | None:
    lengths = (len(row.raw), len(row.probability))
    if lengths != (len(score.raw), len(score.values)):
        return f"{len(score.raw)} solution tokens, golden has {lengths[0]} logits and {lengths[1]} probabilities"
    for name, found, golden, scale in (
        ("raw", score.raw, np.asarray(row.raw), _sigmoid),
        ("probability", score.values, np.asarray(row.probability), np.asarray),
    ):
        differences = np.abs(scale(np.asarray(found, dtype=np.float64)) - scale(golden))
        worst = int(differences.argmax())
        # A NaN compares false with everything, so ask for what is wanted rather than for what is not.
        if not differences[worst] <= tolerance:
            place = f"{name} at solution token {worst}"
            return f"{place} is {found[worst]:.6g}, golden has {golden[worst]:.6g} (tolerance {tolerance:g})"
    return None


def _sigmoid(logits: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Processors round the products of few bits differently. A head that looks for faults makes a large logit of that
    where the logit is large already, and says the same.
    """
    return 0.5 + 0.5 * np.tanh(logits / 2)
