"""A tiny bundle with a real graph: a random Qwen2 of two layers, a tokenizer trained in the process, fixed seeds."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoModelForTokenClassification, Qwen2Config

from codeodds.bundle.manifest import (
    FORMAT,
    MANIFEST_FILE,
    BaseModel,
    Calibration,
    Display,
    File,
    Graph,
    Manifest,
    Upper,
    encode,
)
from codeodds_trainer.export.graph import export_graph
from codeodds_trainer.export.quantization import Variant, quantize
from codeodds_trainer.export.upper import UPPER_FILE, export_upper, upper_module
from codeodds_trainer.export.weights import save_split
from tests.trainer.tiny_models import train_tokenizer

LAYERS, UPPER_LAYERS, HEADS, KV_HEADS, HIDDEN = 2, 1, 4, 2, 32
MAX_TOKENS = 400
CALIBRATION = Calibration(method="platt", last=1.5, mean=0.5, bias=-0.1, fitted_on="nothing", rows=1)


@dataclass(frozen=True, slots=True)
class Precision:
    """How the weights are stored, and by how much a score may then depend on the chunking."""

    name: str
    bits: int
    tolerance: float


PRECISIONS = (Precision("float32", 32, 1e-4), Precision("8 bit", 8, 1e-4), Precision("4 bit", 4, 1e-6))


def build_bundle(folder: Path, precision: Precision = PRECISIONS[0], *, writes: bool = False) -> Path:
    """Write a complete bundle into `folder` and return it. `writes`: with a language model above it."""
    folder.mkdir(parents=True)
    tokenizer = train_tokenizer()
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "golden.json").write_text('{"tolerance": 0.001, "rows": []}', encoding="utf-8")
    _write_graph(folder, tokenizer.get_vocab_size(), precision, writes)
    seal(folder, manifest(tokenizer.get_vocab_size(), precision.name, writes=writes))
    return folder


def manifest(vocabulary: int, quantization: str = "none", *, writes: bool = False) -> Manifest:
    """What describes the tiny graph; `files` is empty."""
    return Manifest(
        format=FORMAT,
        name="tiny",
        version="0.1",
        base=BaseModel(name="tiny/random", licence="Apache-2.0", architecture="qwen2", base_layers=4),
        graph=Graph(
            file="model.onnx",
            layers=LAYERS,
            kv_heads=KV_HEADS,
            head_size=HIDDEN // HEADS,
            kv_dtype="float32",
            vocabulary=vocabulary,
            quantization=quantization,
            upper=Upper(file=UPPER_FILE, layers=UPPER_LAYERS, width=HIDDEN, quantization="float32") if writes else None,
        ),
        files=[],
        tokenizer="tokenizer.json",
        golden="golden.json",
        max_tokens=MAX_TOKENS,
        rendering="python-source-v1",
        calibration=CALIBRATION,
        thresholds=[],
        display=Display(min_prefix_fraction=0.25, min_solution_tokens=12),
        sources=[],
    )


def seal(folder: Path, described: Manifest) -> None:
    """Write the manifest with size and hash of every other file in the folder."""
    files = [
        File(path=path.name, sha256=hashlib.sha256(path.read_bytes()).hexdigest(), bytes=path.stat().st_size)
        for path in sorted(folder.iterdir())
        if path.name != MANIFEST_FILE
    ]
    described.files[:] = files
    (folder / MANIFEST_FILE).write_bytes(encode(described))


def _write_graph(folder: Path, vocabulary: int, precision: Precision, writes: bool) -> None:
    torch.manual_seed(0)
    model = AutoModelForTokenClassification.from_config(_config(vocabulary, LAYERS), attn_implementation="sdpa").eval()
    graph = export_graph(model, folder.parent / f"{folder.name}.partial")
    if precision.bits < 32:
        graph = quantize(graph, Variant(precision.bits))
    save_split(graph, folder, 95)
    if writes:
        base = AutoModelForCausalLM.from_config(_config(vocabulary, LAYERS + UPPER_LAYERS), attn_implementation="sdpa")
        module = upper_module(base, LAYERS, 0.5 * torch.randn(vocabulary, HIDDEN))
        save_split(export_upper(module, folder.parent / f"{folder.name}.partial"), folder, 95, UPPER_FILE)


def _config(vocabulary: int, layers: int) -> Qwen2Config:
    return Qwen2Config(
        vocab_size=vocabulary,
        hidden_size=HIDDEN,
        intermediate_size=64,
        num_hidden_layers=layers,
        num_attention_heads=HEADS,
        num_key_value_heads=KV_HEADS,
        max_position_embeddings=512,
        initializer_range=0.3,
        num_labels=1,
        pad_token_id=None,
        bos_token_id=None,
        eos_token_id=None,
    )
