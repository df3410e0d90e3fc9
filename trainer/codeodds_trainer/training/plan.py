"""``codeodds-train plan``: a recipe's budget in words, before anything is downloaded but the base model's config."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from codeodds_trainer.ground.base_model import BaseModelSource, load_config
from codeodds_trainer.ground.recipe import read_recipe
from codeodds_trainer.training.budget import compute_budget
from codeodds_trainer.training.prepare import base_source

GB, MB = 1e9, 1e6


def plan(recipe_path: Path, base: Path | None, nodes: int, processes: int, tflops: float) -> dict[str, Any]:
    """The budget and what follows from it, JSON-ready.

    `base`: folder of the base model or of its config alone; the recipe's if None. `nodes`: trie nodes of the data.
    `processes`: devices that weights and optimiser state are spread over. `tflops`: what one device sustains.

    Raises: RecipeError, ModelError.
    """
    recipe = read_recipe(recipe_path)
    source = base_source(recipe) if base is None else BaseModelSource(str(base))
    budget = compute_budget(recipe, load_config(source))
    seconds = budget.flops(nodes, recipe.training.epochs) / (tflops * 1e12 * processes)
    return {
        "recipe": recipe.name,
        "pack_nodes": recipe.training.pack_nodes,
        "epochs": recipe.training.epochs,
        "gradient_checkpointing": recipe.training.gradient_checkpointing,
        "nodes": nodes,
        "processes": processes,
        "assumed_tflops": tflops,
        **asdict(budget),
        "training_bytes": budget.training_bytes(processes),
        "feature_bytes": 0 if budget.trunk_is_live else nodes * budget.feature_bytes_per_node,
        "hours": seconds / 3600,
    }


def render_plan(found: dict[str, Any]) -> str:
    """The same for people, as Markdown."""
    spread = f", spread over {found['processes']}" if found["processes"] > 1 else ""
    rows = [
        ("parameters", _billions(found["parameters"])),
        ("of these frozen / in the tail / trained", " / ".join(_billions(found[name]) for name in _PARTS)),
        ("memory to compute features (weights)", _gb(found["trunk_bytes"])),
        (f"weights of the tail, float32{spread}", _gb(found["tail_bytes"] / found["processes"])),
        (f"gradients{spread}", _gb(found["gradient_bytes"] / found["processes"])),
        (f"optimiser state{spread}", _gb(found["moment_bytes"] / found["processes"])),
        (f"activations of {found['pack_nodes']:,} nodes{_checkpointing(found)}", _gb(found["activation_bytes"])),
        ("copies of weights in bfloat16", _gb(found["cast_bytes"])),
        ("memory to train, one device", _gb(found["training_bytes"])),
        (f"features of {found['nodes'] / 1e6:g} million nodes on disk", _gb(found["feature_bytes"])),
        ("operations per node, frozen layers", f"{found['trunk_flops_per_node'] / 1e9:.1f} GFLOP"),
        ("operations per node and epoch, tail", f"{found['tail_flops_per_node'] / 1e9:.1f} GFLOP"),
        (
            f"time of {found['epochs']} epochs at {found['assumed_tflops']:g} TFLOP/s a device",
            f"{found['hours']:.1f} h",
        ),
    ]
    lines = [f"{found['recipe']}: computed from shapes, not measured", "", "| what | how much |", "|---|---|"]
    return "\n".join([*lines, *(f"| {name} | {value} |" for name, value in rows)])


_PARTS = ("trunk_parameters", "tail_parameters", "trained_parameters")


def _checkpointing(found: dict[str, Any]) -> str:
    return ", with gradient checkpointing" if found["gradient_checkpointing"] else ""


def _billions(count: int) -> str:
    return f"{count / 1e9:.2f} B" if count >= 1e7 else f"{count:,}"


def _gb(count: float) -> str:
    return f"{count / GB:.1f} GB" if count >= 0.1 * GB else f"{count / MB:.1f} MB"
