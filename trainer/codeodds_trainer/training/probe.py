"""A linear probe as the head's starting point: logistic regression on the untrained tail's hidden states.

Training that starts from a fitted head moves the layers below it less than training that starts from zero, and
generalises better to other distributions (LP-FT: Kumar et al., 2022).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch.nn import functional
from tqdm import tqdm
from transformers import PreTrainedModel

from codeodds_trainer.ground.base_model import tree_mask
from codeodds_trainer.ground.recipe import ReadingSection, TrainingSection
from codeodds_trainer.ground.trie import Pack
from codeodds_trainer.training.dataset import ProblemPacks
from codeodds_trainer.training.features import FeatureSource
from codeodds_trainer.training.losses import program_readings
from codeodds_trainer.training.pairs import SMALLEST_SPREAD, Probe, Programs, fit_to_pairs, minimise
from codeodds_trainer.training.value_model import join_heads, value_head

MAX_NODES = 200_000
"""Of more labelled nodes a random part is used."""


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

    coefficients, found = minimise(loss, features.shape[1] + 1)
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
    """See `fit_to_pairs`. Programs cut as `config.probe_prefixes` says count with their weights beside whole ones."""
    fractions = [1.0, *(prefix.fraction for prefix in config.probe_prefixes)]
    weights = [1.0, *(prefix.weight for prefix in config.probe_prefixes)]
    programs = read_programs(tail, problems, source, config.reading, fractions, bfloat16=bfloat16)
    probe = fit_to_pairs(programs, weights, ridge, config.probe_outcome_weight, config.seed)
    set_to_pairs(tail, probe, config.reading)
    return probe.loss


def set_to_pairs(tail: PreTrainedModel, probe: Probe, reading: ReadingSection) -> None:
    """Make a probe of pairs the head's linear output: `reading` of its logits is what the probe says of a program."""
    _set_head(tail, probe.weight, probe.bias / (reading.last + reading.mean))


@torch.no_grad()
def read_logits(
    tail: PreTrainedModel,
    problems: Sequence[ProblemPacks],
    source: FeatureSource,
    reading: ReadingSection,
    fractions: Sequence[float],
    *,
    bfloat16: bool,
) -> np.ndarray:
    """Readings of the head's logits, of fractions of each program's tokens, float32 [fractions, programs]."""
    rows = [torch.zeros(len(fractions), 0)]
    for item in problems:
        for pack in item.packs:
            logits = join_heads(value_head(tail)(hidden_states(tail, pack, source, bfloat16).float()))
            rows.append(
                torch.stack([program_readings(logits, pack, reading, fraction) for fraction in fractions]).cpu()
            )
    return torch.cat(rows, dim=1).numpy()


@torch.no_grad()
def read_programs(
    tail: PreTrainedModel,
    problems: Sequence[ProblemPacks],
    source: FeatureSource,
    reading: ReadingSection,
    fractions: Sequence[float],
    *,
    bfloat16: bool,
) -> Programs:
    """Readings of the tail's last hidden states, of fractions of each program's tokens; problems count from 0."""
    rows, labels, numbers = [torch.zeros(len(fractions), 0, tail.config.hidden_size)], [], []
    for number, item in enumerate(tqdm(problems, desc="probe", unit="problem")):
        for pack in item.packs:
            hidden = hidden_states(tail, pack, source, bfloat16).float()
            rows.append(
                torch.stack([program_readings(hidden, pack, reading, fraction) for fraction in fractions]).cpu()
            )
            labels += [item.problem.programs[index].passed for index in pack.programs]
            numbers += [number] * len(pack.programs)
    return Programs(torch.cat(rows, dim=1), torch.tensor(labels, dtype=torch.bool), np.asarray(numbers, dtype=np.int64))


@torch.no_grad()
def _set_head(tail: PreTrainedModel, weight: torch.Tensor, bias: torch.Tensor) -> None:
    head = value_head(tail)
    head.weight[0] = weight.to(head.weight)
    head.bias[0] = bias.to(head.bias)


@torch.no_grad()
def hidden_states(tail: PreTrainedModel, pack: Pack, source: FeatureSource, bfloat16: bool) -> torch.Tensor:
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
        hidden = hidden_states(tail, pack, source, bfloat16)
        parts.append(
            (
                hidden[index.to(hidden.device)].float().cpu(),
                torch.from_numpy(pack.targets)[index],
                torch.from_numpy(pack.weights)[index],
            )
        )
    features, targets, weights = (torch.cat(column) for column in zip(*parts, strict=True))
    return features, targets, weights / weights.sum()
