"""All figures and curves of one data set."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from tqdm import tqdm

from codeodds_trainer.evaluation.figures.curves import measure_curves
from codeodds_trainer.evaluation.figures.kinds import Kinds
from codeodds_trainer.evaluation.figures.pairs import measure_pairs
from codeodds_trainer.evaluation.figures.programs import is_partial, measure_part
from codeodds_trainer.evaluation.figures.raters import Rater
from codeodds_trainer.evaluation.figures.schema import DataSet, Origin, Part
from codeodds_trainer.evaluation.figures.slices import measure_slices
from codeodds_trainer.ground.labelled import LabelledProblem
from codeodds_trainer.ground.prefixes import FRACTIONS
from codeodds_trainer.ground.scoring import ScoredSet


def measure_data_set(
    origin: Origin,
    scored: ScoredSet,
    raters: Sequence[Rater],
    seeds: Sequence[Rater] = (),
    problems: Sequence[LabelledProblem] = (),
    kinds: Kinds = (),
) -> DataSet:
    """Whole programs, prefixes, each generator's programs, each partial baseline's, slices and pairs.

    `raters`: the bundle of record first. `seeds`: bundles of the same recipe and other seeds. `problems`: the texts of
    the programs, and `kinds`: their kinds of mistakes; without them there are neither slices nor pairs.
    """
    partial = [rater for rater in raters if is_partial(rater, scored)]
    raters = [rater for rater in raters if not any(rater is other for other in partial)]
    generators = sorted({row.generator for row in scored.rows})
    total = 3 + len(FRACTIONS) + len(generators) + len(partial)
    with tqdm(total=total, desc=f"bootstrap {origin.name}", unit="part") as bar:

        def done(part: Part) -> Part:
            bar.update()
            return part

        whole = done(measure_part(scored, raters, seeds))
        fractions = [done(measure_part(scored, raters, seeds, fraction=fraction)) for fraction in FRACTIONS]
        by_generator = []
        for generator in generators:
            rows = np.flatnonzero([row.generator == generator for row in scored.rows])
            by_generator.append(done(measure_part(scored, raters, seeds, rows, generator=generator)))
        by_rater = []
        for rater in partial:
            rows = np.flatnonzero(rater.scored)
            by_rater.append(done(measure_part(scored, [raters[0], rater], seeds, rows, scored_by=rater.name)))
        curves = measure_curves(scored, raters)
        bar.update()
        slices = measure_slices(scored, raters, problems, kinds) if problems else []
        pairs = measure_pairs(scored, raters, kinds) if problems else []
        bar.update()
    return DataSet(
        origin=origin,
        whole=whole,
        fractions=fractions,
        generators=by_generator,
        partial=by_rater,
        curves=curves,
        slices=slices,
        pairs=pairs,
    )
