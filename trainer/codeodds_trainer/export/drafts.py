"""The uncalibrated bundles of a run, one for each way to store the weights. Each is made once."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import onnx

from codeodds.bundle.golden import Golden, write_golden
from codeodds.bundle.loader import read_manifest
from codeodds.bundle.manifest import MANIFEST_FILE, Manifest, Source
from codeodds_trainer.export.graph import export_graph
from codeodds_trainer.export.quantization import FLOAT32, Variant, quantize
from codeodds_trainer.export.weights import save_split
from codeodds_trainer.export.writer import GOLDEN_FILE, TOKENIZER_FILE, describe_graph, first_manifest, seal
from codeodds_trainer.ground.errors import ExportError
from codeodds_trainer.ground.labelled import sha256
from codeodds_trainer.ground.recipe import Recipe, read_recipe
from codeodds_trainer.ground.run_folder import SUMMARY_FILE, RunFolder
from codeodds_trainer.training.value_model import load_checkpoint

WHOLE_FILE_MB = 1900
"""Limit of a weight file that stays in the run folder: below the 2 GB that some file systems and loaders take."""
GOLDEN_TOLERANCE = 0.05
"""How far a logit may differ on another processor: int8 products round differently with other instruction sets."""


def finished_recipe(run: RunFolder) -> Recipe:
    """The recipe of a finished run.

    Raises: ExportError if the run is not finished.
    """
    if not run.summary.exists():
        raise ExportError(
            f"{run.root} holds no finished run ({SUMMARY_FILE} is missing); run `codeodds-train fit` first"
        )
    return read_recipe(run.recipe)


def make_reference(run: RunFolder, recipe: Recipe) -> Path:
    """The folder of the bundle with the graph as exported, float32, in files of any size; made if it is not there.

    Raises: ExportError, ModelError.
    """
    return _make(run, "reference", lambda folder: _write_exported(run, recipe, folder))


def make_draft(run: RunFolder, recipe: Recipe, variant: Variant) -> Path:
    """The folder of the uncalibrated bundle with the weights stored as `variant` says; made if it is not there.

    Raises: ExportError, ModelError.
    """
    reference = make_reference(run, recipe)
    return _make(run, variant.name, lambda folder: _write_quantised(reference, recipe, variant, folder))


def _make(run: RunFolder, name: str, write: Callable[[Path], Manifest]) -> Path:
    folder = run.root / "export" / name
    if (folder / MANIFEST_FILE).exists():
        return folder
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    manifest = write(partial)
    (partial / TOKENIZER_FILE).write_bytes((run.model / TOKENIZER_FILE).read_bytes())
    write_golden(Golden(tolerance=GOLDEN_TOLERANCE, rows=[]), partial / GOLDEN_FILE)
    seal(partial, manifest)
    shutil.rmtree(folder, ignore_errors=True)
    partial.replace(folder)
    return folder


def _write_exported(run: RunFolder, recipe: Recipe, folder: Path) -> Manifest:
    model = load_checkpoint(run.model)
    summary = json.loads(run.summary.read_text(encoding="utf-8"))
    save_split(export_graph(model, folder / "optimum"), folder, WHOLE_FILE_MB)
    sources = [Source(name="recipe.yaml", sha256=sha256(run.recipe))]
    sources += [Source(name=name, sha256=digest) for name, digest in summary["data"].items()]
    graph = describe_graph(model, FLOAT32.description)
    return first_manifest(recipe, model, graph, summary["base_layers"], sources)


def _write_quantised(reference: Path, recipe: Recipe, variant: Variant, folder: Path) -> Manifest:
    graph = quantize(onnx.load(reference / "model.onnx"), variant)
    save_split(graph, folder, recipe.export.max_file_mb)
    manifest = read_manifest(reference)
    described = msgspec.structs.replace(manifest.graph, quantization=variant.description)
    return msgspec.structs.replace(manifest, graph=described)
