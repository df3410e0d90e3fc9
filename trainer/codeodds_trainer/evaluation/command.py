"""``codeodds-train evaluate``: scores held-out problems, compares, and writes figures into the bundle."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from codeodds.bundle.loader import load_bundle
from codeodds.bundle.manifest import Manifest, Metric
from codeodds.engine.api import Scorer
from codeodds.engine.scorer import open_scorer
from codeodds_trainer.bundling.card import metric_tables
from codeodds_trainer.bundling.writer import seal
from codeodds_trainer.data import read_problems
from codeodds_trainer.evaluation.baselines.measure import measure_baselines
from codeodds_trainer.evaluation.baselines.options import BaselineOptions
from codeodds_trainer.evaluation.figures import (
    choose_thresholds,
    compare,
    measure_thresholds,
    probabilities,
    ranking_metrics,
)
from codeodds_trainer.evaluation.scoring import Baseline, ScoredSet, score_problems
from codeodds_trainer.run_folder import RunFolder
from codeodds_trainer.training.dataset import sample_programs

PRECISIONS = (0.9, 0.8)
"""Thresholds are sought at which at least this share of the programs below failed."""
VALIDATION_SPLITS = ("valid",)
PROGRAMS_PER_PROBLEM = 8
"""Validation programs of a problem that thresholds are chosen on."""


def evaluate_bundle(
    bundle: Path,
    data: Path,
    run: RunFolder,
    files: Sequence[str],
    split: str,
    baseline_options: BaselineOptions,
    write: bool,
    threads: int,
    say: Callable[[str], None],
) -> str:
    """Measure the bundle on the named files; returns the tables as Markdown.

    The same problem may stand in several files; each file is reported by itself. Thresholds are chosen on validation
    problems of the files that the bundle was made from, and measured on all reported files together.

    Raises: DataError, BundleError; what `measure_baselines` raises.
    """
    manifest = load_bundle(bundle).manifest
    problems = {name.split(".")[0]: read_problems(data / name, [split]) for name in files}
    scorer = open_scorer(bundle, threads=threads)
    weights = hash_of_weights(manifest)
    scored = {
        name: score_problems(scorer, items, run.scores / f"{name}-{weights}.jsonl") for name, items in problems.items()
    }
    baselines = measure_baselines(problems, baseline_options, run.root / "baselines", say)
    metrics: list[Metric] = []
    for name, items in scored.items():
        say(f"figures of {name}: {len(items.rows):,} programs, {len(set(items.groups.tolist())):,} problems")
        others = {shown: _read(other) for shown, other in baselines[name].items() if other.complete}
        metrics += compare(name, items, manifest.calibration, others)
        for shown, other in baselines[name].items():
            if not other.complete:
                part = _read(other)
                metrics += ranking_metrics(name, f"{shown} (part)", part.last, part)
    if write:
        everything = ScoredSet([row for items in scored.values() for row in items.rows])
        chosen = _thresholds(manifest, data, scorer, run.scores / f"validation-{weights}.jsonl")
        values = probabilities(everything, manifest.calibration)
        thresholds = measure_thresholds(chosen, values, everything.labels, f"split {split} of {', '.join(scored)}")
        seal(bundle, msgspec.structs.replace(manifest, metrics=metrics, thresholds=thresholds))
        say(f"figures and {len(thresholds)} threshold(s) are in {bundle}")
    return "\n".join(metric_tables(metrics))


def _thresholds(manifest: Manifest, data: Path, scorer: Scorer, store: Path) -> list[float]:
    """Thresholds from the validation programs in the mix in which the files hold them.

    Raises: DataError if a file that the bundle was made from is not there.
    """
    problems = []
    for source in manifest.sources:
        if ".jsonl" in source.name:
            problems += sample_programs(read_problems(data / source.name, VALIDATION_SPLITS), PROGRAMS_PER_PROBLEM)
    scored = score_problems(scorer, problems, store)
    return choose_thresholds(probabilities(scored, manifest.calibration), scored.labels, PRECISIONS)


def _read(baseline: Baseline) -> ScoredSet:
    """The baseline's rows with one value each: what its reading makes of the program's values."""
    rows = []
    for row in baseline.scored.rows:
        score = {"last": row.last, "mean": row.mean, "sum": sum(row.values)}[baseline.reading]
        rows.append(msgspec.structs.replace(row, values=[score]))
    return ScoredSet(rows)


def hash_of_weights(manifest: Manifest) -> str:
    """Names what the raw scores depend on: graph, weights and tokenizer."""
    import hashlib

    digest = hashlib.sha256()
    for file in manifest.files:
        if file.path.endswith((".onnx", ".bin")) or file.path == manifest.tokenizer:
            digest.update(bytes.fromhex(file.sha256))
    return digest.hexdigest()[:12]
