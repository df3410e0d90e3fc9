"""Gives a bundle a language model: the base model's upper layers and its head, above the graph that scores."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import torch
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel

from codeodds.bundle.loader import read_manifest
from codeodds.bundle.manifest import Manifest, Upper
from codeodds_trainer.export.quantization import FLOAT32, Variant, quantize_matrices
from codeodds_trainer.export.upper import LANGUAGE_HEAD, UPPER_FILE, export_upper, upper_module
from codeodds_trainer.export.weights import save_split
from codeodds_trainer.ground.base_model import ATTENTION, BaseModelSource, gguf_options
from codeodds_trainer.ground.errors import ExportError, ModelError
from codeodds_trainer.ground.recipe import Recipe

HEAD_BITS = 8
"""The head chooses between tokens: in 4 bits its log-probabilities were off by a fifth more than in 8."""


def check_language_model(recipe: Recipe) -> None:
    """Raises: ExportError if what is below the upper layers is not the base model's own."""
    trained = recipe.model.trainable_layers
    if recipe.export.language_model and trained:
        raise ExportError(
            f"export.language_model needs the base model's own layers, but model.trainable_layers = {trained}; set it "
            "to 0, or export.language_model to false"
        )


def add_language_model(folder: Path, source: BaseModelSource, variant: Variant, max_file_mb: int) -> Manifest:
    """Write the upper graph into a bundle's folder; returns the manifest that describes it, which is not written.

    Log-probabilities are over the tokens that the bundle's tokenizer keeps.

    Raises: ModelError if there is no such base model; ExportError if it has no layer above the bundle's.
    """
    manifest = read_manifest(folder)
    model = _load(source)
    rows = _rows(source, folder / manifest.tokenizer)
    head = model.get_output_embeddings().weight.detach()[torch.from_numpy(rows)]
    first = manifest.graph.layers
    module = upper_module(model, first, head)
    graph = export_upper(module, folder / "optimum")
    if variant != FLOAT32:
        graph = quantize_matrices(graph, variant.bits, variant.block_size, (LANGUAGE_HEAD,))
        graph = quantize_matrices(graph, HEAD_BITS, variant.block_size, ())
    save_split(graph, folder, max_file_mb, UPPER_FILE)
    upper = Upper(
        file=UPPER_FILE,
        layers=module.config.num_hidden_layers,
        width=module.config.hidden_size,
        quantization="float32"
        if variant == FLOAT32
        else f"MatMulNBits {variant.bits} bit, head {HEAD_BITS} bit, block {variant.block_size}",
    )
    return msgspec.structs.replace(manifest, graph=msgspec.structs.replace(manifest.graph, upper=upper))


def _load(source: BaseModelSource) -> PreTrainedModel:
    try:
        model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(
            source.path, dtype=torch.float32, attn_implementation=ATTENTION, **gguf_options(source)
        )
    except (OSError, ValueError) as error:
        raise ModelError(f"no language model at {source.path!r}: {error}") from error
    model.eval()
    return model


def _rows(source: BaseModelSource, tokenizer: Path) -> npt.NDArray[np.int64]:
    """The base model's id of each id of a bundle's tokenizer, int64 [vocabulary]."""
    base = AutoTokenizer.from_pretrained(source.path, **gguf_options(source)).backend_tokenizer.get_vocab()
    own = Tokenizer.from_file(str(tokenizer)).get_vocab()
    if not own.keys() <= base.keys():
        raise ModelError(
            f"{tokenizer} has tokens that the base model at {source.path!r} does not know; is it its base?"
        )
    rows = np.zeros(max(own.values()) + 1, dtype=np.int64)
    for token, index in own.items():
        rows[index] = base[token]
    return rows
