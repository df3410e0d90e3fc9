"""Right and wrong programs of the same problem, compared by a linear reading of their hidden states."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from scipy.optimize import minimize
from torch.nn import functional

from codeodds_trainer.ground.errors import TrainingError

MAX_PAIRS = 64
"""Of more pairs of one problem a random part is used."""
SMALLEST_SPREAD = 1e-3


@dataclass(frozen=True, slots=True)
class Programs:
    """What there is to read of some problems' programs, in the order of the problems."""

    readings: torch.Tensor
    """Of hidden states, float32 [fractions, programs, hidden]; the first fraction is the whole program."""
    passed: torch.Tensor
    """bool [programs]."""
    problems: npt.NDArray[np.int64]
    """The number of each one's problem, [programs]; never falls."""

    def of(self, chosen: npt.NDArray[np.int64]) -> Programs:
        """The programs of some problems."""
        kept = np.isin(self.problems, chosen)
        index = torch.from_numpy(np.flatnonzero(kept))
        return Programs(self.readings[:, index], self.passed[index], self.problems[kept])


@dataclass(frozen=True, slots=True)
class Probe:
    """A linear layer on hidden states: a program's logit is ``weight @ reading + bias`` of its reading."""

    weight: torch.Tensor
    """float32 [hidden]."""
    bias: torch.Tensor
    """float32 []."""
    loss: float
    """The least that was found, in nats."""


def fit_to_pairs(
    programs: Programs, fraction_weights: Sequence[float], ridge: float, outcome_weight: float, seed: int
) -> Probe:
    """Bradley-Terry: logistic regression of which of two programs of a problem passes, every problem alike.

    A reading of logits is a linear function of the same reading of hidden states, so that the difference of two
    programs' readings is all that is needed. Logistic regression of the outcomes joins it with `outcome_weight`. No
    pair can tell the bias: without outcomes it makes the mean reading 0.

    `fraction_weights`: how much each fraction of the programs counts, [fractions]; `ridge`: weight of the squared
    coefficients of differences that have a mean square of 1 for whole programs.

    Raises: TrainingError where no problem has programs of both labels.
    """
    found = _pairs(programs, seed)
    of_fraction = torch.tensor(fraction_weights)[:, None]
    centre = programs.readings[0].mean(dim=0)
    spread = (found.differences[0] ** 2).mean(dim=0).sqrt().clamp_min(SMALLEST_SPREAD)
    differences, readings = found.differences / spread, (programs.readings - centre) / spread
    pair_weights, program_weights = of_fraction * found.pair_weights, of_fraction * found.program_weights
    outcomes = programs.passed.float()

    def loss(coefficients: torch.Tensor) -> torch.Tensor:
        weight, bias = coefficients[:-1], coefficients[-1]
        value = (pair_weights * functional.softplus(-(differences @ weight))).sum() + ridge * (weight**2).sum()
        if outcome_weight:
            logits = readings @ weight + bias
            value = value + outcome_weight * functional.binary_cross_entropy_with_logits(
                logits, outcomes.expand_as(logits), program_weights, reduction="sum"
            )
        return value

    coefficients, least = minimise(loss, differences.shape[-1] + 1)
    weight = coefficients[:-1] / spread
    return Probe(weight, coefficients[-1] - (weight * centre).sum(), least)


def minimise(loss: Callable[[torch.Tensor], torch.Tensor], size: int) -> tuple[torch.Tensor, float]:
    """Coefficients float32 [size] with the smallest loss, from zeros, and that loss."""

    def value_and_slope(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        coefficients = torch.from_numpy(parameters.astype(np.float32)).requires_grad_(True)
        value = loss(coefficients)
        value.backward()
        assert coefficients.grad is not None
        return float(value.detach()), coefficients.grad.numpy().astype(np.float64)

    found = minimize(value_and_slope, np.zeros(size), jac=True, method="L-BFGS-B", options={"maxiter": 100})
    return torch.from_numpy(found.x.astype(np.float32)), float(found.fun)


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Weights sum to 1, every problem alike."""

    differences: torch.Tensor
    """Passing minus failing, float32 [fractions, pairs, hidden]."""
    pair_weights: torch.Tensor
    """float32 [pairs]."""
    program_weights: torch.Tensor
    """float32 [programs]."""


def _pairs(programs: Programs, seed: int) -> _Pairs:
    rng = np.random.default_rng(seed)
    differences, pair_weights, program_weights = [], [], []
    numbers, counts = np.unique(programs.problems, return_counts=True)
    for _, size, end in zip(numbers, counts.tolist(), np.cumsum(counts).tolist(), strict=True):
        mine = slice(end - size, end)
        readings, passed = programs.readings[:, mine], programs.passed[mine]
        program_weights.append(torch.full((size,), 1 / size))
        pairs = (readings[:, passed][:, :, None] - readings[:, ~passed][:, None]).flatten(1, 2)
        if pairs.shape[1] > MAX_PAIRS:
            pairs = pairs[:, torch.from_numpy(rng.choice(pairs.shape[1], MAX_PAIRS, replace=False))]
        if pairs.shape[1]:
            differences.append(pairs)
            pair_weights.append(torch.full((pairs.shape[1],), 1 / pairs.shape[1]))
    if not differences:
        raise TrainingError("training.probe: pairs needs a problem with a passing and a failing program; there is none")
    return _Pairs(
        torch.cat(differences, dim=1),
        torch.cat(pair_weights) / len(pair_weights),
        torch.cat(program_weights) / len(numbers),
    )
