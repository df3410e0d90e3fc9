"""From a finished run to a calibrated bundle: the stages of ``codeodds-train export``, top to bottom."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec

from codeodds.bundle.golden import record_golden, write_golden
from codeodds.bundle.loader import read_manifest
from codeodds.bundle.manifest import Manifest
from codeodds.engine.scorer import open_scorer
from codeodds_trainer.export.calibration_choice import choose_calibration, comparison_json
from codeodds_trainer.export.drafts import GOLDEN_TOLERANCE, finished_recipe, make_draft
from codeodds_trainer.export.golden_units import GOLDEN_UNITS
from codeodds_trainer.export.language_model import add_language_model, check_language_model
from codeodds_trainer.export.quantization import Variant, variant_of
from codeodds_trainer.export.quantize_run import measure_variant
from codeodds_trainer.export.writer import GOLDEN_FILE, seal
from codeodds_trainer.ground.disk import write_whole
from codeodds_trainer.ground.errors import ExportError
from codeodds_trainer.ground.generators import without_generators
from codeodds_trainer.ground.labelled import LabelledProblem, read_problems
from codeodds_trainer.ground.recipe import Recipe
from codeodds_trainer.ground.run_folder import RunFolder
from codeodds_trainer.ground.scoring import score_problems, validation_store
from codeodds_trainer.training.dataset import cap_problems, sample_programs
from codeodds_trainer.training.prepare import base_source

COMPARISON_FILE = "calibration.json"
"""In the run folder: how the calibrations compared."""


def export_run(
    run: RunFolder, data: Path, out: Path, variant: Variant | None, threads: int, say: Callable[[str], None]
) -> Manifest:
    """Graph, release gate, calibration, golden scores, manifest. `out` is replaced when all of it is complete.

    `variant`: how to store the weights; None means as the recipe says. Calibration and golden scores come from the
    finished graph, through the engine: quantisation is part of what is calibrated.

    Raises: ExportError if the run is not finished or the gate refuses; ModelError for a checkpoint without value head;
    CalibrationError for too few validation programs.
    """
    recipe = finished_recipe(run)
    check_language_model(recipe)
    variant = variant or variant_of(recipe.export)
    say("1/5 graph")
    draft = make_draft(run, recipe, variant)

    say("2/5 release gate")
    figures = measure_variant(run, recipe, data, variant, threads, say)
    if figures.objections:
        raise ExportError(
            f"{variant.name} is not released: {'; '.join(figures.objections)}, measured against float32 on "
            f"{figures.programs:,} validation programs; {out} was not touched. Use more bits or a smaller block: set "
            "export.bits and export.block_size in the recipe, or give --variant; "
            "`codeodds-train quantize` compares them"
        )

    say("3/5 calibration")
    problems = _validation_problems(recipe, data)
    store = validation_store(run.scores, read_manifest(draft))
    scored = score_problems(open_scorer(draft, threads=threads), problems, store)
    calibration, comparison = choose_calibration(scored, _validation_name(recipe))
    write_whole(run.root / COMPARISON_FILE, comparison_json(comparison))

    work = run.root / "export" / "release"
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(draft, work)
    manifest = read_manifest(draft)
    if recipe.export.language_model:
        say("4/5 language model")
        manifest = add_language_model(work, base_source(recipe), variant, recipe.export.max_file_mb)
    manifest = msgspec.structs.replace(manifest, calibration=calibration)
    say("5/5 golden scores")
    seal(work, manifest)
    write_golden(record_golden(open_scorer(work, threads=threads), GOLDEN_UNITS, GOLDEN_TOLERANCE), work / GOLDEN_FILE)
    sealed = seal(work, manifest)
    _publish(work, out)
    return sealed


def _validation_problems(recipe: Recipe, data: Path) -> list[LabelledProblem]:
    """Validation programs in the mix of labels in which the files hold them."""
    problems = []
    for file in recipe.data.files:
        found = read_problems(data / file.name, recipe.data.validation_splits)
        found = without_generators(found, recipe.data.leave_out_generators)
        found = cap_problems(found, recipe.export.calibration_problems, mixed_first=False)
        problems += sample_programs(found, recipe.export.calibration_programs)
    return problems


def _validation_name(recipe: Recipe) -> str:
    names = ", ".join(file.name.split(".")[0] for file in recipe.data.files)
    return f"split {'/'.join(recipe.data.validation_splits)} of {names}"


def _publish(work: Path, out: Path) -> None:
    """Move the bundle to its place without leaving a half-written one there."""
    partial = out.with_name(out.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(work, partial)
    if out.exists():
        shutil.rmtree(out)
    partial.replace(out)
