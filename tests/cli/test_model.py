"""`codeodds model info`: what it makes of a manifest and of the figures beside it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from codeodds.bundle.evaluation import Evaluation, Metric, encode
from codeodds.bundle.manifest import (
    FORMAT,
    BaseModel,
    Calibration,
    Display,
    File,
    Graph,
    Manifest,
    Source,
    Threshold,
)
from codeodds.cli.model import describe
from tests.cli.conftest import Run

MANIFEST = Manifest(
    format=FORMAT,
    name="tiny",
    version="3",
    base=BaseModel(name="Some/Base", licence="Apache-2.0", architecture="qwen2", base_layers=24),
    graph=Graph(
        file="model.onnx",
        layers=14,
        kv_heads=2,
        head_size=64,
        kv_dtype="float32",
        vocabulary=5000,
        quantization="MatMulNBits 8 bit",
    ),
    files=[File(path="model.onnx", sha256="0" * 64, bytes=12_500_000), File(path="t", sha256="1" * 64, bytes=500_000)],
    tokenizer="tokenizer.json",
    golden="golden.json",
    max_tokens=2048,
    rendering="python-source-v1",
    calibration=Calibration(method="platt", last=1.25, mean=0.5, bias=-0.125, fitted_on="valid", rows=900),
    thresholds=[
        Threshold(probability=0.25, precision=0.8, recall=0.3, measured_on="test"),
        Threshold(probability=0.4, precision=0.7, recall=0.5, measured_on="test"),
    ],
    display=Display(min_prefix_fraction=0.5, min_solution_tokens=12),
    sources=[Source(name="data", sha256="2" * 64)],
)
EVALUATION = Evaluation(
    metrics=[
        Metric(dataset="mbpp test", name="within_problem_auroc", value=0.75, low=0.71, high=0.79),
        Metric(dataset="mbpp test", name="within_problem_auroc", value=0.63, baseline="mean log-probability"),
    ]
)


def test_every_fact_is_shown() -> None:
    text = "\n".join(describe(Path("models/tiny"), MANIFEST, EVALUATION))
    for fact in (
        "tiny 3",
        "models/tiny",
        "Some/Base (qwen2, Apache-2.0)",
        "14 of 24",
        "MatMulNBits 8 bit",
        "2 heads of 64, float32",
        "5000 tokens",
        "2048 tokens",
        "2, 13.0 MB",
        "platt, last 1.25, mean 0.5, bias -0.125, fitted on valid (900 programs)",
        "12 tokens, 50% of the body",
        "0.25: 80% of those below failed their tests, 30% of all failures are below (test, the default)",
        "0.40: 70% of those below failed their tests, 50% of all failures are below (test)",
    ):
        assert fact in text


def test_metrics_stand_in_columns_beside_their_baselines() -> None:
    *_, header, own, baseline = describe(Path("models/tiny"), MANIFEST, EVALUATION)
    assert header.split() == ["dataset", "metric", "score", "value", "95", "%", "interval"]
    assert own.split("  ")[-1] == "0.710 to 0.790"
    assert "this bundle" in own
    assert "0.630" in baseline
    assert own.index("0.750") == baseline.index("0.630")


@pytest.mark.parametrize("evaluation", [None, Evaluation(metrics=[])])
def test_a_bundle_without_figures_says_so(evaluation: Evaluation | None) -> None:
    assert describe(Path("x"), MANIFEST, evaluation)[-1].startswith("no figures: the bundle has no evaluation.json")


def test_json_holds_manifest_and_figures(run: Run, linked_bundle: Path) -> None:
    (linked_bundle / "evaluation.json").write_bytes(encode(EVALUATION))
    found = json.loads(run("model", "info", "--json", "--model", linked_bundle).out)
    assert (found["manifest"]["format"], found["manifest"]["name"]) == (FORMAT, "codeodds-python-small")
    assert [metric["value"] for metric in found["evaluation"]["metrics"]] == [0.75, 0.63]
    (linked_bundle / "evaluation.json").unlink()
    assert json.loads(run("model", "info", "--json", "--model", linked_bundle).out)["evaluation"] is None


def test_broken_figures_are_one_error(run: Run, linked_bundle: Path) -> None:
    (linked_bundle / "evaluation.json").write_text("{")
    result = run("model", "info", "--model", linked_bundle)
    assert (result.status, result.out) == (2, "")
    assert result.err.startswith(f"codeodds: error: {linked_bundle / 'evaluation.json'}: cannot read the figures (")
    assert result.err.count("\n") == 1
