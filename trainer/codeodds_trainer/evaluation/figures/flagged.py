"""Which share of each kind of mistake editors would point at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from codeodds.bundle.evaluation import RIGHT_PROGRAMS
from codeodds_trainer.evaluation.figures.kinds import Kinds
from codeodds_trainer.evaluation.figures.programs import Programs, to_figures
from codeodds_trainer.evaluation.figures.schema import FlaggedKind, FlaggedShare
from codeodds_trainer.evaluation.figures.slices import LEAST_PROGRAMS
from codeodds_trainer.ground.scoring import ScoredSet

FLAGGED = "flagged"


def measure_flagged(
    scored: ScoredSet, kinds: Kinds, probabilities: npt.NDArray[np.float64], thresholds: Sequence[float]
) -> list[FlaggedKind]:
    """Each kind with enough failing programs, the most frequent first, then the passing programs: flags on these are
    mistakes of the bundle.

    `probabilities`: float64 [programs]. A program below a threshold is flagged at it.
    """
    counts = Counter(kind for kind in kinds if kind is not None)
    frequent = sorted(
        (name for name, count in counts.items() if count >= LEAST_PROGRAMS), key=lambda k: (-counts[k], k)
    )
    parts = [(name, np.asarray([kind == name for kind in kinds], dtype=np.bool_)) for name in frequent]
    return [
        _measure(scored, name, members, probabilities, thresholds)
        for name, members in [*parts, (RIGHT_PROGRAMS, scored.labels)]
        if members.any()
    ]


def _measure(
    scored: ScoredSet,
    name: str,
    members: npt.NDArray[np.bool_],
    probabilities: npt.NDArray[np.float64],
    thresholds: Sequence[float],
) -> FlaggedKind:
    programs = Programs(scored.labels[members], scored.groups[members])
    shares = []
    for threshold in thresholds:
        share = programs.clusters.ratio(programs.sums(probabilities[members] < threshold), programs.totals)
        shares.append(FlaggedShare(probability=threshold, share=to_figures({FLAGGED: share})[0]))
    return FlaggedKind(kind=name, programs=int(members.sum()), problems=programs.clusters.problems, shares=shares)
