"""The first stage of a run: the base model, cut to its first layers and to the tokens that stay, as a local
checkpoint.
"""

from __future__ import annotations

import json
import shutil
import sysconfig
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import nn
from transformers import AutoTokenizer, PreTrainedModel

from codeodds.bundle.tokenization import CodeTokenizer
from codeodds_trainer.ground.base_model import BaseModelSource, load_config, load_lm_head
from codeodds_trainer.ground.errors import ModelError
from codeodds_trainer.ground.recipe import Recipe, VocabularySection
from codeodds_trainer.training.value_model import load_checkpoint, load_value_model
from codeodds_trainer.training.vocabulary import count_tokens, prune, python_files

TOKENIZER_FILE = "tokenizer.json"
LM_HEAD_FILE = "lm_head.safetensors"
LATIN = 0x180
"""Byte-level tokens whose characters lie below this stand for ASCII or for bytes of Latin letters."""


def base_source(recipe: Recipe) -> BaseModelSource:
    """Where the recipe's base model is."""
    path = recipe.base.path
    return BaseModelSource(str(Path(path).expanduser()) if path.startswith("~") else path, recipe.base.gguf_file)


@dataclass(frozen=True, slots=True)
class Base:
    """What training starts from: the base model cut and pruned, in a folder of its own."""

    folder: Path
    layers: int
    """Decoder layers that the base model has, before the cut."""
    tokenizer: CodeTokenizer

    def model(self) -> PreTrainedModel:
        """The value model as it is before training, in the base model's dtype."""
        return load_checkpoint(self.folder, "auto")

    def lm_head(self) -> torch.Tensor | None:
        """Weight [vocabulary, hidden] of the language-model head, if the recipe needs it; rows as in the embedding."""
        return read_lm_head(self.folder)


def read_lm_head(folder: Path) -> torch.Tensor | None:
    """Weight [vocabulary, hidden] of the language-model head that `prepare_base` kept in `folder`, if it did."""
    path = folder / LM_HEAD_FILE
    return load_file(path)["weight"] if path.exists() else None


def prepare_base(recipe: Recipe, folder: Path) -> Base:
    """Cut and prune the base model; made once, then found in `folder`.

    Raises: ModelError for a base model that cannot be loaded or cut as the recipe asks.
    """
    base_layers = load_config(base_source(recipe)).num_hidden_layers
    if not (folder / "config.json").exists():
        partial = folder.with_name(folder.name + ".partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        _make_base(recipe, partial)
        partial.replace(folder)
    return Base(folder, base_layers, CodeTokenizer.from_file(folder / TOKENIZER_FILE, recipe.export.max_tokens))


def needs_lm_head(recipe: Recipe) -> bool:
    """Whether anything in the recipe uses the base model's language-model head."""
    return recipe.training.lm_loss_weight > 0


def _make_base(recipe: Recipe, folder: Path) -> None:
    source = base_source(recipe)
    extra = {} if source.gguf_file is None else {"gguf_file": source.gguf_file}
    tokenizer = AutoTokenizer.from_pretrained(source.path, **extra)
    if not tokenizer.is_fast:
        raise ModelError(f"{source.path}: only models with a fast tokenizer (tokenizer.json) can be served")
    backend: Tokenizer = tokenizer.backend_tokenizer
    model = load_value_model(source, recipe.model.layers, recipe.model.faults)
    if recipe.base.rounded_to is not None:
        round_weights(model)
    lm_head = load_lm_head(source) if needs_lm_head(recipe) else None
    content = json.loads(backend.to_str())
    if recipe.vocabulary is not None:
        content, old_ids = prune(content, _tokens_to_keep(backend, recipe.vocabulary))
        keep_rows(model, old_ids)
        lm_head = None if lm_head is None else lm_head[torch.from_numpy(old_ids)].clone()
    if lm_head is not None:
        save_file({"weight": lm_head.contiguous()}, folder / LM_HEAD_FILE)
    model.save_pretrained(folder)
    (folder / TOKENIZER_FILE).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def _tokens_to_keep(tokenizer: Tokenizer, section: VocabularySection) -> set[int]:
    vocabulary = tokenizer.get_vocab()
    if section.like is not None and Path(section.like).exists():
        wanted = Tokenizer.from_file(section.like).get_vocab()
        return {vocabulary[token] for token in wanted if token in vocabulary}
    counts = count_tokens(tokenizer, python_files(_corpus(section)))
    frequent = {index for index, count in counts.items() if count >= section.min_count}
    early = {
        index
        for token, index in vocabulary.items()
        if index < section.first_ids and all(ord(character) < LATIN for character in token)
    }
    return frequent | early


def _corpus(section: VocabularySection) -> list[Path]:
    paths = sysconfig.get_paths()
    known = {"stdlib": paths["stdlib"], "site-packages": paths["purelib"]}
    return [Path(known.get(name, name)).expanduser() for name in section.corpus]


def round_weights(model: PreTrainedModel) -> None:
    """Round every weight to bfloat16, in place; its type stays what it is."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(parameter.to(torch.bfloat16).to(parameter.dtype))


def keep_rows(model: PreTrainedModel, old_ids: npt.NDArray[np.int64]) -> None:
    """Keep only these rows of the embedding, in this order, in place."""
    embedding = model.get_input_embeddings()
    rows = embedding.weight.detach()[torch.from_numpy(old_ids)].clone()
    smaller = nn.Embedding(len(old_ids), rows.shape[1], dtype=rows.dtype)
    smaller.weight.data = rows
    model.set_input_embeddings(smaller)
    config = model.config
    config.vocab_size = len(old_ids)
    config.pad_token_id = config.bos_token_id = config.eos_token_id = None
