"""Trains the tail and the value head on cached features: binary cross-entropy at every solution token.

The loop is resumable. Which packs a step sees depends on the seed and the step alone, and the state that is saved holds
weights, optimiser and progress, so a killed run that goes on ends with the same weights as one that was never stopped.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from tqdm import tqdm
from transformers import PreTrainedModel

from codeodds_trainer.errors import TrainingError
from codeodds_trainer.evaluation.metrics import auroc, mean_with_interval, per_problem
from codeodds_trainer.recipe import TrainingSection
from codeodds_trainer.training.dataset import ProblemPacks
from codeodds_trainer.training.features import FeatureCache
from codeodds_trainer.training.model import tree_mask, value_head
from codeodds_trainer.training.probe import fit_probe
from codeodds_trainer.training.trie import Pack

STATE_FILE = "state.pt"
LOG_FILE = "log.jsonl"


@dataclass(slots=True)
class Readings:
    """What the head says of whole programs, one entry per program."""

    last: list[float] = field(default_factory=list)
    """Logit at the last solution token."""
    mean: list[float] = field(default_factory=list)
    """Mean logit over the solution."""
    labels: list[bool] = field(default_factory=list)
    groups: list[int] = field(default_factory=list)
    """Number of the program's problem."""


def check_labels(problems: Sequence[ProblemPacks]) -> None:
    """Raises: TrainingError if a target leaves [0, 1], a token before the solution carries weight, or nothing does."""
    total = 0.0
    for item in problems:
        for pack in item.packs:
            weighted = pack.weights > 0
            total += float(pack.weights.sum())
            if not np.all((pack.targets[weighted] >= 0) & (pack.targets[weighted] <= 1)):
                raise TrainingError(f"problem {item.problem.problem_id}: a target lies outside [0, 1]")
            solution = np.zeros(len(pack.ids), dtype=np.bool_)
            for path in pack.paths:
                solution[path] = True
            if np.any(weighted & ~solution):
                raise TrainingError(f"problem {item.problem.problem_id}: a token before the solution carries a label")
    if total == 0:
        raise TrainingError("no token carries a label: every training problem was left out or has empty solutions")


def run_tail(tail: PreTrainedModel, pack: Pack, features: torch.Tensor, bfloat16: bool) -> torch.Tensor:
    """Values (logits) of a pack's nodes, float32 [nodes]."""
    device = value_head(tail).weight.device
    with torch.autocast(device.type, dtype=torch.bfloat16, enabled=bfloat16):
        output = tail(
            inputs_embeds=features[None].to(device=device, dtype=torch.float32),
            position_ids=torch.from_numpy(pack.depths)[None].to(device),
            attention_mask=tree_mask(torch.from_numpy(pack.ancestors())).to(device),
        )
    return output.logits[0, :, 0].float()


@torch.inference_mode()
def read_values(
    tail: PreTrainedModel, problems: Sequence[ProblemPacks], cache: FeatureCache, bfloat16: bool
) -> Readings:
    """Score every program of the problems."""
    tail.eval()
    readings = Readings()
    for group, item in enumerate(tqdm(problems, desc="validation", unit="problem", leave=False)):
        for pack in item.packs:
            values = run_tail(tail, pack, cache.load(pack), bfloat16).cpu().numpy()
            for path, index in zip(pack.paths, pack.programs, strict=True):
                if not len(path):
                    continue
                readings.last.append(float(values[path[-1]]))
                readings.mean.append(float(values[path].mean()))
                readings.labels.append(item.problem.programs[index].passed)
                readings.groups.append(group)
    return readings


def validation_figures(readings: Readings, datasets: Sequence[str]) -> dict[str, float]:
    """Within-problem AUROC of three readings (last, mean, their sum), and of the sum by dataset.

    `datasets`: the dataset of each problem number.
    """
    labels = np.asarray(readings.labels, dtype=np.bool_)
    groups = np.asarray(readings.groups)
    last, mean = np.asarray(readings.last), np.asarray(readings.mean)
    figures = {
        name: mean_with_interval(per_problem(auroc, scores, labels, groups), resamples=1)[0]
        for name, scores in (("last", last), ("mean", mean), ("sum", last + mean))
    }
    names = np.asarray(datasets)[groups]
    for name in sorted(set(datasets)):
        here: npt.NDArray[np.bool_] = names == name
        if len(set(labels[here].tolist())) == 2:
            values = per_problem(auroc, (last + mean)[here], labels[here], groups[here])
            figures[f"sum/{name}"] = mean_with_interval(values, resamples=1)[0]
    return figures


