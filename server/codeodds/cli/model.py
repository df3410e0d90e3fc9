"""`codeodds model`: what there is to know about a bundle."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from codeodds.cli.options import model_option

if TYPE_CHECKING:
    from codeodds.bundle.evaluation import Evaluation
    from codeodds.bundle.manifest import Manifest


@click.group()
def model() -> None:
    """Look at the model behind the probabilities."""


@model.command()
@model_option
@click.option("--json", "as_json", is_flag=True, help="Print manifest and figures as JSON.")
def info(model_path: Path | None, as_json: bool) -> int:
    """Check a bundle's files against its manifest, and show the manifest and the figures measured."""
    import msgspec

    from codeodds.bundle.evaluation import read_evaluation
    from codeodds.bundle.loader import default_bundle_path, load_bundle

    bundle = load_bundle(model_path or default_bundle_path())
    evaluation = read_evaluation(bundle.root)
    if as_json:
        content = msgspec.json.encode({"manifest": bundle.manifest, "evaluation": evaluation})
        sys.stdout.buffer.write(msgspec.json.format(content, indent=2) + b"\n")
        return 0
    for line in describe(bundle.root, bundle.manifest, evaluation):
        click.echo(line)
    return 0


def describe(root: Path, manifest: Manifest, evaluation: Evaluation | None) -> list[str]:
    """Manifest and figures as lines of text. Expects that the loader has checked the files."""
    base, graph, calibration = manifest.base, manifest.graph, manifest.calibration
    megabytes = sum(file.bytes for file in manifest.files) / 1e6
    low = manifest.thresholds[0] if manifest.thresholds else None
    points = f", {len(calibration.points)} points" if calibration.points else ""
    facts = [
        ("name", f"{manifest.name} {manifest.version}"),
        ("path", str(root)),
        ("base model", f"{base.name} ({base.architecture}, {base.licence})"),
        ("layers", f"{graph.layers} of {base.base_layers}"),
        ("weights", graph.quantization),
        ("key/value cache", f"{graph.kv_heads} heads of {graph.head_size}, {graph.kv_dtype}"),
        ("vocabulary", f"{graph.vocabulary} tokens"),
        ("safe context", f"{manifest.max_tokens} tokens"),
        ("files", f"{len(manifest.files)}, {megabytes:.1f} MB, sizes and SHA-256 as in the manifest"),
        (
            "calibration",
            f"{calibration.method}, last {calibration.last:.3g}, mean {calibration.mean:.3g}, "
            f"bias {calibration.bias:.3g}{points}, fitted on {calibration.fitted_on} ({calibration.rows} programs)",
        ),
        (
            "shown from",
            f"{manifest.display.min_solution_tokens} tokens, {manifest.display.min_prefix_fraction:.0%} of the body",
        ),
    ]
    lines = [f"{label:<16} {value}" for label, value in facts]
    for threshold in manifest.thresholds:
        precision = f"{threshold.precision:.0%} of those below failed their tests"
        recall = f"{threshold.recall:.0%} of all failures are below"
        mark = ", the default" if threshold is low else ""
        lines.append(
            f"{'threshold':<16} {threshold.probability:.2f}: {precision}, {recall} ({threshold.measured_on}{mark})"
        )
    return [*lines, "", *_metrics(evaluation)]


def _metrics(evaluation: Evaluation | None) -> list[str]:
    if evaluation is None or not evaluation.metrics:
        return ["no figures: the bundle has no evaluation.json, or nothing was measured"]
    rows = [("dataset", "metric", "score", "value", "95 % interval")]
    for metric in evaluation.metrics:
        interval = "" if metric.low is None or metric.high is None else f"{metric.low:.3f} to {metric.high:.3f}"
        rows.append((metric.dataset, metric.name, metric.baseline or "this bundle", f"{metric.value:.3f}", interval))
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
