"""What training minimises: losses on the value at every solution token, and on the order of a problem's programs.

Each loss is a sum over nodes or pairs that the caller has normalised, so that a step may be cut into any number of
forward passes, on any number of processes, and has the same gradient.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from codeodds_trainer.ground.recipe import ReadingSection
from codeodds_trainer.ground.trie import Pack


def token_loss(logits: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Weighted sum of the binary cross-entropy at each token.

    `logits`, `targets`, `weights`: float32 [nodes]; targets in [0, 1].
    """
    return functional.binary_cross_entropy_with_logits(logits, targets, weights, reduction="sum")


def program_readings(values: torch.Tensor, pack: Pack, reading: ReadingSection, fraction: float = 1.0) -> torch.Tensor:
    """One reading of each program of a pack, or of its first tokens.

    `values`: [nodes, ...]: logits, or hidden states, of which a logit's reading is a linear function. `fraction`: of
    the solution's tokens, rounded up. Returns: [programs, ...]. A program without solution tokens reads 0.
    """
    readings = []
    for path in pack.paths:
        if not len(path):
            readings.append(torch.zeros_like(values[0]))
            continue
        readings.append(reading_of(values[torch.from_numpy(path).to(values.device)], reading, fraction))
    return torch.stack(readings)


def reading_of(solution: torch.Tensor, reading: ReadingSection, fraction: float = 1.0) -> torch.Tensor:
    """The same of one program's values [tokens, ...], at least one."""
    solution = solution[: math.ceil(fraction * len(solution))]
    return reading.last * solution[-1] + reading.mean * solution.mean(dim=0)


@dataclass(frozen=True, slots=True)
class PairwiseSlopes:
    """The pairwise loss of one problem and what each program's reading contributes to it."""

    loss: float
    slopes: npt.NDArray[np.float32]
    """Derivative of the loss by each reading, float32 [programs]."""


def pairwise_slopes(readings: npt.NDArray[np.floating], passed: npt.NDArray[np.bool_]) -> PairwiseSlopes | None:
    """Mean of ``-log sigmoid(passing - failing)`` over all pairs of a passing and a failing program; None without any.

    `readings`: float [programs]; `passed`: bool [programs].

    The programs of a problem may need several forward passes. The derivative by each reading is therefore computed
    first, from readings without gradient; each pass then adds ``slope * reading`` to its loss, which has exactly the
    gradient of the whole (gradient caching, Gao et al., 2021).
    """
    if passed.all() or not passed.any():
        return None
    margins = readings[passed][:, None] - readings[~passed][None, :]
    # sigmoid(-margin), the slope of -log sigmoid(margin) without its sign, in a form that does not overflow.
    pulls = np.where(margins > 0, np.exp(-np.abs(margins)), 1.0) / (1.0 + np.exp(-np.abs(margins)))
    slopes = np.zeros(len(readings))
    slopes[passed] = -pulls.sum(axis=1)
    slopes[~passed] = pulls.sum(axis=0)
    return PairwiseSlopes(
        loss=float(np.logaddexp(0.0, -margins).mean()), slopes=(slopes / margins.size).astype(np.float32)
    )


def language_model_loss(
    hidden: torch.Tensor, lm_head: torch.Tensor, pack: Pack, weights: torch.Tensor, targets: torch.Tensor
) -> torch.Tensor:
    """Weighted sum of the cross-entropy of each solution token given its prefix; only right programs count.

    A node's weight is multiplied by its target, the share of programs through it that pass: a language model should not
    learn to write what fails (joint objective of Cobbe et al., 2021, on correct solutions).

    `hidden`: last hidden states [nodes, hidden]; `lm_head`: frozen weight [vocabulary, hidden] of the base model's
    language-model head; `weights`, `targets`: float32 [nodes].
    """
    nodes = np.flatnonzero((pack.parents >= 0) & (pack.weights > 0) & (pack.targets > 0))
    if not len(nodes):
        return hidden.sum() * 0.0
    index = torch.from_numpy(nodes).to(hidden.device)
    before = torch.from_numpy(pack.parents[nodes]).to(hidden.device)
    logits = functional.linear(hidden[before], lm_head.to(hidden.dtype)).float()
    tokens = torch.from_numpy(pack.ids[nodes]).to(hidden.device)
    losses = functional.cross_entropy(logits, tokens, reduction="none")
    return (losses * weights[index] * targets[index]).sum()
