"""How far a score may be trusted: a logistic model over cheap features, the same code in training and in serving.

0.5 means that the call (right at a probability of 0.5 or more) is no better than a coin's, 1 that it is always right.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from codeodds.bundle.calibration import Floats, sigmoid
from codeodds.bundle.manifest import Applicability, ApplicabilityFeature, FeatureName
from codeodds.bundle.unit_features import UnitFeatures, unit_features
from codeodds.types import ScoringUnit

FARTHEST = 3.0
"""A feature counts at most as if it were this many scales from its centre: beyond it nothing was measured."""

_OF_TEXT: Mapping[FeatureName, Callable[[UnitFeatures], float]] = {
    "elsewhere_share": lambda found: found.elsewhere_share,
    "instance_share": lambda found: found.instance_share,
    "log_stated_words": lambda found: found.log_stated_words,
    "log_problem_characters": lambda found: found.log_problem_characters,
    "log_solution_characters": lambda found: found.log_solution_characters,
}
_OF_LOGITS: Mapping[FeatureName, Callable[[Floats], float]] = {
    "log_tokens": lambda raw: float(np.log(len(raw))),
    "last_logit": lambda raw: float(abs(raw[-1])),
    "logit_spread": lambda raw: float(np.std(np.asarray(raw[len(raw) // 2 :], dtype=np.float64))),
}
FEATURES: tuple[FeatureName, ...] = (*_OF_TEXT, *_OF_LOGITS)
"""In the order in which `measure_features` gives them; `ApplicabilityFeature` says what each is."""

_WORDS: Mapping[str, tuple[str, str]] = {
    "elsewhere_share": (
        "nearly all names that it uses are defined in it",
        "many of the names that it uses are defined elsewhere",
    ),
    "instance_share": ("it does not use the object it belongs to", "it works on attributes of its class"),
    "log_stated_words": (
        "no docstring or comment says enough of what it should do",
        "its docstring and comments are long",
    ),
    "log_problem_characters": ("little stands around it", "much stands around it"),
    "log_solution_characters": ("it is short", "it is long"),
    "log_tokens": ("it is short", "it is long"),
    "last_logit": ("the model is undecided", "the model's value is unusually extreme"),
    "logit_spread": ("the model's value hardly moves over it", "the model's value wavers"),
}
"""The reason where a feature is below its centre and where it is above, to complete "... because"."""


class Trust(NamedTuple):
    """How far one score may be trusted."""

    applicability: float
    """In (0, 1)."""
    doubt: str
    """What weighs most against it, in words; holds none of the user's code."""


def measure_features(unit: ScoringUnit, raw: Floats) -> list[float]:
    """All of `FEATURES`, in that order. `raw`: the solution's logits, [n], n at least 1."""
    text = unit_features(unit)
    return [*(measure(text) for measure in _OF_TEXT.values()), *(measure(raw) for measure in _OF_LOGITS.values())]


def trust(applicability: Applicability, unit: ScoringUnit, raw: Floats) -> Trust:
    """What a bundle's section says of one score. `raw`: the solution's logits, [n]."""
    columns = dict(zip(FEATURES, measure_features(unit, raw), strict=True))
    pulls = {feature.name: _pull(feature, columns[feature.name]) for feature in applicability.features}
    value = sigmoid(np.asarray(applicability.bias + sum(pulls.values()), dtype=np.float64))
    heaviest = min(applicability.features, key=lambda feature: pulls[feature.name])
    above = columns[heaviest.name] > heaviest.centre
    return Trust(float(value), _WORDS[heaviest.name][above])


def _pull(feature: ApplicabilityFeature, value: float) -> float:
    return feature.weight * float(np.clip((value - feature.centre) / feature.scale, -FARTHEST, FARTHEST))
