"""The figures of one set of programs: what each is, and for which scores it makes sense.

Ranking, for every score:
    within_problem_auroc   AUROC of each problem with both labels, averaged over these problems
    best_K_of_N            a problem's N programs drawn at random, the K best-scored kept: probability that one passes
    best_K_of_N_gain       the share of the way from random choice (0) to the oracle (1) in best_K_of_N
Pooled over problems, for scores of every program:
    pooled_auroc           AUROC over all programs of all problems
    auprc_passes, auprc_fails   area under the precision-recall curve of finding passing (failing) programs
Of probabilities:
    balanced_accuracy, accuracy_on_passing, accuracy_on_failing   see `balanced_accuracies`
    brier, brier_skill     mean squared error; 1 - it / that of always saying the base rate of the same programs
    ece                    expected calibration error, 15 bins of equal count
    error_rate             of the label predicted at probability 0.5
    error_rate_at_25, .._50, .._75   the same among the most certain 25, 50, 75 % of the programs
    risk_coverage_area     area under the curve of these error rates
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
import numpy.typing as npt

from codeodds_trainer.evaluation.figures.bootstrap import DRAWS, Clusters, Estimate
from codeodds_trainer.evaluation.figures.raters import Rater
from codeodds_trainer.evaluation.figures.schema import Column, Figure, Part, Seeds
from codeodds_trainer.ground import pooled
from codeodds_trainer.ground.metrics import auroc, best_k_of_n, oracle_of_n, per_problem, random_k_of_n
from codeodds_trainer.ground.scoring import ScoredSet

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.bool_]

CHOICES = ((1, 3), (1, 10), (3, 10))
"""(k, n) of best k of n."""
COVERAGES = (0.25, 0.5, 0.75)
MOST_UNSCORED = 0.05
"""A score that lacks a larger share of the programs that can be ranked is reported on those that it has, by itself."""
DIGITS = 5
"""Decimals of a figure in the results."""


class Programs:
    """Labelled programs, grouped by problem, with the bootstrap draws of their problems."""

    def __init__(self, labels: Labels, groups: npt.NDArray[np.integer], draws: int = DRAWS) -> None:
        """`labels`: bool [programs]; `groups`: int [programs], any number for each problem."""
        self.labels = labels
        self.groups: npt.NDArray[np.int64] = np.unique(groups, return_inverse=True)[1].astype(np.int64)
        self.clusters = Clusters(self.groups, draws)
        self.totals = self.sums(np.ones(len(labels)))
        self.passing = self.sums(labels.astype(np.float64))
        self.mixed = (self.passing > 0) & (self.passing < self.totals)

    def sums(self, values: Floats | Labels) -> Floats:
        """The sum over each problem's programs, float64 [problems]."""
        return np.bincount(self.groups, values, self.clusters.problems).astype(np.float64)

    def random(self, n: int, k: int) -> Floats:
        """Random choice in place of `best_k_of_n`, float64 [problems]."""
        return self._of_labels(partial(random_k_of_n, n=n, k=k))

    def oracle(self, n: int) -> Floats:
        """Hindsight in place of `best_k_of_n` for any k, float64 [problems]."""
        return self._of_labels(partial(oracle_of_n, n=n))

    def _of_labels(self, figure: partial[float]) -> Floats:
        return per_problem(lambda _, labels: figure(labels), self.labels.astype(np.float64), self.labels, self.groups)


def pass_rate(programs: Programs) -> Estimate:
    """Share of programs that pass."""
    return programs.clusters.ratio(programs.passing, programs.totals)


def ranking_figures(scores: Floats, programs: Programs) -> dict[str, Estimate]:
    """Figures of the order within problems. `scores`: float64 [programs], -inf for a program that has none."""
    clusters, columns = programs.clusters, (scores, programs.labels, programs.groups)
    found = {"within_problem_auroc": clusters.mean(per_problem(auroc, *columns))}
    for k, n in CHOICES:
        best = per_problem(partial(best_k_of_n, n=n, k=k), *columns)
        chance = programs.random(n, k)
        found[f"best_{k}_of_{n}"] = clusters.mean(best)
        found[f"best_{k}_of_{n}_gain"] = clusters.ratio(best - chance, programs.oracle(n) - chance)
    return found


