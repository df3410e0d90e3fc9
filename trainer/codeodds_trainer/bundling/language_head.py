"""The base language model's head, for a graph that also says how likely each next token is."""

from __future__ import annotations

from pathlib import Path

import torch
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel

from codeodds_trainer.bundling.graph import LanguageHead
from codeodds_trainer.errors import ExportError
from codeodds_trainer.recipe import Recipe
from codeodds_trainer.training.prepare import base_source


def load_language_head(recipe: Recipe, model: PreTrainedModel, tokenizer: Path) -> LanguageHead:
    """Final norm and language-model head of the recipe's base model, its rows cut to the tokens of `model`.

    The log-probabilities are the base model's own only if nothing below the head was trained: so that is required. With
    a pruned vocabulary they are renormalised over the tokens kept. `tokenizer`: the run's ``tokenizer.json``.

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
        rows = torch.tensor(_base_rows(tokenizer, AutoTokenizer.from_pretrained(source.path, **extra).get_vocab()))
    known, trained_on = (part.get_input_embeddings().weight.detach() for part in (base, model))
    if len(rows) != len(trained_on) or not torch.equal(known[rows], trained_on):
        raise ExportError(
            f"export.log_probabilities: the embedding of {source.path} is not the one that was trained on; give the "
            "same base model, or set export.log_probabilities to false"
        )
    return LanguageHead(norm=base.base_model.norm, weight=base.get_output_embeddings().weight[rows])


def _base_rows(tokenizer: Path, base_ids: dict[str, int]) -> list[int]:
    """For each id of a pruned tokenizer, the id that the base model's tokenizer gives the same token."""
    kept = sorted(
        Tokenizer.from_file(str(tokenizer)).get_vocab(with_added_tokens=True).items(), key=lambda item: item[1]
    )
    missing = [token for token, _ in kept if token not in base_ids]
    if missing:
        raise ExportError(
            f"{tokenizer}: the token {missing[0]!r} is not one of the base model's; give the base model of this run"
        )
    return [base_ids[token] for token, _ in kept]
