"""From a checkpoint to a float32 ONNX graph: optimum's exporter, with outputs of our own."""

from __future__ import annotations

import shutil
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx
import torch
from optimum.exporters.onnx import export
from optimum.exporters.tasks import TasksManager
from torch import nn
from transformers import PretrainedConfig, PreTrainedModel

from codeodds_trainer.ground.errors import ExportError
from codeodds_trainer.training.value_model import join_heads, value_head

OPSET = 18
TASK = "feature-extraction"
VALUE = "value"
LOG_PROBABILITIES = "log_probabilities"
HEAD_WEIGHT, HEAD_BIAS = "value_head.weight", "value_head.bias"
"""Names of the head's tensors in the graph: float32 [hidden, 1 + faults] and [1 + faults], bit for bit those of the
checkpoint."""


@dataclass(frozen=True, slots=True)
class LanguageHead:
    """What the base language model has above its last layer."""

    norm: nn.Module
    """The base's final norm: training changes ours."""
    weight: torch.Tensor
    """float32 [vocabulary, hidden]."""


class ExportedModule(nn.Module):
    """What is traced: the decoder with its key/value cache, the value head, and the language head if asked for."""

    def __init__(self, model: PreTrainedModel, language_head: LanguageHead | None = None) -> None:
        super().__init__()
        head = value_head(model)
        self.body: Any = model.base_model
        self.config = self.body.config  # optimum's exporter reads it.
        self.norm = self.body.norm
        # Parameters of the final shape keep their names and bits; a Linear's would be folded into an unnamed transpose.
        self.value_head = _weights(head.weight.detach().float().T, head.bias)
        self.language_norm = None if language_head is None else language_head.norm
        self.language_head = None if language_head is None else _weights(language_head.weight.detach().float().T, None)

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        position_ids: torch.Tensor,
        past_key_values: Any = None,
    ) -> dict[str, Any]:
        """`input_ids`, `position_ids`: int64 [batch, sequence]; `attention_mask`: int64 [batch, past + sequence].

        Returns: `value` float32 [batch, sequence], logits; `past_key_values` of past and new tokens; and
        `log_probabilities` float32 [batch, sequence, vocabulary] with a language head.
        """
        body = self.body(
            input_ids=input_ids,
            attention_mask=attention_mask,
            position_ids=position_ids,
            past_key_values=past_key_values,
            use_cache=True,
        )
        hidden = body.last_hidden_state
        value = join_heads(self.norm(hidden) @ self.value_head.weight + self.value_head.bias)
        outputs = {VALUE: value, "past_key_values": body.past_key_values}
        if self.language_norm is not None and self.language_head is not None:
            logits = self.language_norm(hidden) @ self.language_head.weight
            outputs[LOG_PROBABILITIES] = torch.log_softmax(logits, dim=-1)
        return outputs


def _weights(weight: torch.Tensor, bias: torch.Tensor | None) -> Any:
    holder = nn.Module()
    holder.weight = nn.Parameter(weight.contiguous(), requires_grad=False)
    if bias is not None:
        holder.bias = nn.Parameter(bias.detach().float().clone(), requires_grad=False)
    return holder


def export_graph(model: PreTrainedModel, folder: Path, language_head: LanguageHead | None = None) -> onnx.ModelProto:
    """Export a value model with its key/value cache; weights float32. docs/training/export.md names inputs and outputs.

    `folder` is made, filled by optimum, and removed.

    Raises: ExportError for an architecture that optimum cannot export.
    """
    body: Any = model.base_model
    config = _onnx_config(body.config, log_probabilities=language_head is not None)
    module = ExportedModule(model, language_head).eval()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        # The module applies the norm itself, because the language head needs another one.
        body.norm = nn.Identity()
        with warnings.catch_warnings():
            # Tracing warns of every Python branch; the tests compare the graph with torch for any chunking instead.
            warnings.simplefilter("ignore")
            export(module, config, folder / "model.onnx", opset=OPSET)
        return onnx.load(folder / "model.onnx")
    finally:
        body.norm = module.norm
        shutil.rmtree(folder, ignore_errors=True)


def _onnx_config(config: PretrainedConfig, *, log_probabilities: bool) -> Any:
    """Optimum's export config of the architecture, with the outputs of a value model.

    `use_past_in_inputs` matters: without it optimum writes a graph that has no past inputs, useless for a cache.
    """
    try:
        make: Any = TasksManager.get_exporter_config_constructor(
            "onnx", model_type=config.model_type, task=TASK, library_name="transformers"
        )
    except (KeyError, ValueError) as error:
        raise ExportError(
            f"optimum cannot export the architecture {config.model_type!r} ({error}); "
            "Phi-3, Qwen2 and Llama are supported"
        ) from error

    class ValueOnnxConfig(make.func):  # type: ignore[misc]
        @property
        def outputs(self) -> dict[str, dict[int, str]]:
            tokens = {0: "batch_size", 1: "sequence_length"}
            outputs = {VALUE: tokens}
            self.add_past_key_values(outputs, direction="outputs")
            if log_probabilities:
                outputs[LOG_PROBABILITIES] = tokens
            return outputs

    return ValueOnnxConfig(config, task=TASK, use_past=True, use_past_in_inputs=True)
