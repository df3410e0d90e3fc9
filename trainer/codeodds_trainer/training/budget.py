"""What a recipe needs before anyone pays for it: memory, disk and operations, computed from shapes alone.

The model is built from its config as fake tensors, which have shapes and no memory. A forward pass over them counts the
tensors that autograd would save and the operations that would run. Nothing is measured: fragmentation, the CUDA context
(about 1 GB) and temporary buffers come on top.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils.flop_counter import FlopCounterMode
from transformers import AutoModelForTokenClassification, PretrainedConfig, PreTrainedModel

from codeodds_trainer.ground.base_model import ATTENTION
from codeodds_trainer.ground.recipe import LoraSection, Recipe
from codeodds_trainer.training.features import BYTES_PER_VALUE
from codeodds_trainer.training.train import ValueTail
from codeodds_trainer.training.value_model import cut_config, split, value_head

MOMENT_BYTES = 8
"""AdamW keeps two float32 numbers for each weight that is trained."""
TRUNK_BYTES = 2
"""The trunk runs in bfloat16."""
TAIL_BYTES = 4
"""The tail is kept in float32."""
CAST_BYTES = 2
BACKWARD = 2
"""Operations of a backward pass, in forward passes."""


@dataclass(frozen=True, slots=True)
class Budget:
    """Needs of one recipe, for one pack of `pack_nodes` nodes at a time. Bytes, and floating-point operations."""

    parameters: int
    """Of the model that is kept, head included."""
    trunk_parameters: int
    """Frozen, below the tail; embedding included."""
    tail_parameters: int
    trained_parameters: int
    trunk_bytes: int
    """Weights while features are computed; all the time if they are not cached."""
    tail_bytes: int
    gradient_bytes: int
    moment_bytes: int
    activation_bytes: int
    """Saved by autograd in the forward pass of one pack, bfloat16 copies of weights among them. With gradient
    checkpointing: the inputs of all layers, and what one layer saves while it is computed again."""
    cast_bytes: int
    """With gradient checkpointing, which saves no copies: those that autocast holds until a forward pass ends."""
    trunk_is_live: bool
    feature_bytes_per_node: int
    """On disk, if features are cached."""
    trunk_flops_per_node: float
    """Forward."""
    tail_flops_per_node: float
    """Forward and backward, and what is computed again."""

    def training_bytes(self, processes: int = 1) -> int:
        """On one device, weights and optimiser state spread over so many."""
        shared = self.tail_bytes + self.gradient_bytes + self.moment_bytes
        passing = self.activation_bytes + self.cast_bytes
        return -(-shared // processes) + passing + (self.trunk_bytes if self.trunk_is_live else 0)

    def flops(self, nodes: int, epochs: int) -> float:
        """Of a run over so many trie nodes."""
        trunk_runs = epochs if self.trunk_is_live else 1
        return nodes * (trunk_runs * self.trunk_flops_per_node + epochs * self.tail_flops_per_node)


def compute_budget(recipe: Recipe, config: PretrainedConfig) -> Budget:
    """`config`: the base model's, uncut; it is left as it is.

    Raises: ModelError for a recipe that does not fit the model.
    """
    config = copy.deepcopy(config)
    cut_config(config, recipe.model.layers or config.num_hidden_layers)
    _plain_rope(config)
    training = recipe.training
    nodes = training.pack_nodes
    with FakeTensorMode():
        model = AutoModelForTokenClassification.from_config(config, attn_implementation=ATTENTION)
        trunk, tail = split(model, recipe.model.trainable_layers)
        if recipe.model.lora is not None:
            _adapt(tail, recipe.model.lora)
        attention = _attention_flops(config, nodes)
        trunk_flops = _flops(lambda: _run_trunk(trunk, nodes)) + attention * trunk.config.num_hidden_layers
        tail_flops, saved = _forward(tail, nodes, training.bfloat16, checkpointing=False)
        tail_flops += attention * recipe.model.trainable_layers
        activations, again, copies = saved, 0.0, 0
        if training.gradient_checkpointing:
            _, activations = _forward(tail, nodes, training.bfloat16, checkpointing=True)
            activations += saved // max(1, recipe.model.trainable_layers)
            again = tail_flops
            copies = CAST_BYTES * training.bfloat16
        trained = sum(parameter.numel() for parameter in tail.parameters() if parameter.requires_grad)
        tail_parameters = sum(parameter.numel() for parameter in tail.parameters())
        trunk_parameters = sum(parameter.numel() for parameter in trunk.parameters())
    return Budget(
        parameters=trunk_parameters + tail_parameters,
        trunk_parameters=trunk_parameters,
        tail_parameters=tail_parameters,
        trained_parameters=trained,
        trunk_bytes=trunk_parameters * TRUNK_BYTES,
        tail_bytes=tail_parameters * TAIL_BYTES,
        gradient_bytes=trained * TAIL_BYTES,
        moment_bytes=trained * MOMENT_BYTES,
        activation_bytes=activations,
        cast_bytes=copies * tail_parameters,
        trunk_is_live=not training.cache_features,
        feature_bytes_per_node=config.hidden_size * BYTES_PER_VALUE,
        trunk_flops_per_node=trunk_flops / nodes,
        tail_flops_per_node=((1 + BACKWARD) * tail_flops + again) / nodes,
    )


def _plain_rope(config: PretrainedConfig) -> None:
    """LongRoPE chooses its factors by the values of positions, which fake tensors do not have; shapes are the same."""
    for name in ("rope_scaling", "rope_parameters"):
        found = getattr(config, name, None)
        if isinstance(found, dict) and found.get("rope_type", found.get("type")) == "longrope":
            plain = {key: found[key] for key in ("rope_theta", "partial_rotary_factor") if key in found}
            setattr(config, name, {**plain, "rope_type": "default"} if plain else None)


def _run_trunk(trunk: PreTrainedModel, nodes: int) -> None:
    with torch.no_grad():
        trunk(
            input_ids=torch.zeros(1, nodes, dtype=torch.int64),
            position_ids=torch.arange(nodes)[None],
            attention_mask=torch.ones(1, 1, nodes, nodes, dtype=torch.bool),
            use_cache=False,
        )


class _Adapted(nn.Module):
    """A linear layer with a low-rank adapter, as peft computes it; peft itself does not take fake tensors."""

    def __init__(self, linear: nn.Linear, rank: int) -> None:
        super().__init__()
        self.linear = linear
        self.down = nn.Linear(linear.in_features, rank, bias=False)
        self.up = nn.Linear(rank, linear.out_features, bias=False)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.linear(hidden) + self.up(self.down(hidden))
        return found


def _adapt(tail: PreTrainedModel, section: LoraSection) -> None:
    tail.requires_grad_(False)
    layers: Any = tail.base_model.layers
    for layer in layers:
        for name, module in list(layer.named_modules()):
            parent, _, last = name.rpartition(".")
            if last in section.modules and isinstance(module, nn.Linear):
                setattr(layer.get_submodule(parent), last, _Adapted(module, section.rank))
    for trained in (tail.base_model.norm, value_head(tail)):
        trained.requires_grad_(True)


def _attention_flops(config: PretrainedConfig, nodes: int) -> float:
    """Of one layer's attention in a forward pass over a pack: two products of all pairs of nodes.

    torch's counter does not know the kernel that fake tensors take.
    """
    size: int = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    return float(4 * nodes * nodes * config.num_attention_heads * size)


def _flops(run: Callable[[], None]) -> float:
    with FlopCounterMode(display=False) as counter:
        run()
    return float(counter.get_total_flops())


def _forward(tail: PreTrainedModel, nodes: int, bfloat16: bool, checkpointing: bool) -> tuple[float, int]:
    """Operations of a forward pass, and bytes of the tensors that it leaves for the backward pass."""
    if checkpointing:
        tail.gradient_checkpointing_enable({"use_reentrant": False})
    module = ValueTail(tail).train()
    autocast = torch.autocast("cpu", dtype=torch.bfloat16, enabled=bfloat16)
    with FlopCounterMode(display=False) as counter, _saved(module) as saved, autocast:
        module(
            torch.zeros(1, nodes, tail.config.hidden_size),
            torch.arange(nodes)[None],
            torch.ones(1, 1, nodes, nodes, dtype=torch.bool),
        )
    return float(counter.get_total_flops()), sum(saved.values())


@contextmanager
def _saved(module: nn.Module) -> Iterator[dict[int, int]]:
    """Bytes of every distinct storage that autograd saves in the block, the module's own weights left out."""
    weights = {parameter.untyped_storage()._cdata for parameter in module.parameters()}
    sizes: dict[int, int] = {}
    # A storage that is freed may give its name to the next one.
    alive = []

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage._cdata not in weights and storage._cdata not in sizes:
            sizes[storage._cdata] = storage.nbytes()
            alive.append(storage)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        yield sizes
