"""The upper graph of a bundle: the base model's layers above the value head, and its language-model head.

The lower graph, `graph`, ends where the value head reads; its output `hidden` enters this one. So a score runs the
lower layers alone, and what they gave is reused when somebody asks how likely each token is.
"""

from __future__ import annotations

import copy
import shutil
import warnings
from pathlib import Path
from typing import Any

import onnx
import torch
from optimum.exporters.onnx import export
from optimum.utils.input_generators import DummyTextInputGenerator
from torch import nn
from transformers import PreTrainedModel

from codeodds_trainer.export.graph import OPSET, TASK, exporter_config
from codeodds_trainer.ground.errors import ExportError

HIDDEN, POSITIONS, LOG_PROBABILITIES = "hidden", "positions", "log_probabilities"
UPPER_FILE = "upper.onnx"
LANGUAGE_HEAD = "language_head.weight"
"""Name of the head's tensor in the graph: [hidden, vocabulary]."""
_EXAMPLE_POSITIONS = 2


class UpperModule(nn.Module):
    """What is traced: decoder layers fed with hidden states, the final norm and the language-model head."""

    def __init__(self, body: Any, head: torch.Tensor) -> None:
        """`body`: a decoder of the layers above, with the base's final norm. `head`: float [vocabulary, hidden]."""
        super().__init__()
        self.body = body
        self.config = body.config  # optimum's exporter reads it.
        self.language_head = nn.Module()
        self.language_head.weight = nn.Parameter(head.float().T.contiguous(), requires_grad=False)

    def forward(
        self,
        hidden: torch.Tensor,
        attention_mask: torch.Tensor,
        position_ids: torch.Tensor,
        positions: torch.Tensor,
        past_key_values: Any = None,
    ) -> dict[str, Any]:
        """`hidden`: float32 [batch, sequence, width]; `attention_mask`: int64 [batch, past + sequence]; `position_ids`:
        int64 [batch, sequence]; `positions`: int64 [n], which of the sequence to answer for, from 0.

        Returns: `log_probabilities` float32 [batch, n, vocabulary] of the token behind each position asked for;
        `past_key_values` of past and new tokens.
        """
        output = self.body(
            inputs_embeds=hidden,
            attention_mask=attention_mask,
            position_ids=position_ids,
            past_key_values=past_key_values,
            use_cache=True,
        )
        asked = output.last_hidden_state.index_select(1, positions)
        logits = asked @ self.language_head.weight
        return {
            LOG_PROBABILITIES: torch.log_softmax(logits, dim=-1),
            "past_key_values": output.past_key_values,
        }


def upper_module(model: PreTrainedModel, first: int, head: torch.Tensor) -> UpperModule:
    """The layers [first, ..) of a base model with its final norm, under a head of its own; the layers are shared with
    `model`, which no longer works as a whole afterwards.

    Raises: ExportError if no layer is left.
    """
    whole: Any = model.base_model
    layers = whole.config.num_hidden_layers
    if not 0 < first < layers:
        raise ExportError(
            f"the value head reads layer {first} of {layers}: a language model above it needs at least one layer; "
            "set model.layers in the recipe to fewer, or export.language_model to false"
        )
    config = copy.deepcopy(whole.config)
    config.num_hidden_layers = layers - first
    if getattr(config, "layer_types", None):
        config.layer_types = list(config.layer_types[first:])
    with torch.device("meta"):
        body: Any = type(whole)(config)
    body.layers = whole.layers[first:]
    for number, layer in enumerate(body.layers):
        # Its place in the key/value cache of this graph.
        layer.self_attn.layer_idx = number
    body.embed_tokens, body.norm, body.rotary_emb = None, whole.norm, whole.rotary_emb
    return UpperModule(body.float(), head).eval()


def export_upper(module: UpperModule, folder: Path) -> onnx.ModelProto:
    """Export the upper graph with its key/value cache; weights float32. docs/training/export.md names inputs and
    outputs.

    `folder` is made, filled by optimum, and removed.

    Raises: ExportError for an architecture that optimum cannot export.
    """
    config = _onnx_config(module)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            export(module, config, folder / UPPER_FILE, opset=OPSET)
        return onnx.load(folder / UPPER_FILE)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class _UpperInputs(DummyTextInputGenerator):  # type: ignore[misc]
    """Examples of the inputs that optimum does not know."""

    SUPPORTED_INPUT_NAMES = (*DummyTextInputGenerator.SUPPORTED_INPUT_NAMES, HIDDEN, POSITIONS)


def _onnx_config(module: UpperModule) -> Any:
    make = exporter_config(module.config)
    known: Any = make.func

    class UpperOnnxConfig(known):  # type: ignore[misc]
        DUMMY_INPUT_GENERATOR_CLASSES = (_UpperInputs, *known.DUMMY_INPUT_GENERATOR_CLASSES[1:])

        @property
        def inputs(self) -> dict[str, dict[int, str]]:
            found = dict(super().inputs)
            return {HIDDEN: found.pop("input_ids"), POSITIONS: {0: "positions"}, **found}

        @property
        def outputs(self) -> dict[str, dict[int, str]]:
            outputs = {LOG_PROBABILITIES: {0: "batch_size", 1: "positions"}}
            self.add_past_key_values(outputs, direction="outputs")
            return outputs

        def overwrite_shape_and_generate_input(
            self, dummy_input_gen: Any, input_name: str, framework: str, input_shapes: dict[str, Any]
        ) -> Any:
            if input_name == POSITIONS:
                return torch.zeros(_EXAMPLE_POSITIONS, dtype=torch.int64)
            alike = "position_ids" if input_name == HIDDEN else input_name
            found = super().overwrite_shape_and_generate_input(dummy_input_gen, alike, framework, input_shapes)
            return torch.randn(*found.shape, module.config.hidden_size) if input_name == HIDDEN else found

    return UpperOnnxConfig(module.config, task=TASK, use_past=True, use_past_in_inputs=True)
