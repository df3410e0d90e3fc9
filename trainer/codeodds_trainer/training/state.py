"""The saved state of a run: one file, whole or not there, the same for one process, replicas and shards."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_model_state_dict,
    get_optimizer_state_dict,
    set_model_state_dict,
    set_optimizer_state_dict,
)

STATE_FILE = "state.pt"
PREFIX = "tail."
"""Weights are named within the tail; the module that is trained wraps it."""


@dataclass(slots=True)
class State:
    """How far a run is."""

    step: int = 0
    best: float = float("-inf")
    """Within-problem AUROC of the best validated weights."""
    best_weights: dict[str, torch.Tensor] = field(default_factory=dict)
    """Those weights: what was trained, by its name in the tail, on the CPU. On the main process only."""
    stale: int = 0
    """Evaluations since then."""
    stopped: bool = False
    """True if the run ended early."""


def trained_weights(module: nn.Module) -> dict[str, torch.Tensor]:
    """The parameters that are trained, whole, by their name in the tail, copied to the CPU.

    Every process must call it. Of shards only the main process gets the weights; the others get none.
    """
    found: dict[str, Any] = get_model_state_dict(module, options=_options())
    # A parameter on the CPU would be handed out as it is, and change with the next step.
    return {name.removeprefix(PREFIX): value.detach().cpu().clone() for name, value in found.items()}


def save_state(path: Path, state: State, module: nn.Module, optimizer: torch.optim.Optimizer, is_main: bool) -> None:
    """Every process must call it; the main one writes.

    Raises: OSError or RuntimeError if the file cannot be written; an older one is still there then.
    """
    weights = trained_weights(module)
    moments: dict[str, Any] = get_optimizer_state_dict(module, _inner(optimizer), options=_options())
    if not is_main:
        return
    content = {
        "step": state.step,
        "best": state.best,
        "best_weights": state.best_weights,
        "stale": state.stale,
        "stopped": state.stopped,
        "weights": weights,
        "optimizer": moments,
    }
    partial = path.with_name(path.name + ".partial")
    torch.save(content, partial)
    partial.replace(path)


def load_state(path: Path, module: nn.Module, optimizer: torch.optim.Optimizer) -> State:
    """Put a saved state into module and optimiser; every process reads it."""
    content: dict[str, Any] = torch.load(path, weights_only=True)
    weights = {PREFIX + name: value for name, value in content["weights"].items()}
    options = StateDictOptions(full_state_dict=True, ignore_frozen_params=True, strict=False)
    set_model_state_dict(module, weights, options=options)
    set_optimizer_state_dict(module, _inner(optimizer), content["optimizer"], options=options)
    return State(
        step=content["step"],
        best=content["best"],
        best_weights=content["best_weights"],
        stale=content["stale"],
        stopped=content["stopped"],
    )


def _options() -> StateDictOptions:
    return StateDictOptions(full_state_dict=True, cpu_offload=True, ignore_frozen_params=True)


def _inner(optimizer: Any) -> torch.optim.Optimizer:
    """The optimiser that accelerate wrapped."""
    inner: torch.optim.Optimizer = getattr(optimizer, "optimizer", optimizer)
    return inner
