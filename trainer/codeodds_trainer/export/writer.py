"""Writes a bundle: a manifest with the hash of each file that scoring reads, the figures, and the model card."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from transformers import PretrainedConfig, PreTrainedModel

from codeodds.bundle.evaluation import EVALUATION_FILE, Evaluation
from codeodds.bundle.evaluation import encode as encode_evaluation
from codeodds.bundle.manifest import (
    FORMAT,
    MANIFEST_FILE,
    BaseModel,
    Calibration,
    Display,
    File,
    Graph,
    Manifest,
    Source,
    encode,
)
from codeodds_trainer.export.card import CARD_FILE, render_card
from codeodds_trainer.ground.disk import write_whole
from codeodds_trainer.ground.labelled import sha256
from codeodds_trainer.ground.recipe import Recipe

TOKENIZER_FILE = "tokenizer.json"
GOLDEN_FILE = "golden.json"
LONGROPE, ORIGINAL_LENGTH = "longrope", "original_max_position_embeddings"
FOR_PEOPLE = (CARD_FILE, EVALUATION_FILE)
"""Files of a bundle that no score depends on: the manifest does not list them."""
UNCALIBRATED = Calibration(method="platt", last=1.0, mean=0.0, bias=0.0, fitted_on="nothing", rows=1)


def describe_graph(model: PreTrainedModel, quantization: str) -> Graph:
    """What the manifest says of a model's graph."""
    config = model.config
    heads = config.num_attention_heads
    return Graph(
        file="model.onnx",
        layers=config.num_hidden_layers,
        kv_heads=getattr(config, "num_key_value_heads", None) or heads,
        head_size=getattr(config, "head_dim", None) or config.hidden_size // heads,
        kv_dtype="float32",
        vocabulary=config.vocab_size,
        quantization=quantization,
    )


def safe_length(config: PretrainedConfig, wanted: int) -> int:
    """The longest text, in tokens, that the exported graph scores as training did.

    A LongRoPE model (Phi-4-mini) switches its rotary factors for the whole text once it outgrows the original context,
    and an exported graph has the short ones frozen in: stop there. The settings have had several homes: `rope_scaling`
    with `type` or `rope_type`, and `rope_parameters` from transformers 5 on.
    """
    limits = [wanted, config.max_position_embeddings]
    settings: dict[str, Any] = {}
    for home in ("rope_scaling", "rope_parameters"):
        settings |= getattr(config, home, None) or {}
    if LONGROPE in (settings.get("rope_type"), settings.get("type")):
        homes = (settings.get(ORIGINAL_LENGTH), getattr(config, ORIGINAL_LENGTH, None))
        limits += [int(length) for length in homes if length]
    return min(limits)


def first_manifest(
    recipe: Recipe, model: PreTrainedModel, graph: Graph, base_layers: int, sources: Sequence[Source]
) -> Manifest:
    """The manifest before anything was measured: identity calibration, no thresholds, no files."""
    return Manifest(
        format=FORMAT,
        name=recipe.name,
        version=recipe.version,
        base=BaseModel(
            name=recipe.base.name,
            licence=recipe.base.licence,
            architecture=model.config.model_type,
            base_layers=base_layers,
        ),
        graph=graph,
        files=[],
        tokenizer=TOKENIZER_FILE,
        golden=GOLDEN_FILE,
        max_tokens=safe_length(model.config, recipe.export.max_tokens),
        rendering="python-source-v1",
        calibration=UNCALIBRATED,
        thresholds=[],
        display=Display(min_prefix_fraction=0.25, min_solution_tokens=12),
        sources=list(sources),
        left_out_generators=list(recipe.data.leave_out_generators),
    )


def seal(folder: Path, manifest: Manifest, evaluation: Evaluation | None = None) -> Manifest:
    """Write figures and model card, then the manifest with size and hash of all other files; returns it.

    `evaluation`: what was measured of the bundle; None if nothing was.
    """
    write_whole(folder / CARD_FILE, render_card(manifest, evaluation).encode())
    if evaluation is not None:
        write_whole(folder / EVALUATION_FILE, encode_evaluation(evaluation))
    files = [
        File(path=path.relative_to(folder).as_posix(), sha256=sha256(path), bytes=path.stat().st_size)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in (MANIFEST_FILE, *FOR_PEOPLE)
    ]
    sealed = msgspec.structs.replace(manifest, files=files)
    write_whole(folder / MANIFEST_FILE, encode(sealed))
    return sealed
