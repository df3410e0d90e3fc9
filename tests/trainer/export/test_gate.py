"""What quantisation costs is measured through the engine, and a graph that lost too much is not released."""

from __future__ import annotations

import json

import msgspec
import numpy as np
import onnx
import pytest
from click.testing import CliRunner

from codeodds.bundle.loader import load_bundle
from codeodds_trainer.cli.main import cli
from codeodds_trainer.export import drafts
from codeodds_trainer.export.gate import (
    Figures,
    choose_problems,
    cross_calibrated,
    error_in_bins_of,
    halves,
    measure_chunking,
    objections,
    open_draft,
)
from codeodds_trainer.ground.errors import ExportError
from codeodds_trainer.ground.metrics import expected_calibration_error
from codeodds_trainer.ground.recipe import read_recipe
from codeodds_trainer.ground.scoring import ScoredProgram, ScoredSet
from tests.trainer.tiny_models import save_base, save_programs, save_recipe

GOOD = Figures(
    variant="8bit-b32",
    bytes=1,
    problems=10,
    mixed_problems=8,
    programs=60,
    auroc=0.7,
    auroc_loss=0.01,
    auroc_loss_error=0.004,
    ece=0.05,
    ece_loss=0.01,
    top1_flips=0.1,
    logit_difference=0.01,
    chunking=1e-6,
    prefill_ms=1.0,
    token_ms=1.0,
    objections=[],
)


def train(*arguments, expect=None):
    result = CliRunner().invoke(cli, [str(argument) for argument in arguments], catch_exceptions=expect is not None)
    if expect is None:
        assert result.exit_code == 0, result.output
    else:
        assert isinstance(result.exception, expect), result.output
    return result


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A fitted run, with its data in the folder above."""
    folder = tmp_path_factory.mktemp("gate")
    save_programs(folder / "toy.jsonl", problems=60)
    recipe = save_recipe(folder / "recipe.yaml", save_base(folder / "base"))
    train("fit", recipe, "--data", folder, "--run", folder / "run")
    return folder / "run"


def options(run):
    return ("--run", run, "--data", run.parent)


def test_the_report_has_every_figure(run):
    names = ("float32", "8bit-b32", "4bit-b16")
    table = train("quantize", *options(run), *(word for name in names for word in ("--variant", name))).stdout
    report = json.loads((run / "quantization.json").read_bytes())
    rows = {row["variant"]: row for row in report["variants"]}
    assert list(rows) == list(names)
    whole, eight, four = rows.values()
    assert [whole[key] for key in ("auroc_loss", "ece_loss", "top1_flips", "logit_difference")] == [0, 0, 0, 0]
    assert whole["bytes"] > eight["bytes"] > four["bytes"]
    assert 0 < eight["logit_difference"] < four["logit_difference"]
    for row in rows.values():
        assert (row["problems"], row["programs"]) == (12, 72 - uncounted(run))
        assert 0.9 < row["auroc"] <= 1
        assert 0 < row["ece"] < 0.5
        assert row["auroc"] == pytest.approx(whole["auroc"] - row["auroc_loss"], abs=2e-5)
        assert row["ece"] == pytest.approx(whole["ece"] + row["ece_loss"], abs=2e-5)
        assert 0 <= row["chunking"] < 1e-4
        assert 0 <= row["auroc_loss_error"] < 0.1
        assert row["prefill_ms"] > row["token_ms"] > 0
    assert table in (run / "quantization.md").read_text() + "\n"
    assert "| float32 |" in table
    assert report["machine"]["onnxruntime"]


def uncounted(run):
    """Programs beyond four per problem and label."""
    recipe = read_recipe(run / "recipe.yaml")
    return 72 - sum(len(problem.programs) for problem in choose_problems(recipe, run.parent))


def test_a_good_variant_is_released(run, tmp_path):
    train("export", *options(run), "--variant", "8bit-b32", "--out", tmp_path / "bundle")
    manifest = load_bundle(tmp_path / "bundle").manifest
    assert manifest.graph.quantization.startswith("MatMulNBits 8 bit, block 32")
    assert manifest.calibration.rows == 72


def test_float32_is_released_in_files_of_the_recipes_size(run, tmp_path):
    train("export", *options(run), "--variant", "float32", "--out", tmp_path / "bundle")
    assert load_bundle(tmp_path / "bundle").manifest.graph.quantization == "float32"


def noised(graph, variant):
    """The graph with noise in place of what one layer's weights say."""
    rng = np.random.default_rng(0)
    for tensor in graph.graph.initializer:
        if len(tensor.dims) == 2 and tensor.name != "value_head.weight":
            noise = rng.normal(size=tuple(tensor.dims)).astype(np.float32)
            tensor.CopyFrom(onnx.numpy_helper.from_array(noise, tensor.name))
    return graph


def test_a_ruined_graph_is_refused_with_its_figures(run, tmp_path, monkeypatch):
    out = tmp_path / "bundle"
    out.mkdir()
    (out / "manifest.json").write_text("the old one")
    monkeypatch.setattr(drafts, "quantize", noised)
    arguments = ("export", *options(run), "--variant", "8bit-b16", "--out", out)
    message = str(train(*arguments, expect=ExportError).exception)
    assert "8bit-b16 is not released: within-problem AUROC falls by 0." in message
    assert "(at most 0.01)" in message
    assert "more bits or a smaller block" in message
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]
    assert (out / "manifest.json").read_text() == "the old one"
    row = next(row for row in json.loads((run / "quantization.json").read_bytes())["variants"] if row["objections"])
    assert row["variant"] == "8bit-b16"
    assert row["auroc_loss"] > 0.1
    assert row["top1_flips"] > 0


