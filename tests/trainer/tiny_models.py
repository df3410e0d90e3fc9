"""Tiny base models, tokenizers and labelled programs, made in the process with fixed seeds."""

from __future__ import annotations

import json
import random
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    Phi3Config,
    Phi3ForCausalLM,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen2ForCausalLM,
)

from codeodds_trainer.training.value_model import value_head

ARCHITECTURES = {
    "phi3": (Phi3Config, Phi3ForCausalLM),
    "qwen2": (Qwen2Config, Qwen2ForCausalLM),
    "llama": (LlamaConfig, LlamaForCausalLM),
}
LONGROPE = {"type": "longrope", "short_factor": [1.0] * 4, "long_factor": [2.0] * 4}

CORPUS = [
    'def add(a, b):\n    """Add a and b."""\n    return a + b\n',
    "for index in range(len(values)):\n    if values[index] == target:\n        return index\nreturn -1\n",
    "import math\n\n\nclass Shape:\n    def area(self):\n        return math.pi * self.radius ** 2\n",
]


def train_tokenizer(vocabulary: int = 330) -> Tokenizer:
    """A byte-level BPE tokenizer."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary, initial_alphabet=alphabet, special_tokens=["<|endoftext|>"], show_progress=False
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    return tokenizer


def save_base(
    folder: Path, architecture: str = "phi3", layers: int = 4, dtype: torch.dtype = torch.float32, **options: object
) -> Path:
    """A random language model with its tokenizer, in Hugging Face layout."""
    tokenizer = train_tokenizer()
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|endoftext|>").save_pretrained(folder)
    config_class, model_class = ARCHITECTURES[architecture]
    sizes = {
        "vocab_size": tokenizer.get_vocab_size(),
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": layers,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 512,
        "pad_token_id": None,
        "bos_token_id": None,
        "eos_token_id": 0,
    }
    torch.manual_seed(0)
    model_class(config_class(**{**sizes, **options})).to(dtype).save_pretrained(folder)
    return folder


def save_programs(path: Path, problems: int = 30, per_problem: int = 6) -> Path:
    """Programs that pass exactly if they add, with every split: 60 % train, 20 % valid, 20 % test."""
    rng = random.Random(0)
    with path.open("w", encoding="utf-8") as file:
        for number in range(problems):
            split = "train" if number < 0.6 * problems else "valid" if number < 0.8 * problems else "test"
            for index in range(per_problem):
                passed = rng.random() < 0.5
                row = {
                    "problem_id": f"toy/{number}",
                    "split": split,
                    "prompt": f'def f{number}(a, b):\n    """Add a and b, times {number}."""\n',
                    "completion": f"    x{index} = a {'+' if passed else '-'} b\n    return x{index} * {number}\n",
                    "passed": passed,
                    "generator": "toy",
                }
                file.write(json.dumps(row) + "\n")
    return path


def save_recipe(path: Path, base: Path, **training: object) -> Path:
    """A recipe for the toy programs: 3 of the layers, 2 of them trained."""
    options = {
        "epochs": 10,
        "batch_nodes": 256,
        "learning_rate": 3e-3,
        "head_learning_rate": 1e-2,
        "evaluate_every_steps": 5,
        **training,
    }
    recipe = {
        "name": "tiny",
        "version": "0.0.1",
        "base": {"name": "tiny", "licence": "Apache-2.0", "path": str(base)},
        "vocabulary": {"min_count": 1, "first_ids": 300},
        "model": {"layers": 3, "trainable_layers": 2},
        "data": {"files": [{"name": "toy.jsonl"}]},
        "training": options,
        "export": {"bits": 8, "block_size": 32, "max_tokens": 400},
    }
    path.write_text(json.dumps(recipe), encoding="utf-8")  # JSON is YAML.
    return path


def save_gguf(folder: Path, base: Path, name: str = "tiny.gguf") -> Path:
    """A Qwen2 model saved by `save_base`, written again as a GGUF file of float32 tensors."""
    import gguf

    model = Qwen2ForCausalLM.from_pretrained(base)
    config = model.config
    folder.mkdir(exist_ok=True)
    writer = gguf.GGUFWriter(folder / name, "qwen2")
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    # transformers 5 keeps it elsewhere; both default to Qwen2's.
    writer.add_rope_freq_base(getattr(config, "rope_theta", 10_000.0))
    writer.add_vocab_size(config.vocab_size)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.QWEN2, config.num_hidden_layers)
    for key, tensor in model.state_dict().items():
        stem, _, kind = key.rpartition(".")
        writer.add_tensor(f"{names.get_name(stem)}.{kind}", tensor.float().numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return folder


def randomize_head(model: PreTrainedModel, seed: int = 0) -> None:
    """Give the value head small weights that say something; its biases stay."""
    head = value_head(model)
    with torch.no_grad():
        head.weight.copy_(0.02 * torch.randn(head.weight.shape, generator=torch.Generator().manual_seed(seed)))
