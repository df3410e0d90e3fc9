"""Trains the tail and the value head on the frozen trunk's features, one loss at every solution token.

The loop is resumable. Which packs a step sees depends on the seed and the step alone, and the state that is saved holds
weights, optimiser and progress, so a killed run that goes on ends with the same weights as one that was never stopped.

It runs on one process or on several. Each takes its share of a step's packs; losses are normalised over the whole step,
so that the gradient is that of a single process.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from tqdm import tqdm
from transformers import PreTrainedModel

from codeodds_trainer.ground.base_model import tree_mask
from codeodds_trainer.ground.errors import TrainingError
from codeodds_trainer.ground.precision import multiplies_bfloat16
from codeodds_trainer.ground.recipe import TrainingSection
from codeodds_trainer.ground.trie import Pack
from codeodds_trainer.training.dataset import ProblemPacks
from codeodds_trainer.training.faults import fit_faults
from codeodds_trainer.training.features import FeatureSource
from codeodds_trainer.training.losses import language_model_loss, pairwise_slopes, program_readings, token_loss
from codeodds_trainer.training.probe import fit_probe
from codeodds_trainer.training.processes import Processes
from codeodds_trainer.training.readings import Reading, validation_figures
from codeodds_trainer.training.run_log import RunLog
from codeodds_trainer.training.state import STATE_FILE, State, load_state, save_state, trained_weights
from codeodds_trainer.training.value_model import join_heads, value_head

MAX_GRADIENT_NORM = 1.0
WEIGHT_DECAY = 0.01


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


class ValueTail(nn.Module):
    """The tail as one module with one forward pass, as replicating and sharding want it."""

    def __init__(self, tail: PreTrainedModel) -> None:
        super().__init__()
        self.tail = tail
        self._no_split_modules = tail._no_split_modules

    def forward(
        self, features: torch.Tensor, positions: torch.Tensor, mask: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits float32 [nodes] and last hidden states [nodes, hidden] of one pack.

        `features`: [1, nodes, hidden]; `positions`: int64 [1, nodes]; `mask`: bool [1, 1, nodes, nodes].
        """
        hidden = self.tail.base_model(
            inputs_embeds=features, position_ids=positions, attention_mask=mask
        ).last_hidden_state[0]
        return join_heads(value_head(self.tail)(hidden).float()), hidden


