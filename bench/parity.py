"""Measures how far exported graphs are from torch: ``python bench/parity.py [--run RUN] [--json]``.

Prints the largest absolute difference of a value (a logit) and of a key or value tensor behind the last run, over tiny
models of each architecture, ways to cut 60 tokens into runs, and batch sizes; and as its last line JSON. All float32.
With ``--run`` also the value model of a finished `codeodds-train fit`, on 200 tokens.
``--write`` puts the table and the JSON into ``bench/results/parity.md`` and ``parity.json``.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers

from codeodds.bundle.loader import load_bundle
from codeodds.engine.onnx import OnnxModel
from codeodds_trainer.export.drafts import finished_recipe, make_reference
from codeodds_trainer.export.parity import compare_with_torch
from codeodds_trainer.ground.run_folder import RunFolder
from codeodds_trainer.training.value_model import load_checkpoint
from run import machine

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "bench" / "results" / "parity"
LIMIT = 1e-5
BATCHES = (1, 3)


def main() -> int:
    options = _options()
    transformers.logging.set_verbosity_error()
    torch.set_num_threads(options.threads)
    rows = [
        row for family, model, runtime in _tiny_models(options.threads) for row in _measure(family, model, runtime, 60)
    ]
    if options.run is not None:
        run = RunFolder(options.run)
        reference = make_reference(run, finished_recipe(run))
        model = load_checkpoint(run.model).eval()
        rows += _measure(f"{model.config.model_type}, real", model, _open(reference, options.threads), 200)
    report = {
        "machine": machine(),
        "versions": {name: version(name) for name in ("torch", "transformers", "onnxruntime")},
        "command": shlex.join(
            ["python", *(Path(word).name if word.startswith("/") else word for word in sys.orig_argv[1:])]
        ),
        "limit": LIMIT,
        "worst": max(max(row["value"], row["present"]) for row in rows if "real" not in row["model"]),
        "figures": rows,
    }
    table = _table(rows)
    if not options.json:
        print("\n".join(table))
    if options.write:
        _write(report, table)
    print(json.dumps(report))
    return 0 if report["worst"] <= LIMIT else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, help="folder of a finished `codeodds-train fit`, measured too")
    parser.add_argument("--threads", type=int, default=2, help="threads of torch and the runtime (default: 2)")
    parser.add_argument("--write", action="store_true", help="write bench/results/parity.md and parity.json")
    parser.add_argument("--json", action="store_true", help="print the JSON line only")
    return parser.parse_args()


def _tiny_models(threads: int) -> Any:
    """The models of the tests: random weights, fixed seeds."""
    sys.path.insert(0, str(ROOT / "tests" / "trainer"))
    from exported_models import FAMILIES, value_model, write_bundle

    with tempfile.TemporaryDirectory() as name:
        for family in FAMILIES:
            folder = Path(name) / family
            model = value_model(folder / "base", family, initializer_range=0.1)
            bundle = write_bundle(model, folder / "base" / "tokenizer.json", folder / "bundle")
            yield family, model, _open(bundle, threads)


def _open(folder: Path, threads: int) -> OnnxModel:
    bundle = load_bundle(folder, verify_hashes=False)
    return OnnxModel(bundle.graph_path, bundle.manifest.graph, threads)


def _measure(family: str, model: Any, runtime: OnnxModel, tokens: int) -> list[dict[str, Any]]:
    rng = np.random.default_rng(0)
    chunkings = {
        "one pass": [],
        "random chunks": sorted(rng.choice(np.arange(1, tokens), 9, replace=False).tolist()),
        "token by token": list(range(1, tokens)),
    }
    rows = []
    for chunking, cuts in chunkings.items():
        for batch in BATCHES:
            ids = rng.integers(0, min(300, model.config.vocab_size), (batch, tokens))
            found = compare_with_torch(model, runtime, ids, cuts)
            rows.append({"model": family, "chunking": chunking, "batch": batch, **found._asdict()})
    return rows


def _table(rows: list[dict[str, Any]]) -> list[str]:
    lines = ["| model | chunking | batch | value | keys and values |", "|---" * 5 + "|"]
    for row in rows:
        place = f"{row['model']} | {row['chunking']} | {row['batch']}"
        lines.append(f"| {place} | {row['value']:.1e} | {row['present']:.1e} |")
    return lines


def _write(report: dict[str, Any], table: list[str]) -> None:
    head = [
        "# Exported graphs beside torch, float32",
        "",
        f"`{report['command']}` in `bench/`; largest absolute differences.",
        f"torch {report['versions']['torch']}, transformers {report['versions']['transformers']}, "
        f"onnxruntime {report['versions']['onnxruntime']}, {report['machine']['cpu']}.",
        f"The tiny models' limit is {LIMIT:g}.",
        "",
    ]
    RESULTS.with_suffix(".md").write_text("\n".join([*head, *table, ""]), encoding="utf-8")
    RESULTS.with_suffix(".json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
