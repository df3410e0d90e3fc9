"""Whatever scores programs, as columns that can be compared: bundles, baselines, lengths."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from codeodds.bundle.calibration import calibrate_readings
from codeodds.bundle.manifest import Calibration
from codeodds_trainer.ground.prefixes import TokenValues
from codeodds_trainer.ground.scoring import Baseline, Reading, ScoredSet

Kind = Literal["bundle", "compared", "baseline", "chance"]

THIS_BUNDLE = "this bundle"


@dataclass(frozen=True, slots=True)
class Rater:
    """One column of the figures: a score for every program of a data set, at any prefix."""

    name: str
    kind: Kind
    values: TokenValues
    reading: Reading | Calibration
    """How values become one score; a calibration makes probabilities of them."""
    scored: npt.NDArray[np.bool_]
    """bool [programs]: False for programs that have no score of this rater."""
    tokenwise: bool
    """True if prefixes have scores of their own."""

    @property
    def complete(self) -> bool:
        """True if every program has a score, so that figures over the whole set make sense."""
        return bool(self.scored.all())

    @property
    def probabilistic(self) -> bool:
        """True if the scores are probabilities of passing."""
        return not isinstance(self.reading, str)

    def scores(self, fraction: float = 1.0) -> npt.NDArray[np.float64]:
        """float64 [programs], higher means more likely right.

        A program without a score ranks below all others of its problem: this is for the few that a rater could not
        read. A rater that scored only some is reported on these (`figures.is_partial`). Problems with one label need no
        scores: there is nothing to rank in them.
        """
        readings = self.values.read(fraction)
        if isinstance(self.reading, str):
            found: npt.NDArray[np.float64] = getattr(readings, self.reading)
        else:
            found = calibrate_readings(self.reading, readings.last, readings.mean, readings.tokens)
        return np.where(self.scored, found, -np.inf)


def bundle_rater(name: str, kind: Kind, scored: ScoredSet, programs: ScoredSet, calibration: Calibration) -> Rater:
    """A bundle's probabilities, in the order of `programs`."""
    return _join(name, kind, scored, programs, calibration, tokenwise=True)


def baseline_raters(baselines: Mapping[str, Baseline], programs: ScoredSet) -> list[Rater]:
    """Each baseline in the order of `programs`, then the shortest and the longest program first."""
    found = [
        _join(name, "baseline", baseline.scored, programs, baseline.reading, baseline.tokenwise)
        for name, baseline in baselines.items()
    ]
    everything = np.ones(len(programs.rows), dtype=np.bool_)
    for name, sign in (("shortest", -1.0), ("longest", 1.0)):
        values = TokenValues([[sign * characters] for characters in programs.characters.tolist()])
        found.append(Rater(name, "baseline", values, "last", everything, tokenwise=False))
    return found


def _join(
    name: str, kind: Kind, scored: ScoredSet, programs: ScoredSet, reading: Reading | Calibration, tokenwise: bool
) -> Rater:
    """Programs are one and the same if problem and text are."""
    known = {(row.problem_id, row.text): row.values for row in scored.rows}
    values = [known.get((row.problem_id, row.text)) for row in programs.rows]
    found = np.asarray([row is not None for row in values], dtype=np.bool_)
    return Rater(name, kind, TokenValues([row or [0.0] for row in values]), reading, found, tokenwise)