def test_an_unknown_variant_is_named(run):
    error = train("quantize", *options(run), "--variant", "5bit-b32", expect=ExportError).exception
    assert "--variant 5bit-b32: unknown" in str(error)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, None),
        ({"auroc_loss": 0.011}, "AUROC falls by 0.011 ± 0.004 (at most 0.01)"),
        ({"auroc_loss": -0.2}, None),
        ({"auroc_loss": float("nan")}, "AUROC falls by nan"),
        ({"ece_loss": 0.02}, r"ECE\) rises by 0.02"),
        ({"chunking": 2e-6}, "chunking by 2e-06"),
    ],
)
def test_each_limit(change, words):
    found = objections(msgspec.structs.replace(GOOD, **change))
    assert len(found) == (words is not None)
    if words is not None:
        assert words.replace("\\", "") in found[0]


def scored_set(seed=0, problems=40):
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(problems):
        for _ in range(5):
            logit = float(rng.normal())
            passed = bool(rng.random() < 1 / (1 + np.exp(-2 * logit)))
            rows.append(ScoredProgram(f"p{number}", "toy", "toy", passed, "", [logit, logit / 2], 10))
    return ScoredSet(rows)


def test_halves_split_by_problem():
    scored = scored_set()
    half = halves(scored)
    names = [
        {row.problem_id for row, inside in zip(scored.rows, half, strict=True) if inside is side}
        for side in (True, False)
    ]
    assert len(names[0] & names[1]) == 0
    assert abs(len(names[0]) - len(names[1])) <= 1


def test_no_probability_knows_its_own_half():
    scored = scored_set()
    half = halves(scored)
    flipped = ScoredSet(
        [
            msgspec.structs.replace(row, passed=row.passed != bool(inside))
            for row, inside in zip(scored.rows, half, strict=True)
        ]
    )
    before, after = cross_calibrated(scored), cross_calibrated(flipped)
    assert after[half] == pytest.approx(before[half])
    assert np.abs(after[~half] - before[~half]).max() > 0.1


def test_the_error_in_its_own_bins_is_the_usual_one():
    rng = np.random.default_rng(0)
    values, labels = rng.random(150), rng.random(150) < 0.5
    assert error_in_bins_of(values, values, labels) == pytest.approx(expected_calibration_error(values, labels))


def test_crossing_a_bins_border_costs_nothing():
    """Two neighbours of different labels change places; with bins of their own the error would jump."""
    wanted = np.asarray([0.1, 0.2, 0.499, 0.501, 0.8, 0.9])
    labels = np.asarray([False, False, True, False, True, True])
    values = wanted.copy()
    values[[2, 3]] = values[[3, 2]]
    jump = error_in_bins_of(values, values, labels, bins=2) - error_in_bins_of(wanted, wanted, labels, bins=2)
    rise = error_in_bins_of(wanted, values, labels, bins=2) - error_in_bins_of(wanted, wanted, labels, bins=2)
    assert abs(jump) > 0.1
    assert abs(rise) < 0.001


def test_a_shift_of_all_probabilities_is_found():
    rng = np.random.default_rng(0)
    wanted = rng.random(2_000)
    labels = rng.random(2_000) < wanted
    rise = error_in_bins_of(wanted, np.clip(wanted + 0.1, 0, 1), labels) - error_in_bins_of(wanted, wanted, labels)
    assert 0.04 < rise < 0.1


class DependsOnChunks:
    """A runtime whose logits grow with the number of tokens that run together."""

    def __init__(self, model):
        self._model = model

    def empty_memory(self, batch=1):
        return self._model.empty_memory(batch)

    def run(self, ids, past, cancellation=None):
        values, memory = self._model.run(ids, past, cancellation)
        return values + np.float32(0.01 * ids.shape[1]), memory


def test_a_dependence_on_the_chunking_is_found(run):
    train("quantize", *options(run), "--variant", "8bit-b32")
    bundle, model = open_draft(run / "export" / "8bit-b32", 1)
    problems = choose_problems(read_recipe(run / "recipe.yaml"), run.parent)
    assert measure_chunking(bundle, DependsOnChunks(model), problems) > 0.01


def test_programs_that_cannot_decide_are_an_error(tmp_path):
    save_programs(tmp_path / "toy.jsonl", problems=5)
    recipe = save_recipe(tmp_path / "recipe.yaml", save_base(tmp_path / "base"))
    train("fit", recipe, "--data", tmp_path, "--run", tmp_path / "run")
    rows = [json.loads(line) for line in (tmp_path / "toy.jsonl").read_text().splitlines()]
    for row in rows:
        row["passed"] = row["passed"] or row["split"] == "valid"
    (tmp_path / "toy.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    arguments = ("export", "--run", tmp_path / "run", "--data", tmp_path, "--out", tmp_path / "out")
    error = train(*arguments, expect=ExportError).exception
    assert "cannot decide about a release" in str(error)
    assert not (tmp_path / "out").exists()
