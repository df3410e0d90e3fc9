"""``codeodds-train quantize``: what each way to store the weights costs and saves."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

from codeodds_trainer.export.drafts import finished_recipe, make_draft, make_reference
from codeodds_trainer.export.gate import Figures, choose_problems, measure, score_draft
from codeodds_trainer.export.quantization import FLOAT32, Variant
from codeodds_trainer.export.quantization_report import Report, markdown_table, read_report, write_report
from codeodds_trainer.ground.recipe import Recipe
from codeodds_trainer.ground.run_folder import RunFolder

DEFAULT_VARIANTS = (FLOAT32, Variant(8, 32), Variant(4, 32), Variant(4, 64))


def quantize_run(
    run: RunFolder, data: Path, variants: Sequence[Variant], threads: int, say: Callable[[str], None]
) -> str:
    """Measure the variants of a finished run against float32; returns the table as Markdown.

    Every draft and every score stays in the run folder, so that a killed call goes on where it stopped and `export`
    need not measure again.

    Raises: ExportError, ModelError, DataError.
    """
    recipe = finished_recipe(run)
    figures = [measure_variant(run, recipe, data, variant, threads, say) for variant in variants]
    return "\n".join(markdown_table(figures))


def measure_variant(
    run: RunFolder, recipe: Recipe, data: Path, variant: Variant, threads: int, say: Callable[[str], None]
) -> Figures:
    """The figures of one variant; they join the report in the run folder.

    Raises: ExportError, ModelError, DataError.
    """
    problems = choose_problems(recipe, data)
    say(f"{variant.name}: graph")
    reference = make_reference(run, recipe)
    # The same graph in smaller files has the same scores.
    folder = reference if variant == FLOAT32 else make_draft(run, recipe, variant)
    say(f"{variant.name}: {sum(len(problem.programs) for problem in problems):,} validation programs")
    wanted = score_draft(reference, problems, run.scores, threads)
    scored = wanted if variant == FLOAT32 else score_draft(folder, problems, run.scores, threads)
    say(f"{variant.name}: chunking and time")
    figures = measure(variant, folder, scored, wanted, problems, threads)
    _add_to_report(run, figures, threads)
    return figures


def _add_to_report(run: RunFolder, figures: Figures, threads: int) -> None:
    known = read_report(run.root)
    # Rows measured on other programs cannot stand in one table.
    same = [
        row
        for row in (known.variants if known is not None else [])
        if row.variant != figures.variant and (row.programs, row.problems) == (figures.programs, figures.problems)
    ]
    machine = {
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "threads": threads,
        "onnxruntime": version("onnxruntime"),
    }
    write_report(run.root, Report(machine, [*same, figures]))