def run_tail(
    module: nn.Module, pack: Pack, features: torch.Tensor, bfloat16: bool, device: torch.device | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """`ValueTail.forward` of a pack: logits float32 [nodes], hidden [nodes, hidden]."""
    where = device or next(module.parameters()).device
    with torch.autocast(where.type, dtype=torch.bfloat16, enabled=bfloat16):
        logits, hidden = module(
            features[None].to(device=where, dtype=torch.float32),
            torch.from_numpy(pack.depths)[None].to(where),
            tree_mask(torch.from_numpy(pack.ancestors())).to(where),
        )
    return logits, hidden


@dataclass(frozen=True, slots=True)
class _Pass:
    """One forward pass of a step."""

    pack: Pack
    counts: bool
    """False for what only keeps this process in step with the others."""


class Trainer:
    """One run over one folder. `fit` may be called on a folder that holds a killed run: it goes on from there."""

    def __init__(
        self,
        tail: PreTrainedModel,
        config: TrainingSection,
        features: FeatureSource,
        folder: Path,
        processes: Processes | None = None,
        lm_head: torch.Tensor | None = None,
    ) -> None:
        """`lm_head`: weight [vocabulary, hidden] of the base model's language-model head, for `lm_loss_weight`."""
        if config.lm_loss_weight and lm_head is None:
            raise TrainingError("training.lm_loss_weight needs the base model's language-model head, which is not here")
        self.config = config
        self.features = features
        self.folder = folder
        self.processes = processes or Processes()
        self.bfloat16 = config.bfloat16 and multiplies_bfloat16(self.processes.device)
        self.tail = tail.to(self.processes.device)
        self.lm_head = None if lm_head is None else lm_head.to(self.processes.device)
        self.state = State()
        self._prepared = False

    def fit(self, train: Sequence[ProblemPacks], validation: Sequence[ProblemPacks]) -> float:
        """Train; returns the within-problem AUROC of the best validated weights, by the recipe's reading. They are in
        `state.best_weights` then.

        Raises: TrainingError for unusable labels.
        """
        check_labels(train)
        self.folder.mkdir(parents=True, exist_ok=True)
        fresh = not (self.folder / STATE_FILE).exists()
        if fresh:
            self._start_head(train)
        self._prepare()
        if not fresh:
            self.state = load_state(self.folder / STATE_FILE, self.module, self.optimizer)
        plan = self._plan(train)
        with self._log() as log, self._bar(len(plan)) as progress:
            if fresh:
                self._evaluate(validation, log)
                self._save()
            while self.state.step < len(plan) and not self.state.stopped:
                loss = self._train_step(plan[self.state.step], self.state.step / len(plan))
                self.state.step += 1
                progress.update()
                progress.set_postfix(loss=f"{loss:.4f}", best=f"{self.state.best:.4f}")
                self._write(log, {"loss": loss, "learning_rate": self.optimizer.param_groups[0]["lr"]})
                if self.state.step % self.config.evaluate_every_steps == 0 or self.state.step == len(plan):
                    self._evaluate(validation, log)
                    self._save()
        return self.state.best

    def _start_head(self, train: Sequence[ProblemPacks]) -> None:
        if self.config.probe_ridge is not None:
            if self.processes.is_main:
                fit_probe(self.tail, train, self.features, self.config, bfloat16=self.bfloat16)
                if value_head(self.tail).out_features > 1:
                    fit_faults(self.tail, train, self.features, self.config, bfloat16=self.bfloat16)
            self.processes.spread(value_head(self.tail))

    def _prepare(self) -> None:
        """Once: the optimiser over whatever can be trained, and both as the launcher wants them."""
        if self._prepared:
            return
        self._prepared = True
        if self.config.gradient_checkpointing:
            self.tail.gradient_checkpointing_enable({"use_reentrant": False})
        head = {id(parameter) for parameter in value_head(self.tail).parameters()}
        trained = [parameter for parameter in self.tail.parameters() if parameter.requires_grad]
        rest = [parameter for parameter in trained if id(parameter) not in head]
        rates = (self.config.learning_rate, self.config.head_learning_rate)
        groups = [rest, [parameter for parameter in trained if id(parameter) in head]]
        optimizer = torch.optim.AdamW(
            [{"params": group, "lr": rate, "peak": rate} for group, rate in zip(groups, rates, strict=True) if group],
            weight_decay=WEIGHT_DECAY,
        )
        self.module, self.optimizer = self.processes.prepare(ValueTail(self.tail), optimizer)

    def _plan(self, train: Sequence[ProblemPacks]) -> list[list[ProblemPacks]]:
        """What every step sees. Steps of one epoch cover each pack once, in an order of the seed's.

        Pairs need a problem's programs together; for any other loss its packs may go to different steps.
        """
        units = list(train)
        if self.config.loss != "pairwise":
            units = [ProblemPacks(item.problem, (pack,)) for item in train for pack in item.packs]
        plan: list[list[ProblemPacks]] = []
        for epoch in range(self.config.epochs):
            batch: list[ProblemPacks] = []
            nodes = 0
            for index in np.random.default_rng([self.config.seed, epoch]).permutation(len(units)):
                batch.append(units[index])
                nodes += sum(len(pack.ids) for pack in units[index].packs)
                if nodes >= self.config.batch_nodes:
                    plan.append(batch)
                    batch, nodes = [], 0
            if batch:
                plan.append(batch)
        return plan

    def _train_step(self, units: Sequence[ProblemPacks], progress: float) -> float:
        self.module.train()
        for group in self.optimizer.param_groups:
            group["lr"] = group["peak"] * learning_rate_factor(progress, self.config.warmup_fraction)
        passes = self._passes(units)
        slopes, loss_sum = self._pairs(units, passes) if self.config.loss == "pairwise" else ([None] * len(passes), 0.0)
        total = float(sum(pack.weights.sum() for item in units for pack in item.packs)) or 1.0
        for number, (one, slope) in enumerate(zip(passes, slopes, strict=True)):
            # Gradients of replicas are exchanged once, with the last pass. Shards exchange theirs in every pass.
            alone = number + 1 < len(passes) and not self.processes.sharded
            with self.processes.accelerator.no_sync(self.module) if alone else nullcontext():
                loss = self._loss(one, slope, total)
                # Replicas and shards average gradients; the loss is normalised over the whole step already.
                self.processes.accelerator.backward(loss * self.processes.count)
            if slope is None:
                loss_sum += float(loss.detach())
        self.processes.accelerator.clip_grad_norm_(self.module.parameters(), MAX_GRADIENT_NORM)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return self.processes.total(loss_sum)

    def _passes(self, units: Sequence[ProblemPacks]) -> list[_Pass]:
        """This process's forward passes, as many as the process with the most has."""
        mine = [_Pass(pack, True) for item in self.processes.share(units) for pack in item.packs]
        most = self.processes.longest_share([len(item.packs) for item in units])
        return mine + [_Pass(units[0].packs[0], False)] * (most - len(mine))

    def _loss(self, one: _Pass, slopes: npt.NDArray[np.float32] | None, total: float) -> torch.Tensor:
        pack = one.pack
        logits, hidden = self._run(pack)
        if not one.counts:
            return logits.sum() * 0.0
        targets = torch.from_numpy(pack.targets).to(logits.device)
        weights = torch.from_numpy(pack.weights).to(logits.device) / total
        if slopes is None:
            loss = token_loss(logits, targets, weights)
        else:
            loss = (
                torch.from_numpy(slopes).to(logits.device) * program_readings(logits, pack, self.config.reading)
            ).sum()
        if self.lm_head is not None and self.config.lm_loss_weight:
            loss = loss + self.config.lm_loss_weight * language_model_loss(hidden, self.lm_head, pack, weights, targets)
        return loss

    @torch.no_grad()
    def _pairs(
        self, units: Sequence[ProblemPacks], passes: Sequence[_Pass]
    ) -> tuple[list[npt.NDArray[np.float32] | None], float]:
        """Per pass the slope of each program's reading, and this process's part of the mean loss over problems."""
        mixed = sum(item.problem.mixed for item in units) or 1
        readings = [
            program_readings(self._run(one.pack)[0], one.pack, self.config.reading).cpu().numpy() for one in passes
        ]
        result: list[npt.NDArray[np.float32] | None] = []
        loss = 0.0
        for item in self.processes.share(units):
            here = readings[len(result) : len(result) + len(item.packs)]
            passed = [item.problem.programs[index].passed for pack in item.packs for index in pack.programs]
            found = pairwise_slopes(np.concatenate(here), np.asarray(passed, dtype=np.bool_))
            whole = np.zeros(len(passed), dtype=np.float32) if found is None else found.slopes / np.float32(mixed)
            result += np.split(whole, np.cumsum([len(part) for part in here])[:-1])
            loss += 0.0 if found is None else found.loss / mixed
        return result + [None] * (len(passes) - len(result)), loss

    def _run(self, pack: Pack) -> tuple[torch.Tensor, torch.Tensor]:
        return run_tail(self.module, pack, self.features.load(pack), self.bfloat16, self.processes.device)

    @torch.no_grad()
    def read(self, problems: Sequence[ProblemPacks]) -> list[Reading]:
        """Score every program of the problems; on several processes together."""
        self._prepare()
        self.module.eval()
        readings = []
        mine = self.processes.share(list(enumerate(problems)))
        for number, item in tqdm(mine, desc="validation", unit="problem", leave=False, disable=not self._talks):
            for pack in item.packs:
                values = self._run(pack)[0].cpu().numpy()
                for path, index in zip(pack.paths, pack.programs, strict=True):
                    if len(path):
                        passed = item.problem.programs[index].passed
                        mean = float(values[path].mean())
                        readings.append(Reading(number, passed, float(values[path[-1]]), mean))
        sizes = [len(item.packs) for item in problems]
        for _ in range(self.processes.longest_share(sizes) - sum(len(item.packs) for _, item in mine)):
            self._run(problems[0].packs[0])
        return sorted(self.processes.gather(readings), key=lambda reading: reading.problem)

    def _evaluate(self, validation: Sequence[ProblemPacks], log: RunLog | None) -> None:
        datasets = [item.problem.dataset for item in validation]
        figures = validation_figures(self.read(validation), datasets, self.config.reading)
        self._write(log, {f"auroc/{name}": value for name, value in figures.items()})
        # Weights are gathered by all processes together.
        weights = trained_weights(self.module)
        figure = figures["reading"]
        if figure > self.state.best:
            self.state.best, self.state.best_weights, self.state.stale = figure, weights, 0
        else:
            self.state.stale += 1
        self.state.stopped = self.state.stale >= (self.config.patience_evaluations or math.inf)

    def _save(self) -> None:
        save_state(self.folder / STATE_FILE, self.state, self.module, self.optimizer, self.processes.is_main)
        self.processes.wait()

    @property
    def _talks(self) -> bool:
        return self.processes.is_main

    def _bar(self, steps: int) -> Any:
        return tqdm(total=steps, initial=self.state.step, desc="training", unit="step", disable=not self._talks)

    def _log(self) -> RunLog | nullcontext[None]:
        return RunLog(self.folder, self.state.step) if self._talks else nullcontext()

    def _write(self, log: RunLog | None, figures: Mapping[str, float]) -> None:
        if log is not None:
            log.write(self.state.step, figures)


def learning_rate_factor(progress: float, warmup: float) -> float:
    """Share of the peak learning rate at a share `progress` of the run: linear rise, then a cosine to zero."""
    if progress < warmup:
        return (progress + 1e-3) / warmup
    return 0.5 * (1 + math.cos(math.pi * (progress - warmup) / max(1e-9, 1 - warmup)))
