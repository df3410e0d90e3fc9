"""A linear probe as the head's starting point: logistic regression on the untrained tail's hidden states.

Training that starts from a fitted head moves the layers below it less than training that starts from zero, and
generalises better to other distributions (LP-FT: Kumar et al., 2022).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.optimize import minimize
from torch.nn import functional
from tqdm import tqdm
from transformers import PreTrainedModel

from codeodds_trainer.errors import TrainingError
from codeodds_trainer.recipe import ReadingSection, TrainingSection
from codeodds_trainer.training.dataset import ProblemPacks
from codeodds_trainer.training.features import FeatureSource
from codeodds_trainer.training.losses import program_readings
from codeodds_trainer.training.model import tree_mask, value_head
from codeodds_trainer.training.trie import Pack

MAX_NODES = 200_000
"""Of more labelled nodes a random part is used."""
MAX_PAIRS = 64
"""Of more pairs of one problem a random part is used."""
SMALLEST_SPREAD = 1e-3


def fit_probe(
    tail: PreTrainedModel,
    problems: Sequence[ProblemPacks],
    features: FeatureSource,
    config: TrainingSection,
    *,
    bfloat16: bool,
    max_nodes: int = MAX_NODES,
) -> float:
    """Set the head as `config.probe` says, on the tail's last hidden states; returns the mean loss, in nats.

    `config.probe_ridge`: weight of the squared coefficients of standardised features in the mean loss.

    Raises: TrainingError for pairs where no problem has programs of both labels.
    """
    assert config.probe_ridge is not None, "no probe without its ridge"
    tail.eval()
    if config.probe == "pairs":
        return _fit_pairs(tail, problems, features, config, config.probe_ridge, bfloat16)
    return _fit_tokens(tail, problems, features, config.probe_ridge, bfloat16, max_nodes, config.seed)


def _fit_tokens(
    tail: PreTrainedModel,
    problems: Sequence[ProblemPacks],
    source: FeatureSource,
    ridge: float,
    bfloat16: bool,
    max_nodes: int,
    seed: int,
) -> float:
    """Logistic regression of each solution token's target."""
    features, targets, weights = _labelled_nodes(tail, problems, source, bfloat16, max_nodes, seed)
    center, spread = features.mean(dim=0), features.std(dim=0).clamp_min(SMALLEST_SPREAD)
    features.sub_(center).div_(spread)

    def loss(coefficients: torch.Tensor) -> torch.Tensor:
        logits = features @ coefficients[:-1] + coefficients[-1]
        value = functional.binary_cross_entropy_with_logits(logits, targets, weights, reduction="sum")
        return value + ridge * (coefficients[:-1] ** 2).sum()

    coefficients, found = _minimise(loss, features.shape[1] + 1)
    weight = coefficients[:-1] / spread
    _set_head(tail, weight, coefficients[-1] - (weight * center).sum())
    return found


def _fit_pairs(
    tail: PreTrainedModel,
    problems: Sequence[ProblemPacks],
    source: FeatureSource,
    config: TrainingSection,
    ridge: float,
    bfloat16: bool,
) -> float:
    """Bradley-Terry: logistic regression of which of two programs of a problem passes, every problem alike.

    A reading of logits is a linear function of the same reading of hidden states, so that the difference of two
    programs' readings is all that is needed. Logistic regression of the outcomes joins it with
    `config.probe_outcome_weight`. No pair can tell the bias: without outcomes it makes the mean reading 0.
    Programs cut as `config.probe_prefixes` says add the same losses with their weights, under the same coefficients.
    """
    shares = [1.0, *(prefix.share for prefix in config.probe_prefixes)]
    of_share = torch.tensor([1.0, *(prefix.weight for prefix in config.probe_prefixes)])[:, None]
    found = _pairs(tail, problems, source, config.reading, shares, bfloat16, config.seed)
    centre = found.readings[0].mean(dim=0)
    spread = (found.differences[0] ** 2).mean(dim=0).sqrt().clamp_min(SMALLEST_SPREAD)
    differences, readings = found.differences / spread, (found.readings - centre) / spread
    pair_weights, program_weights = of_share * found.pair_weights, of_share * found.program_weights

    def loss(coefficients: torch.Tensor) -> torch.Tensor:
        weight, bias = coefficients[:-1], coefficients[-1]
        value = (pair_weights * functional.softplus(-(differences @ weight))).sum() + ridge * (weight**2).sum()
        if config.probe_outcome_weight:
            logits = readings @ weight + bias
            value = value + config.probe_outcome_weight * functional.binary_cross_entropy_with_logits(
                logits, found.passed.expand_as(logits), program_weights, reduction="sum"
            )
        return value

    coefficients, least = _minimise(loss, differences.shape[-1] + 1)
    weight = coefficients[:-1] / spread
    _set_head(tail, weight, (coefficients[-1] - (weight * centre).sum()) / (config.reading.last + config.reading.mean))
    return least


