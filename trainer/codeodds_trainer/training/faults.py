"""The outputs of the head that look for single faults, fitted beside a linear one that stays as it is.

A mean over the solution gives one odd token its share of the whole: enough to tell two versions of a function apart,
too little to compare one function with another. An exponential lets one token outweigh all others (instances and bags
of multiple-instance learning; log-sum-exp pooling: Pinheiro and Collobert, 2015). `model.join_heads` has the formula.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional
from tqdm import tqdm
from transformers import PreTrainedModel

from codeodds.engine.cache import common_prefix
from codeodds_trainer.ground.errors import TrainingError
from codeodds_trainer.ground.recipe import TrainingSection
from codeodds_trainer.training.dataset import ProblemPacks
from codeodds_trainer.training.features import FeatureSource
from codeodds_trainer.training.losses import reading_of
from codeodds_trainer.training.pairs import SMALLEST_SPREAD
from codeodds_trainer.training.probe import hidden_states
from codeodds_trainer.training.value_model import NO_FAULT, join_heads, value_head

BATCH = 24
"""Problems in one step."""
MAX_PROGRAMS = 5
"""Of more programs of one problem and label, a step takes these many, drawn anew."""
LOCATED = 3
"""Tokens of a fault, from the first that differs: what comes behind it shows it, too."""
STRETCH = 8
"""Most tokens by which a failing program may differ from a right one, in one place, for the place to be known."""
START_DEVIATION = 1e-3
"""Standard deviation of the weights that several outputs start from: equal ones would stay equal."""


@dataclass(frozen=True, slots=True)
class _Problem:
    """Programs of one problem over the hidden states of its solution tokens."""

    hidden: torch.Tensor
    """float32 [nodes, hidden]."""
    paths: list[torch.Tensor]
    """Of each program, int64 [solution tokens]."""
    passed: npt.NDArray[np.bool_]
    """[programs]."""
    places: list[int | None]
    """Where each failing program starts to differ from a right one, as `fault_place` says."""


def fit_faults(
    tail: PreTrainedModel,
    problems: Sequence[ProblemPacks],
    features: FeatureSource,
    config: TrainingSection,
    *,
    bfloat16: bool,
) -> float:
    """Set the head's outputs behind the first; returns the last epoch's mean loss, in nats.

    The loss is that of the probe of pairs, of the whole head; beside it, where the place of a fault is known, the
    cross-entropy of a softmax over the solution's tokens. Adam (Kingma and Ba, 2015), all draws from the seed.

    Raises: TrainingError where no problem has programs of both labels.
    """
    tail.eval()
    head = value_head(tail)
    mixed = [item for item in problems if item.problem.mixed]
    found = [_collect(tail, item, features, bfloat16) for item in tqdm(mixed, desc="fault head", unit="problem")]
    found = [item for item in found if item.passed.any() and not item.passed.all()]
    if not found:
        raise TrainingError("model.faults needs a problem with a passing and a failing program; there is none")
    centre, spread = _moments(found)
    linear_weight, linear_bias = head.weight[0].detach().float().cpu(), head.bias[0].detach().float().cpu()
    start = torch.zeros(head.out_features - 1, head.in_features)
    if len(start) > 1:
        start.normal_(std=START_DEVIATION, generator=torch.Generator().manual_seed(config.seed))
    weight, bias = start.requires_grad_(True), torch.full((len(start),), NO_FAULT, requires_grad=True)
    section = config.fault_probe
    optimizer = torch.optim.Adam([weight, bias], section.learning_rate)
    steps = section.epochs * math.ceil(len(found) / BATCH)
    falling = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / steps)
    rng = np.random.default_rng(config.seed)
    losses: list[float] = []
    for _ in tqdm(range(section.epochs), desc="fault head", unit="epoch"):
        order = rng.permutation(len(found))
        losses = []
        for first in range(0, len(order), BATCH):
            batch = [found[index] for index in order[first : first + BATCH]]
            parts = []
            for item in batch:
                linear = item.hidden @ linear_weight + linear_bias
                faults = ((item.hidden - centre) / spread) @ weight.T + bias
                logits = join_heads(torch.cat([linear[:, None], faults], dim=1))
                drawn = _drawn(item.passed, rng)
                parts.append(_ranking_loss(item, logits, drawn, config))
                parts.append(section.location_weight * _location_loss(item, faults, drawn))
            loss = torch.stack(parts).sum() / len(batch)
            losses.append(float(loss.detach()))
            optimizer.zero_grad()
            (loss + section.ridge * (weight**2).sum()).backward()
            optimizer.step()
            falling.step()
    with torch.no_grad():
        scaled = weight / spread
        head.weight[1:] = scaled.to(head.weight)
        head.bias[1:] = (bias - scaled @ centre).to(head.bias)
    return float(np.mean(losses))


def _ranking_loss(
    item: _Problem, logits: torch.Tensor, drawn: npt.NDArray[np.int64], config: TrainingSection
) -> torch.Tensor:
    """Of pairs and outcomes, whole programs and unfinished ones, as for the linear head; see `pairs.fit_to_pairs`."""
    passed = torch.from_numpy(item.passed[drawn])
    total = torch.zeros(())
    for fraction, weight in [(1.0, 1.0), *((prefix.fraction, prefix.weight) for prefix in config.probe_prefixes)]:
        values = torch.stack([reading_of(logits[item.paths[index]], config.reading, fraction) for index in drawn])
        pairs = functional.softplus(values[~passed][None] - values[passed][:, None]).mean()
        outcomes = functional.binary_cross_entropy_with_logits(values, passed.float())
        total = total + weight * (pairs + config.probe_outcome_weight * outcomes)
    return total


def _location_loss(item: _Problem, faults: torch.Tensor, drawn: npt.NDArray[np.int64]) -> torch.Tensor:
    """Mean over failing programs of minus the logarithm of the softmax's share that lies in the fault; 0 where no place
    is known."""
    total, failing = torch.zeros(()), int((~item.passed[drawn]).sum())
    for index in drawn.tolist():
        place = item.places[index]
        if place is not None:
            odds = functional.log_softmax(torch.logsumexp(faults[item.paths[index]], dim=1), dim=0)
            total = total - torch.logsumexp(odds[place : place + LOCATED], dim=0) / failing
    return total


def fault_place(failing: npt.NDArray[np.int64], right: Sequence[npt.NDArray[np.int64]]) -> int | None:
    """The first token in which a failing program differs from the right one that it shares most with, where that is
    all that it differs in: one stretch of at most STRETCH tokens. None for any other program.

    `failing`: token ids of its solution, [tokens]; `right`: those of the problem's right programs.
    """
    best: int | None = None
    for other in right:
        start = common_prefix(failing, other)
        if best is not None and start <= best:
            continue
        end = common_prefix(failing[start:][::-1], other[start:][::-1])
        longest = max(len(failing), len(other)) - start - end
        if start < len(failing) and longest <= STRETCH:
            best = start
    return best


def _collect(tail: PreTrainedModel, item: ProblemPacks, source: FeatureSource, bfloat16: bool) -> _Problem:
    hidden, paths, ids, programs = [], [], [], []
    nodes = 0
    for pack in item.packs:
        used = np.unique(np.concatenate(pack.paths))
        hidden.append(hidden_states(tail, pack, source, bfloat16)[torch.from_numpy(used)].float().cpu())
        for path, program in zip(pack.paths, pack.programs, strict=True):
            if len(path):
                paths.append(torch.from_numpy(nodes + np.searchsorted(used, path)))
                ids.append(pack.ids[path])
                programs.append(program)
        nodes += len(used)
    passed = np.asarray([item.problem.programs[index].passed for index in programs], dtype=np.bool_)
    right = [row for row, good in zip(ids, passed, strict=True) if good]
    places = [None if good else fault_place(row, right) for row, good in zip(ids, passed, strict=True)]
    return _Problem(torch.cat(hidden), paths, passed, places)


def _moments(problems: Sequence[_Problem]) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and standard deviation of the hidden states of all solution nodes, float32 [hidden]."""
    nodes = sum(len(item.hidden) for item in problems)
    centre = torch.stack([item.hidden.sum(dim=0) for item in problems]).sum(dim=0) / nodes
    squares = torch.stack([((item.hidden - centre) ** 2).sum(dim=0) for item in problems]).sum(dim=0) / nodes
    return centre, squares.sqrt().clamp_min(SMALLEST_SPREAD)


def _drawn(passed: npt.NDArray[np.bool_], rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Indexes of the programs that a step takes."""
    sides = [np.flatnonzero(passed), np.flatnonzero(~passed)]
    return np.concatenate([rng.permutation(side)[:MAX_PROGRAMS] for side in sides])
