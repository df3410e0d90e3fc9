"""Both labels of a problem get the same weight in training, by oversampling the rarer one (arXiv 2510.23083)."""

from __future__ import annotations

import random
from collections.abc import Sequence

from codeodds_trainer.data.judge.label import LabelledRollout


def copies(rollouts: Sequence[LabelledRollout], seed: str) -> list[int]:
    """How often each rollout stands in the balanced set: both labels as often as the more frequent one.

    All 0 if there is one label only: such a problem tells easy problems from hard ones, not right code from wrong.
    """
    passing = [index for index, rollout in enumerate(rollouts) if rollout.passed]
    failing = [index for index, rollout in enumerate(rollouts) if not rollout.passed]
    if not passing or not failing:
        return [0] * len(rollouts)
    counts = [1] * len(rollouts)
    rarer = min(passing, failing, key=len)
    missing = abs(len(passing) - len(failing))
    whole, rest = divmod(missing, len(rarer))
    for index in rarer:
        counts[index] += whole
    for index in random.Random(seed).sample(rarer, rest):
        counts[index] += 1
    return counts
