"""A value head on a decoder-only language model, through the standard Hugging Face classes.

The model is ``AutoModelForTokenClassification`` with one label: its logit at a token is the value of the prefix that
ends there. Further labels, where a recipe asks for them, look for faults; `join_heads` makes one logit of all. So the
checkpoint loads in any tool that knows transformers. For training it is split at a layer into a
*trunk*, which stays frozen and whose outputs are cached, and a *tail*: the same class with the last K layers only, fed
with the trunk's outputs as `inputs_embeds`.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import AutoModelForTokenClassification, PretrainedConfig, PreTrainedModel

from codeodds_trainer.ground.base_model import ATTENTION, BaseModelSource, gguf_options, load_config
from codeodds_trainer.ground.errors import ModelError

LARGEST_FAULT = 5.0
"""Logits of faults count as this at most: one token then lowers the mean of 150 by 1."""
NO_FAULT = -2.0
"""What the logits of faults start from: they lower a value by 0.14 then, each."""


def load_value_model(source: BaseModelSource, layers: int | None = None, faults: int = 0) -> PreTrainedModel:
    """The base model's first `layers` decoder layers (all if None) with a new value head, in the base model's dtype.

    The head starts at zero weight and bias: every value is 0.5 before training.
    `faults`: its outputs beside the linear one; see `join_heads`.

    Raises: ModelError for a missing model, or more layers than it has.
    """
    config = load_config(source)
    cut_config(config, layers if layers is not None else config.num_hidden_layers, faults)
    model = AutoModelForTokenClassification.from_pretrained(
        source.path, config=config, dtype="auto", attn_implementation=ATTENTION, **gguf_options(source)
    )
    head = value_head(model)
    nn.init.zeros_(head.weight)
    nn.init.zeros_(head.bias)
    with torch.no_grad():
        head.bias[1:] = NO_FAULT
    return model


def join_heads(outputs: torch.Tensor) -> torch.Tensor:
    """The value's logit from the head's outputs: the first, less the exponential of each of the others.

    `outputs`: [..., 1 + faults]. Returns: [...]. The mean over a program is then the mean of a linear function, less
    the mean of exponentials, which a single token can fill.
    """
    linear, faults = outputs[..., 0], outputs[..., 1:]
    return linear - torch.exp(faults.clamp(max=LARGEST_FAULT)).sum(dim=-1) if faults.shape[-1] else linear


def load_checkpoint(path: Path, dtype: torch.dtype | str = torch.float32) -> PreTrainedModel:
    """A saved value model, float32 unless `dtype` says otherwise (``auto``: as it was saved).

    Raises: ModelError if there is none, if it has no value head (a plain language model must go through `fit` first),
    or if its labels are something else.
    """
    if not (path / "config.json").is_file():
        raise ModelError(f"{path} holds no checkpoint (no config.json); give the folder that `fit` wrote")
    model, info = AutoModelForTokenClassification.from_pretrained(
        path, dtype=dtype, attn_implementation=ATTENTION, output_loading_info=True
    )
    missing = [name for name in info["missing_keys"] if name.startswith("score.")]
    if missing:
        raise ModelError(f"{path} has no value head; run `codeodds-train fit` on it first")
    labels = model.config.num_labels
    if labels > 1 and model.config.id2label != _labels(labels - 1):
        names = ", ".join(list(model.config.id2label.values())[:3])
        raise ModelError(f"{path} tells {labels} labels apart ({names} ...) and holds no value head; fit one first")
    return model


def cut_config(config: PretrainedConfig, layers: int, faults: int = 0) -> None:
    """Make `config` describe its first `layers` layers with a head of 1 + `faults` outputs, in place.

    Raises: ModelError if there are not that many layers.
    """
    have = config.num_hidden_layers
    if not 1 <= layers <= have:
        raise ModelError(f"layers = {layers}, but the model has {have}; choose 1 to {have}")
    config.num_hidden_layers = layers
    if getattr(config, "layer_types", None):
        config.layer_types = list(config.layer_types[:layers])
    config.id2label = _labels(faults)
    config.label2id = {name: number for number, name in config.id2label.items()}
    config.classifier_dropout = 0.0


def _labels(faults: int) -> dict[int, str]:
    """Names of the head's outputs, as a configuration holds them."""
    return {0: "value"} | {number: f"fault {number}" for number in range(1, 1 + faults)}


def value_head(model: PreTrainedModel) -> nn.Linear:
    """The head of a token-classification model.

    Raises: ModelError for a class whose head is not the linear layer `score`, which the decoders share.
    """
    head = getattr(model, "score", None)
    if not isinstance(head, nn.Linear):
        raise ModelError(f"{type(model).__name__} has no head `score`; Phi-3, Qwen2 and Llama are supported")
    return head


def split(model: PreTrainedModel, trainable_layers: int) -> tuple[PreTrainedModel, PreTrainedModel]:
    """Split a value model into trunk and tail; both share its parameters, none is copied.

    The trunk maps `input_ids` to the hidden states [batch, tokens, hidden] that enter the last `trainable_layers`
    layers. The tail maps these, as `inputs_embeds`, to logits [batch, tokens, 1].

    Raises: ModelError if there are not that many layers.
    """
    body: Any = model.base_model
    layers = model.config.num_hidden_layers
    if not 0 <= trainable_layers <= layers:
        raise ModelError(f"trainable layers = {trainable_layers}, but the model has {layers}")
    frozen = layers - trainable_layers
    trunk = _shell(type(body), model.config, 0, frozen)
    trunk.embed_tokens, trunk.layers, trunk.norm = body.embed_tokens, body.layers[:frozen], nn.Identity()
    tail = _shell(type(model), model.config, frozen, layers)
    tail_body: Any = tail.base_model
    # Layer indices only matter to a key/value cache, which neither part uses in training.
    tail_body.embed_tokens, tail_body.layers, tail_body.norm = None, body.layers[frozen:], body.norm
    tail.score = value_head(model)
    trunk.rotary_emb, tail_body.rotary_emb = body.rotary_emb, body.rotary_emb
    trunk.requires_grad_(False)
    tail.requires_grad_(True)
    return trunk.eval(), tail


def _shell(kind: type[PreTrainedModel], config: PretrainedConfig, first: int, last: int) -> Any:
    """A model of the class without memory of its own, its config cut to the layers [first, last)."""
    part = copy.deepcopy(config)
    part.num_hidden_layers = last - first
    part.use_cache = False
    if getattr(part, "layer_types", None):
        part.layer_types = list(part.layer_types[first:last])
    with torch.device("meta"):
        return kind(part)
