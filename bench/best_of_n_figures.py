"""Best k of n of any way to order the candidates that are at hand, with the trainer's arithmetic and intervals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from codeodds_trainer.evaluation.figures.bootstrap import Estimate
from codeodds_trainer.evaluation.figures.programs import CHOICES, Programs
from codeodds_trainer.ground.metrics import best_k_of_n
from codeodds_trainer.ground.scoring import ScoredSet

Floats = npt.NDArray[np.float64]

ScoreOf = Callable[[Sequence[int]], Sequence[float | None]]
"""Scores of the candidates with these row numbers, seen together; None ranks last. Higher is better."""

DIGITS = 4


@dataclass(frozen=True, slots=True)
class Drawn:
    """One figure: its value for each problem, and their mean."""

    by_problem: Floats
    estimate: Estimate


Figures = dict[str, Drawn]


def drawn_figures(everything: ScoredSet, scores: ScoreOf) -> Figures:
    """Best k of n for each of `CHOICES`.

    Every choice of n of a problem's candidates is scored by itself, because agreement depends on who is there. Problems
    with one label are not scored: all their candidates give the same.
    """
    programs = Programs(everything.labels, everything.groups)
    rows = [np.flatnonzero(programs.groups == group) for group in range(programs.clusters.problems)]
    found: Figures = {}
    for k, n in CHOICES:
        values = [
            _best(everything, part, scores, n, k) if mixed else _of_one_label(everything, part, n)
            for part, mixed in zip(rows, programs.mixed, strict=True)
        ]
        found[_name(k, n)] = _drawn(programs, np.asarray(values))
    return found


def chance_figures(everything: ScoredSet) -> dict[str, Figures]:
    """Random choice, and hindsight."""
    programs = Programs(everything.labels, everything.groups)
    return {
        "random": {_name(k, n): _drawn(programs, programs.random(n, k)) for k, n in CHOICES},
        "oracle": {_name(k, n): _drawn(programs, programs.oracle(n)) for k, n in CHOICES},
    }


def gain_figures(everything: ScoredSet, found: Mapping[str, Figures], base: str) -> dict[str, Figures]:
    """Each column minus the base column, problem by problem."""
    programs = Programs(everything.labels, everything.groups)
    return {
        column: {
            name: _drawn(programs, figure.by_problem - found[base][name].by_problem) for name, figure in figures.items()
        }
        for column, figures in found.items()
        if column != base
    }


def to_json(found: Mapping[str, Figures]) -> dict[str, dict[str, dict[str, Any]]]:
    """Value, interval and number of problems of each."""
    return {
        column: {
            name: {
                "value": round(figure.estimate.value, DIGITS),
                "low": round(figure.estimate.low, DIGITS),
                "high": round(figure.estimate.high, DIGITS),
                "problems": figure.estimate.problems,
            }
            for name, figure in figures.items()
        }
        for column, figures in found.items()
    }


def _best(everything: ScoredSet, rows: npt.NDArray[np.int64], scores: ScoreOf, n: int, k: int) -> float:
    if len(rows) < n:
        return float("nan")
    draws = [rows[list(draw)] for draw in combinations(range(len(rows)), n)]
    return float(np.mean([best_k_of_n(_scores(scores, draw), everything.labels[draw], n, k) for draw in draws]))


def _scores(scores: ScoreOf, draw: npt.NDArray[np.int64]) -> Floats:
    return np.asarray([-np.inf if value is None else value for value in scores(draw.tolist())])


def _of_one_label(everything: ScoredSet, rows: npt.NDArray[np.int64], n: int) -> float:
    return float("nan") if len(rows) < n else float(everything.labels[rows[0]])


def _drawn(programs: Programs, by_problem: Floats) -> Drawn:
    return Drawn(by_problem, programs.clusters.mean(by_problem))


def _name(k: int, n: int) -> str:
    return f"best_{k}_of_{n}"