def pooled_figures(scores: Floats, programs: Programs) -> dict[str, Estimate]:
    """Figures of the order over all problems; none if all programs have one label. `scores`: float64 [programs]."""
    if programs.labels.all() or not programs.labels.any():
        return {}
    measure, labels = programs.clusters.of_programs, programs.labels
    return {
        "pooled_auroc": measure(pooled.auroc(scores, labels)),
        "auprc_passes": measure(pooled.average_precision(scores, labels)),
        "auprc_fails": measure(pooled.average_precision(-scores, ~labels)),
    }


def balanced_accuracies(probabilities: Floats, programs: Programs) -> dict[str, Estimate]:
    """Accuracy of "passes" at a probability of at least 0.5, on a set in which both labels are equally frequent.

    The set is that of arXiv 2510.23083: only problems with programs of both labels count, and within each problem its
    passing programs weigh as much as its failing ones, n/2 each for n programs (as oversampling the rarer label does in
    training). `accuracy_on_passing` is the weighted share of passing programs at 0.5 or above, `accuracy_on_failing`
    that of failing programs below 0.5, and `balanced_accuracy` their mean, which is the accuracy on that set: 0.5 for
    any constant. The probabilities are calibrated to the natural share of passing programs, not to a half: where that
    share is far from a half, so are the two accuracies from each other.
    """
    says_pass = probabilities >= 0.5
    half = np.where(programs.mixed, programs.totals / 2, np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        passing = half * programs.sums(says_pass & programs.labels) / programs.passing
        failing = half * programs.sums(~says_pass & ~programs.labels) / (programs.totals - programs.passing)
    clusters = programs.clusters
    return {
        "balanced_accuracy": clusters.of_sums(lambda sums: (sums[0] + sums[1]) / (2 * sums[2]), passing, failing, half),
        "accuracy_on_passing": clusters.ratio(passing, half),
        "accuracy_on_failing": clusters.ratio(failing, half),
    }


def probability_figures(probabilities: Floats, programs: Programs) -> dict[str, Estimate]:
    """Figures of probabilities as such. `probabilities`: float64 [programs], each in (0, 1)."""
    clusters, labels = programs.clusters, programs.labels
    squares = programs.sums((probabilities - labels) ** 2)
    errors = programs.sums((probabilities >= 0.5) != labels)
    found = balanced_accuracies(probabilities, programs)
    found["brier"] = clusters.ratio(squares, programs.totals)
    found["brier_skill"] = clusters.of_sums(_skill, squares, programs.passing, programs.totals)
    found["ece"] = clusters.of_programs(pooled.calibration_error(probabilities, labels))
    found["error_rate"] = clusters.ratio(errors, programs.totals)
    for coverage in COVERAGES:
        risk = pooled.selective_risk(probabilities, labels, coverage)
        found[f"error_rate_at_{coverage * 100:.0f}"] = clusters.of_programs(risk)
    found["risk_coverage_area"] = clusters.of_programs(pooled.risk_coverage_area(probabilities, labels))
    return found


def _skill(sums: Floats) -> Floats:
    squares, passing, total = sums
    rate = passing / total
    skill: Floats = 1 - squares / (total * rate * (1 - rate))
    return skill


def rater_figures(scores: Floats, probabilistic: bool, programs: Programs) -> dict[str, Estimate]:
    """Every figure that makes sense for this score: those over all problems need a score of every program."""
    found = ranking_figures(scores, programs)
    if np.isfinite(scores).all():
        found |= pooled_figures(scores, programs)
        if probabilistic:
            found |= probability_figures(scores, programs)
    return found


def measure_part(
    scored: ScoredSet,
    raters: Sequence[Rater],
    seeds: Sequence[Rater],
    rows: npt.NDArray[np.integer] | None = None,
    fraction: float = 1.0,
    generator: str | None = None,
    scored_by: str | None = None,
) -> Part:
    """All figures of some of the programs.

    `raters`: the bundle of record first. `seeds`: bundles of the same recipe and other seeds. `rows`: which programs;
    all by default. At a fraction below 1 only scores of prefixes are reported.
    """
    rows = np.arange(len(scored.rows)) if rows is None else rows
    programs = Programs(scored.labels[rows], scored.groups[rows])
    columns = []
    for rater in raters:
        if not rater.tokenwise and fraction < 1:
            continue
        figures = rater_figures(rater.scores(fraction)[rows], rater.probabilistic, programs)
        others = [seed_values(seed, scored, rows, fraction) for seed in seeds] if rater.kind == "bundle" else []
        missing = ~rater.scored[rows] & programs.mixed[programs.groups]
        columns.append(
            Column(
                name=rater.name,
                kind=rater.kind,
                tokenwise=rater.tokenwise,
                unscored=int(missing.sum()),
                figures=to_figures(figures, others),
            )
        )
    return Part(
        fraction=fraction,
        generator=generator,
        scored_by=scored_by,
        programs=len(rows),
        distinct_programs=len({(scored.rows[row].problem_id, scored.rows[row].text) for row in rows}),
        problems=programs.clusters.problems,
        mixed_problems=int(programs.mixed.sum()),
        pass_rate=to_figures({"pass_rate": pass_rate(programs)})[0],
        columns=columns + chance_columns(programs),
    )


def is_partial(rater: Rater, scored: ScoredSet) -> bool:
    """True if the rater left out so many programs of problems with both labels that it compares on the rest only."""
    programs = Programs(scored.labels, scored.groups, draws=0)
    rankable = programs.mixed[programs.groups]
    return bool((rankable & ~rater.scored).sum() > MOST_UNSCORED * rankable.sum())


def seed_values(
    seed: Rater, scored: ScoredSet, rows: npt.NDArray[np.integer], fraction: float
) -> Mapping[str, Estimate]:
    """The figures of another seed's bundle, without intervals."""
    programs = Programs(scored.labels[rows], scored.groups[rows], draws=0)
    return rater_figures(seed.scores(fraction)[rows], seed.probabilistic, programs)


def chance_columns(programs: Programs) -> list[Column]:
    """What choosing at random and choosing with hindsight give on the same programs."""
    mean = programs.clusters.mean
    random = {f"best_{k}_of_{n}": mean(programs.random(n, k)) for k, n in CHOICES}
    oracle = {f"best_{k}_of_{n}": mean(programs.oracle(n)) for k, n in CHOICES}
    rate = pass_rate(programs)
    random["auprc_passes"] = rate
    random["auprc_fails"] = Estimate(1 - rate.value, 1 - rate.high, 1 - rate.low, rate.problems)
    return [
        Column(name=name, kind="chance", tokenwise=False, unscored=0, figures=to_figures(figures))
        for name, figures in (("random", random), ("oracle", oracle))
    ]


def to_figures(estimates: Mapping[str, Estimate], seeds: Sequence[Mapping[str, Estimate]] = ()) -> list[Figure]:
    """Rounded, without those that are not defined."""
    found = []
    for name, estimate in estimates.items():
        if np.isnan(estimate.value):
            continue
        over = [estimate.value, *(seed[name].value for seed in seeds if name in seed)]
        complete = len(seeds) > 0 and len(over) == len(seeds) + 1 and not np.isnan(over).any()
        found.append(
            Figure(
                name=name,
                value=round(estimate.value, DIGITS),
                low=_rounded(estimate.low),
                high=_rounded(estimate.high),
                problems=estimate.problems,
                seeds=_seeds(over) if complete else None,
            )
        )
    return found


def _seeds(values: Sequence[float]) -> Seeds:
    return Seeds(
        values=[round(value, DIGITS) for value in values],
        mean=round(float(np.mean(values)), DIGITS),
        lowest=round(min(values), DIGITS),
        highest=round(max(values), DIGITS),
    )


def _rounded(value: float) -> float | None:
    return None if np.isnan(value) else round(value, DIGITS)
