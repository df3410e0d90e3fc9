"""From a checkpoint to a float32 ONNX graph: optimum's exporter, with outputs of our own."""

from __future__ import annotations

import shutil
import warnings
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
HIDDEN = "hidden"
HEAD_WEIGHT, HEAD_BIAS = "value_head.weight", "value_head.bias"
"""Names of the head's tensors in the graph: float32 [hidden, 1 + faults] and [1 + faults], bit for bit those of the
checkpoint."""


class ExportedModule(nn.Module):
    """What is traced: the decoder with its key/value cache and the value head."""

    def __init__(self, model: PreTrainedModel) -> None:
        super().__init__()
        head = value_head(model)
        self.body: Any = model.base_model
        self.config = self.body.config  # optimum's exporter reads it.
        self.norm = self.body.norm
        # Parameters of the final shape keep their names and bits; a Linear's would be folded into an unnamed transpose.
        self.value_head = _weights(head.weight.detach().float().T, head.bias)

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        position_ids: torch.Tensor,
        past_key_values: Any = None,
    ) -> dict[str, Any]:
        """`input_ids`, `position_ids`: int64 [batch, sequence]; `attention_mask`: int64 [batch, past + sequence].

        Returns: `value` float32 [batch, sequence], logits; `hidden` float32 [batch, sequence, width], what a layer
        above would read; `past_key_values` of past and new tokens.
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
        return {VALUE: value, HIDDEN: hidden, "past_key_values": body.past_key_values}


def _weights(weight: torch.Tensor, bias: torch.Tensor) -> Any:
    holder = nn.Module()
    holder.weight = nn.Parameter(weight.contiguous(), requires_grad=False)
    holder.bias = nn.Parameter(bias.detach().float().clone(), requires_grad=False)
    return holder


def export_graph(model: PreTrainedModel, folder: Path) -> onnx.ModelProto:
    """Export a value model with its key/value cache; weights float32. docs/training/export.md names inputs and outputs.

    `folder` is made, filled by optimum, and removed.

    Raises: ExportError for an architecture that optimum cannot export.
    """
    body: Any = model.base_model
    config = _onnx_config(body.config)
    module = ExportedModule(model).eval()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        # The module applies the norm itself: the layers above read what stands before it.
        body.norm = nn.Identity()
        with warnings.catch_warnings():
            # Tracing warns of every Python branch; the tests compare the graph with torch for any chunking instead.
            warnings.simplefilter("ignore")
            export(module, config, folder / "model.onnx", opset=OPSET)
        return onnx.load(folder / "model.onnx")
    finally:
        body.norm = module.norm
        shutil.rmtree(folder, ignore_errors=True)


def exporter_config(config: PretrainedConfig) -> Any:
    """The constructor of optimum's export config of an architecture.

    Raises: ExportError for one that it does not know.
    """
    try:
        return TasksManager.get_exporter_config_constructor(
            "onnx", model_type=config.model_type, task=TASK, library_name="transformers"
        )
    except (KeyError, ValueError) as error:
        raise ExportError(
            f"optimum cannot export the architecture {config.model_type!r} ({error}); "
            "Phi-3, Qwen2 and Llama are supported"
        ) from error


def _onnx_config(config: PretrainedConfig) -> Any:
    """Optimum's export config of the architecture, with the outputs of a value model.

    `use_past_in_inputs` matters: without it optimum writes a graph that has no past inputs, useless for a cache.
    """

    class ValueOnnxConfig(exporter_config(config).func):  # type: ignore[misc]
        @property
        def outputs(self) -> dict[str, dict[int, str]]:
            tokens = {0: "batch_size", 1: "sequence_length"}
            outputs = {VALUE: tokens, HIDDEN: tokens}
            self.add_past_key_values(outputs, direction="outputs")
            return outputs

    return ValueOnnxConfig(config, task=TASK, use_past=True, use_past_in_inputs=True)