class Trainer:
    """One run over one folder. `fit` may be called on a folder that holds a killed run: it goes on from there."""

    def __init__(
        self, tail: PreTrainedModel, config: TrainingSection, cache: FeatureCache, folder: Path, device: str = "cpu"
    ) -> None:
        self.tail = tail.to(device)
        self.config = config
        self.cache = cache
        self.folder = folder
        head = list(value_head(tail).parameters())
        head_ids = {id(parameter) for parameter in head}
        rest = [parameter for parameter in tail.parameters() if id(parameter) not in head_ids]
        self.optimizer = torch.optim.AdamW(
            [
                {"params": rest, "lr": config.learning_rate, "peak": config.learning_rate},
                {"params": head, "lr": config.head_learning_rate, "peak": config.head_learning_rate},
            ],
            weight_decay=config.weight_decay,
        )
        self.step = 0
        self.best = float("-inf")
        self.best_state: dict[str, torch.Tensor] = {}

    def fit(self, train: Sequence[ProblemPacks], validation: Sequence[ProblemPacks]) -> float:
        """Train, leave the best validated weights in the tail, and return their within-problem AUROC (sum reading).

        Raises: TrainingError for unusable labels.
        """
        check_labels(train)
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self._resume():
            self._start(train, validation)
        plan = self._plan([pack for item in train for pack in item.packs])
        with tqdm(total=len(plan), initial=self.step, desc="training", unit="step") as progress:
            while self.step < len(plan):
                loss = self._train_step(plan[self.step], self.step / len(plan))
                self.step += 1
                progress.update()
                progress.set_postfix(loss=f"{loss:.4f}", best=f"{self.best:.4f}")
                self._log({"step": self.step, "loss": loss})
                if self.step % self.config.evaluate_every_steps == 0 or self.step == len(plan):
                    self._evaluate(validation)
                    self._save()
        self.tail.load_state_dict(self.best_state)
        return self.best

    def _plan(self, packs: list[Pack]) -> list[list[Pack]]:
        """The packs of every step. Steps of one epoch cover each pack once, in an order of the seed's."""
        plan: list[list[Pack]] = []
        for epoch in range(self.config.epochs):
            order = np.random.default_rng([self.config.seed, epoch]).permutation(len(packs))
            batch: list[Pack] = []
            nodes = 0
            for index in order:
                batch.append(packs[index])
                nodes += len(packs[index].ids)
                if nodes >= self.config.batch_nodes:
                    plan.append(batch)
                    batch, nodes = [], 0
            if batch:
                plan.append(batch)
        return plan

    def _train_step(self, packs: Sequence[Pack], progress: float) -> float:
        self.tail.train()
        for group in self.optimizer.param_groups:
            group["lr"] = group["peak"] * learning_rate_factor(progress, self.config.warmup_fraction)
        total = float(sum(pack.weights.sum() for pack in packs)) or 1.0
        loss_sum = 0.0
        for pack in packs:
            logits = run_tail(self.tail, pack, self.cache.load(pack), self.config.bfloat16)
            targets = torch.from_numpy(pack.targets).to(logits.device)
            weights = torch.from_numpy(pack.weights).to(logits.device) / total
            loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, targets, weights, reduction="sum")
            loss.backward()
            loss_sum += float(loss.detach())
        torch.nn.utils.clip_grad_norm_(self.tail.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return loss_sum

    def _evaluate(self, validation: Sequence[ProblemPacks]) -> None:
        readings = read_values(self.tail, validation, self.cache, self.config.bfloat16)
        figures = validation_figures(readings, [item.problem.dataset for item in validation])
        self._log({"step": self.step, **{f"auroc/{name}": value for name, value in figures.items()}})
        if figures["sum"] > self.best:
            self.best = figures["sum"]
            self.best_state = {name: value.detach().cpu().clone() for name, value in self.tail.state_dict().items()}

    def _save(self) -> None:
        state = {
            "step": self.step,
            "best": self.best,
            "best_state": self.best_state,
            "tail": self.tail.state_dict(),
            "optimizer": self.optimizer.state_dict(),
        }
        partial = self.folder / (STATE_FILE + ".partial")
        torch.save(state, partial)
        partial.replace(self.folder / STATE_FILE)

    def _start(self, train: Sequence[ProblemPacks], validation: Sequence[ProblemPacks]) -> None:
        """The head's starting point, and a first saved state: a run is never worse than where it started."""
        if self.config.probe_ridge is not None:
            loss = fit_probe(
                self.tail,
                train,
                self.cache,
                ridge=self.config.probe_ridge,
                bfloat16=self.config.bfloat16,
                seed=self.config.seed,
            )
            self._log({"step": 0, "probe_loss": loss})
        self._evaluate(validation)
        self._save()

    def _resume(self) -> bool:
        """Go on from a saved state; False if there is none."""
        path = self.folder / STATE_FILE
        if not path.exists():
            return False
        state: dict[str, Any] = torch.load(path, weights_only=True)
        self.tail.load_state_dict(state["tail"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.best, self.best_state = state["step"], state["best"], state["best_state"]
        return True

    def _log(self, row: dict[str, float]) -> None:
        with (self.folder / LOG_FILE).open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")


def learning_rate_factor(progress: float, warmup: float) -> float:
    """Share of the peak learning rate at a share `progress` of the run: linear rise, then a cosine to zero."""
    if progress < warmup:
        return (progress + 1e-3) / warmup
    return 0.5 * (1 + math.cos(math.pi * (progress - warmup) / max(1e-9, 1 - warmup)))
