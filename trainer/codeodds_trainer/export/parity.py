"""How far an exported graph is from torch, for any way to cut the same tokens into runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from transformers import PreTrainedModel

from codeodds.engine.keyvalues import KeyValues
from codeodds_trainer.training.value_model import join_heads


class Parity(NamedTuple):
    """Largest absolute differences."""

    value: float
    """Of a logit."""
    present: float
    """Of a key or value, in the tensors behind the last run."""


def compare_with_torch(model: PreTrainedModel, runtime: Any, ids: npt.NDArray[np.int64], cuts: Sequence[int]) -> Parity:
    """Run a value model in one pass and its graph in runs that end at `cuts`.

    `runtime`: a `codeodds.engine.onnx.OnnxModel`. `ids`: int64 [batch, tokens].
    """
    wanted, wanted_memory = run_torch(model, ids)
    memory: KeyValues = runtime.empty_memory(len(ids))
    values = []
    for part in np.split(ids, cuts, axis=1):
        found, memory = runtime.run(part, memory)
        values.append(found)
    present = max(_largest(one, other) for one, other in zip(memory.tensors, wanted_memory.tensors, strict=True))
    return Parity(_largest(np.concatenate(values, axis=1), wanted), present)


@torch.inference_mode()
def run_torch(model: PreTrainedModel, ids: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.float32], KeyValues]:
    """Logits float32 [batch, tokens], and keys and values, of one pass without a cache."""
    body: Any = model.base_model
    output = body(input_ids=torch.from_numpy(ids), use_cache=True)
    head: Any = model.get_submodule("score")
    values = join_heads(head(output.last_hidden_state))
    pairs = output.past_key_values.to_legacy_cache()
    return values.numpy(), KeyValues(tuple(tensor.numpy() for pair in pairs for tensor in pair))


def _largest(found: npt.NDArray[Any], wanted: npt.NDArray[Any]) -> float:
    return float(np.abs(found.astype(np.float64) - wanted.astype(np.float64)).max())
