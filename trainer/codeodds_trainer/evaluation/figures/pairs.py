"""Originals against injected errors: how often the original scores higher, by kind of mistake.

An original and its errors share problem and prompt, and differ in one place. Pairs of equal length, in solution tokens,
tell a score that reads code from one that reads length.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from codeodds_trainer.data.injection.pairs import ORIGINAL
from codeodds_trainer.evaluation.figures.bootstrap import Clusters
from codeodds_trainer.evaluation.figures.kinds import Kinds
from codeodds_trainer.evaluation.figures.mistakes import is_put_in
from codeodds_trainer.evaluation.figures.programs import to_figures
from codeodds_trainer.evaluation.figures.raters import Rater
from codeodds_trainer.evaluation.figures.schema import Column, PairGroup
from codeodds_trainer.evaluation.figures.slices import LEAST_PROGRAMS
from codeodds_trainer.ground.scoring import ScoredSet

Rows = npt.NDArray[np.int64]

ALL = "all"
PAIR_ACCURACY = "pair_accuracy"


def find_pairs(scored: ScoredSet) -> list[tuple[int, int]]:
    """Rows of original and error, each pair once, for every problem id with exactly one original text."""
    originals: dict[str, dict[str, int]] = defaultdict(dict)
    errors: dict[str, dict[str, int]] = defaultdict(dict)
    for index, row in enumerate(scored.rows):
        if row.passed and row.generator == ORIGINAL:
            originals[row.problem_id].setdefault(row.text, index)
        elif not row.passed and is_put_in(row.generator):
            errors[row.problem_id].setdefault(row.text, index)
    return [
        (next(iter(originals[name].values())), error)
        for name, found in errors.items()
        if len(originals[name]) == 1
        for error in found.values()
    ]


def measure_pairs(scored: ScoredSet, raters: Sequence[Rater], kinds: Kinds) -> list[PairGroup]:
    """All pairs, then each kind with enough of them, the most frequent first; of each, all and those of equal length.

    `raters`: the bundle of record first. `kinds`: of the scored programs.
    """
    pairs = find_pairs(scored)
    counts = Counter(kind for _, error in pairs if (kind := kinds[error]) is not None)
    frequent = sorted(
        (name for name, count in counts.items() if count >= LEAST_PROGRAMS), key=lambda k: (-counts[k], k)
    )
    found = []
    for name in [ALL, *frequent]:
        chosen = [pair for pair in pairs if name == ALL or kinds[pair[1]] == name]
        equal = [pair for pair in chosen if scored.tokens[pair[0]] == scored.tokens[pair[1]]]
        if chosen:
            found.append(_measure(scored, raters, chosen, name, equal_length=False))
        if equal:
            found.append(_measure(scored, raters, equal, name, equal_length=True))
    return found


def _measure(
    scored: ScoredSet, raters: Sequence[Rater], pairs: Sequence[tuple[int, int]], kind: str, *, equal_length: bool
) -> PairGroup:
    originals, errors = np.asarray(pairs, dtype=np.int64).T
    groups: Rows = np.unique(scored.groups[originals], return_inverse=True)[1].astype(np.int64)
    clusters = Clusters(groups)
    columns = []
    for rater in raters:
        scores = rater.scores()
        high, low = scores[originals], scores[errors]
        # Compared, not subtracted: two programs without a score are equal.
        wins = np.where(high == low, 0.5, (high > low).astype(np.float64))
        share = clusters.ratio(np.bincount(groups, wins).astype(np.float64), np.bincount(groups).astype(np.float64))
        missing = ~rater.scored[originals] | ~rater.scored[errors]
        columns.append(
            Column(
                name=rater.name,
                kind=rater.kind,
                tokenwise=rater.tokenwise,
                unscored=int(missing.sum()),
                figures=to_figures({PAIR_ACCURACY: share}),
            )
        )
    return PairGroup(
        kind=kind, equal_length=equal_length, pairs=len(pairs), problems=clusters.problems, columns=columns
    )
