"""The figures in words for people, and those that stand across a table."""

from __future__ import annotations

_NAMES = {
    "within_problem_auroc": "within-problem AUROC",
    "pooled_auroc": "pooled AUROC",
    "best_1_of_3": "best 1 of 3",
    "best_1_of_10": "best 1 of 10",
    "best_3_of_10": "best 3 of 10",
    "best_1_of_3_gain": "best 1 of 3, from random (0) to oracle (1)",
    "best_1_of_10_gain": "best 1 of 10, from random (0) to oracle (1)",
    "best_3_of_10_gain": "best 3 of 10, from random (0) to oracle (1)",
    "auprc_fails": "AUPRC of failing programs",
    "auprc_passes": "AUPRC of passing programs",
    "balanced_accuracy": "balanced accuracy",
    "accuracy_on_passing": "accuracy on passing programs",
    "accuracy_on_failing": "accuracy on failing programs",
    "brier": "Brier score",
    "brier_skill": "Brier skill against the base rate",
    "ece": "ECE",
    "error_rate": "error rate",
    "error_rate_at_25": "error rate, most certain 25 %",
    "error_rate_at_50": "error rate, most certain 50 %",
    "error_rate_at_75": "error rate, most certain 75 %",
    "risk_coverage_area": "area under risk-coverage",
}

RANKING = ("within_problem_auroc", "pooled_auroc", "best_1_of_3", "best_1_of_10", "best_3_of_10")
"""Figures that stand across, one line for each score."""


def figure_name(name: str) -> str:
    """A figure in words for people; a name without words stays as it is."""
    return _NAMES.get(name, name)
