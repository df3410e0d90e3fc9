"""From a finished run to a calibrated bundle: the stages of ``codeodds-train export``, top to bottom."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec

from codeodds.bundle.golden import Golden, record_golden, write_golden
from codeodds.bundle.manifest import Calibration, Manifest, Source
from codeodds.engine.api import Scorer
from codeodds.engine.scorer import open_scorer
from codeodds_trainer.bundling.calibrate import fit_calibration
from codeodds_trainer.bundling.golden_units import GOLDEN_UNITS
from codeodds_trainer.bundling.writer import GOLDEN_FILE, TOKENIZER_FILE, first_manifest, seal, write_graph
from codeodds_trainer.data import read_problems, sha256
from codeodds_trainer.disk import write_whole
from codeodds_trainer.errors import ExportError
from codeodds_trainer.evaluation.scoring import score_problems
from codeodds_trainer.recipe import Recipe, read_recipe
from codeodds_trainer.run_folder import SUMMARY_FILE, RunFolder
from codeodds_trainer.training.dataset import sample_programs
from codeodds_trainer.training.model import load_checkpoint

DRAFT_FILE = "bundle.json"
"""In the run folder: the manifest of an exported graph that is not calibrated yet."""
GOLDEN_TOLERANCE = 0.05
"""How far a logit may differ on another processor: int8 products round differently with other instruction sets."""


def export_run(run: RunFolder, data: Path, out: Path, threads: int, say: Callable[[str], None]) -> Manifest:
    """Graph, calibration, golden scores, manifest. Built beside `out` and moved there when complete.

    Calibration and golden scores come from the finished graph, through the engine: quantisation is part of what is
    calibrated.

    Raises: ExportError if the run is not finished, ModelError for a checkpoint without value head.
    """
    if not run.summary.exists():
        raise ExportError(
            f"{run.root} holds no finished run ({SUMMARY_FILE} is missing); run `codeodds-train fit` first"
        )
    recipe = read_recipe(run.recipe)
    work = run.root / "bundle"
    if not (run.root / DRAFT_FILE).exists():
        say("1/3 graph")
        _make_graph(run, recipe, work)
    manifest = msgspec.json.decode((run.root / DRAFT_FILE).read_bytes(), type=Manifest)
    write_golden(Golden(tolerance=GOLDEN_TOLERANCE, rows=[]), work / GOLDEN_FILE)
    seal(work, manifest)

    say("2/3 calibration")
    calibration = _calibrate(open_scorer(work, threads=threads), recipe, data, run)
    manifest = msgspec.structs.replace(manifest, calibration=calibration)
    seal(work, manifest)

    say("3/3 golden scores")
    scorer = open_scorer(work, threads=threads)
    write_golden(record_golden(scorer, GOLDEN_UNITS, GOLDEN_TOLERANCE), work / GOLDEN_FILE)
    sealed = seal(work, manifest)
    _publish(work, out)
    return sealed


def _make_graph(run: RunFolder, recipe: Recipe, work: Path) -> None:
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    model = load_checkpoint(run.model)
    graph = write_graph(model, recipe, work)
    (work / TOKENIZER_FILE).write_bytes((run.model / TOKENIZER_FILE).read_bytes())
    summary = json.loads(run.summary.read_text(encoding="utf-8"))
    sources = [Source(name="recipe.yaml", sha256=sha256(run.recipe))]
    sources += [Source(name=name, sha256=digest) for name, digest in summary["data"].items()]
    manifest = first_manifest(recipe, model, graph, summary["base_layers"], sources)
    write_whole(run.root / DRAFT_FILE, msgspec.json.encode(manifest))


def _calibrate(scorer: Scorer, recipe: Recipe, data: Path, run: RunFolder) -> Calibration:
    """Fit on validation programs in the mix of labels in which the files hold them."""
    problems = []
    for file in recipe.data.files:
        found = read_problems(data / file.name, recipe.data.validation_splits)
        problems += sample_programs(found, recipe.export.calibration_programs)
    scored = score_problems(scorer, problems, run.scores / "calibration.jsonl")
    names = ", ".join(file.name.split(".")[0] for file in recipe.data.files)
    fitted_on = f"split {'/'.join(recipe.data.validation_splits)} of {names}"
    return fit_calibration(scored.last, scored.mean, scored.labels, fitted_on)


def _publish(work: Path, out: Path) -> None:
    """Copy the bundle to its place without leaving a half-written one there."""
    partial = out.with_name(out.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(work, partial)
    if out.exists():
        shutil.rmtree(out)
    partial.replace(out)