def _minimise(loss: Callable[[torch.Tensor], torch.Tensor], size: int) -> tuple[torch.Tensor, float]:
    """Coefficients float32 [size] with the smallest loss, and that loss."""

    def value_and_slope(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        coefficients = torch.from_numpy(parameters.astype(np.float32)).requires_grad_(True)
        value = loss(coefficients)
        value.backward()
        assert coefficients.grad is not None
        return float(value.detach()), coefficients.grad.numpy().astype(np.float64)

    found = minimize(value_and_slope, np.zeros(size), jac=True, method="L-BFGS-B", options={"maxiter": 100})
    return torch.from_numpy(found.x.astype(np.float32)), float(found.fun)


@torch.no_grad()
def _set_head(tail: PreTrainedModel, weight: torch.Tensor, bias: torch.Tensor) -> None:
    head = value_head(tail)
    head.weight.copy_(weight[None])
    head.bias.copy_(bias[None])


@torch.no_grad()
def _hidden(tail: PreTrainedModel, pack: Pack, source: FeatureSource, bfloat16: bool) -> torch.Tensor:
    """Last hidden states of a pack, [nodes, hidden], on the tail's device."""
    device = value_head(tail).weight.device
    with torch.autocast(device.type, dtype=torch.bfloat16, enabled=bfloat16):
        hidden: torch.Tensor = tail.base_model(
            inputs_embeds=source.load(pack)[None].to(device=device, dtype=torch.float32),
            position_ids=torch.from_numpy(pack.depths)[None].to(device),
            attention_mask=tree_mask(torch.from_numpy(pack.ancestors())).to(device),
        ).last_hidden_state[0]
    return hidden


def _labelled_nodes(
    tail: PreTrainedModel,
    problems: Sequence[ProblemPacks],
    source: FeatureSource,
    bfloat16: bool,
    max_nodes: int,
    seed: int,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Features [nodes, hidden], targets [nodes] and weights [nodes] (sum 1) of labelled nodes, float32."""
    packs = [pack for item in problems for pack in item.packs]
    labelled = sum(int((pack.weights > 0).sum()) for pack in packs)
    share = min(1.0, max_nodes / max(1, labelled))
    rng = np.random.default_rng(seed)
    parts: list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]] = []
    for pack in tqdm(packs, desc="probe", unit="pack"):
        index = torch.from_numpy(np.flatnonzero((pack.weights > 0) & (rng.random(len(pack.ids)) < share)))
        hidden = _hidden(tail, pack, source, bfloat16)
        parts.append(
            (
                hidden[index.to(hidden.device)].float().cpu(),
                torch.from_numpy(pack.targets)[index],
                torch.from_numpy(pack.weights)[index],
            )
        )
    features, targets, weights = (torch.cat(column) for column in zip(*parts, strict=True))
    return features, targets, weights / weights.sum()


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Programs by their readings of hidden states, float32; weights sum to 1, every problem alike."""

    differences: torch.Tensor
    """Passing minus failing, [shares, pairs, hidden]."""
    pair_weights: torch.Tensor
    """[pairs]."""
    readings: torch.Tensor
    """[shares, programs, hidden]."""
    passed: torch.Tensor
    """1 or 0, [programs]."""
    program_weights: torch.Tensor
    """[programs]."""


@torch.no_grad()
def _pairs(
    tail: PreTrainedModel,
    problems: Sequence[ProblemPacks],
    source: FeatureSource,
    reading: ReadingSection,
    shares: Sequence[float],
    bfloat16: bool,
    seed: int,
) -> _Pairs:
    differences, pair_weights, everything, outcomes, program_weights = [], [], [], [], []
    rng = np.random.default_rng(seed)
    for item in tqdm(problems, desc="probe", unit="problem"):
        rows, labels = [], []
        for pack in item.packs:
            hidden = _hidden(tail, pack, source, bfloat16).float()
            rows.append(torch.stack([program_readings(hidden, pack, reading, share) for share in shares]).cpu())
            labels += [item.problem.programs[index].passed for index in pack.programs]
        if not labels:
            continue
        readings, passed = torch.cat(rows, dim=1), torch.tensor(labels)
        everything.append(readings)
        outcomes.append(passed.float())
        program_weights.append(torch.full((len(labels),), 1 / len(labels)))
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
        torch.cat(everything, dim=1),
        torch.cat(outcomes),
        torch.cat(program_weights) / len(program_weights),
    )
