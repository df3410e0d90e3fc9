"""The base language model, through the standard Hugging Face classes: where it comes from and how it attends."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from transformers import AutoConfig, AutoModelForCausalLM, PretrainedConfig

from codeodds_trainer.ground.errors import ModelError

ATTENTION = "sdpa"


@dataclass(frozen=True, slots=True)
class BaseModelSource:
    """Where the language model comes from."""

    path: str
    """Folder in Hugging Face layout, or a hub name such as ``microsoft/Phi-4-mini-instruct``."""
    gguf_file: str | None = None
    """Name of a GGUF file within `path`; its weights are dequantised (needs the package gguf)."""


def load_config(source: BaseModelSource) -> PretrainedConfig:
    """Raises: ModelError if there is no such model."""
    try:
        return AutoConfig.from_pretrained(source.path, **gguf_options(source))
    except (OSError, ValueError) as error:
        raise ModelError(f"no model at {source.path!r}: {error}") from error


def load_lm_head(source: BaseModelSource) -> torch.Tensor:
    """Weight [vocabulary, hidden] of the base model's language-model head, tied to the embedding or not.

    Raises: ModelError if there is no such model.
    """
    try:
        model = AutoModelForCausalLM.from_pretrained(source.path, dtype="auto", **gguf_options(source))
    except (OSError, ValueError) as error:
        raise ModelError(f"no language model at {source.path!r}: {error}") from error
    return model.get_output_embeddings().weight.detach().clone()


def tree_mask(ancestors: torch.Tensor) -> torch.Tensor:
    """Attention mask bool [1, 1, n, n] from a bool matrix [n, n]: True where a node may look.

    Needs scaled-dot-product attention, which every loader here asks for: the eager path would add the mask as a number.
    """
    return ancestors[None, None]


def gguf_options(source: BaseModelSource) -> dict[str, str]:
    """What transformers is told of a GGUF file, if the source is one."""
    return {} if source.gguf_file is None else {"gguf_file": source.gguf_file}
