"""The base language model's head, for a graph that also says how likely each next token is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel

from codeodds_trainer.bundling.graph import LanguageHead
from codeodds_trainer.errors import ExportError
from codeodds_trainer.recipe import Recipe
from codeodds_trainer.training.prepare import base_source


def load_language_head(recipe: Recipe, model: PreTrainedModel, tokenizer: Path) -> LanguageHead:
    """Final norm and language-model head of the recipe's base model, its rows cut to the tokens of `model`.

    The log-probabilities are the base model's own only if nothing below the head was trained: so that is required. (The
    run's trunk may be the base's rounded to bfloat16, as `fit` computes with it.) With a pruned vocabulary they are
    renormalised over the tokens kept. `tokenizer`: the run's ``tokenizer.json``.

    Raises: ExportError if layers were cut off or trained, or if the base model is not the one that was trained.
    """
    layers, trained = recipe.model.layers, recipe.model.trainable_layers
    if trained:
        raise ExportError(
            f"export.log_probabilities needs the base model's own layers, but model.trainable_layers = {trained}; set "
            "it to 0, or export.log_probabilities to false"
        )
    source = base_source(recipe)
    extra = {} if source.gguf_file is None else {"gguf_file": source.gguf_file}
    base = AutoModelForCausalLM.from_pretrained(source.path, dtype=torch.float32, **extra).requires_grad_(False)
    if layers is not None and layers != base.config.num_hidden_layers:
        raise ExportError(
            f"export.log_probabilities needs all {base.config.num_hidden_layers} layers of the base model, but "
            f"model.layers = {layers}; leave model.layers out, or set export.log_probabilities to false"
        )
    rows = torch.arange(model.config.vocab_size)
    if recipe.vocabulary is not None:
        base_tokenizer = AutoTokenizer.from_pretrained(source.path, **extra).backend_tokenizer
        contents = tokenizer.read_text(encoding="utf-8"), base_tokenizer.to_str()
        rows = torch.tensor(_base_rows(*map(json.loads, contents)))
    known, trained_on = (part.get_input_embeddings().weight.detach() for part in (base, model))
    # Training may leave the trunk's weights rounded to bfloat16.
    if known[rows].shape != trained_on.shape or not torch.allclose(known[rows], trained_on, rtol=0.01, atol=1e-6):
        raise ExportError(
            f"export.log_probabilities: the embedding of {source.path} is not the one that was trained on; give the "
            "same base model, or set export.log_probabilities to false"
        )
    return LanguageHead(norm=base.base_model.norm, weight=base.get_output_embeddings().weight[rows])


def _base_rows(pruned: dict[str, Any], base: dict[str, Any]) -> list[int]:
    """For each id of a pruned tokenizer, the id that the base model's tokenizer gives the same token.

    Both are the content of a ``tokenizer.json``: the tokenizers package numbers added tokens anew when it reads one.
    """
    kept, known = _ids(pruned), _ids(base)
    return [known[token] for token, _ in sorted(kept.items(), key=lambda item: item[1]) if token in known]


def _ids(content: dict[str, Any]) -> dict[str, int]:
    return {**content["model"]["vocab"], **{token["content"]: token["id"] for token in content["added_tokens"]}}
