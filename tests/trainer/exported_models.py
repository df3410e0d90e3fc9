"""Tiny value models with heads that say something, and bundles of them that the engine opens."""

from __future__ import annotations

from pathlib import Path

import torch

from codeodds.bundle.golden import Golden, write_golden
from codeodds.bundle.loader import load_bundle
from codeodds.engine.onnx import OnnxModel
from codeodds_trainer.export.graph import export_graph
from codeodds_trainer.export.weights import save_split
from codeodds_trainer.export.writer import GOLDEN_FILE, TOKENIZER_FILE, describe_graph, first_manifest, seal
from codeodds_trainer.ground.base_model import BaseModelSource
from codeodds_trainer.ground.recipe import BaseSection, DataSection, ExportSection, Recipe
from codeodds_trainer.training.value_model import load_value_model, value_head
from tests.trainer.tiny_models import LONGROPE, save_base

LONGROPE_LENGTH = 64
"""Original context of the LongRoPE model."""

FAMILIES = {
    "llama": ("llama", {}),
    "qwen2": ("qwen2", {}),
    "phi3": ("phi3", {}),
    "phi3-longrope": (
        "phi3",
        {
            "original_max_position_embeddings": LONGROPE_LENGTH,
            "max_position_embeddings": 512,
            "rope_scaling": LONGROPE,
        },
    ),
}


def value_model(folder: Path, family: str, faults: int = 0, **options: object):
    """A base saved in `folder`, as a value model of three layers with a head of fixed random weights."""
    architecture, settings = FAMILIES[family]
    base = save_base(folder, architecture, **{**settings, **options})
    model = load_value_model(BaseModelSource(str(base)), layers=3, faults=faults)
    torch.manual_seed(1)
    torch.nn.init.normal_(value_head(model).weight, std=0.3)
    torch.nn.init.constant_(value_head(model).bias, 0.25)
    return model.eval()


def write_bundle(model, tokenizer: Path, folder: Path) -> Path:
    """An uncalibrated float32 bundle of a value model."""
    folder.mkdir(parents=True)
    recipe = Recipe(
        name="tiny",
        version="0.1",
        base=BaseSection(name="tiny", licence="Apache-2.0", path="tiny"),
        data=DataSection(files=()),
        export=ExportSection(bits=32, max_tokens=400),
    )
    save_split(export_graph(model, folder / "optimum"), folder, 90)
    (folder / TOKENIZER_FILE).write_bytes(tokenizer.read_bytes())
    write_golden(Golden(tolerance=0.001, rows=[]), folder / GOLDEN_FILE)
    graph = describe_graph(model, "float32")
    seal(folder, first_manifest(recipe, model, graph, 4, []))
    return folder


def open_model(folder: Path) -> OnnxModel:
    """The runtime of a bundle, one thread."""
    bundle = load_bundle(folder)
    return OnnxModel(bundle.graph_path, bundle.manifest.graph, 1)
