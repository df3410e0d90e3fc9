"""The whole line through the real command line: labelled programs to a bundle that the engine runs."""

from __future__ import annotations

import json
import shutil

import pytest
from click.testing import CliRunner

from codeodds.bundle.golden import check_golden
from codeodds.bundle.loader import load_bundle
from codeodds.engine.scorer import open_scorer
from codeodds.types import ScoringUnit
from codeodds_trainer.cli import cli
from tiny_models import save_base, save_programs, save_recipe


def train(*arguments):
    result = CliRunner().invoke(cli, [str(argument) for argument in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result


@pytest.fixture(scope="module")
def line(tmp_path_factory):
    folder = tmp_path_factory.mktemp("line")
    save_programs(folder / "toy.jsonl")
    recipe = save_recipe(folder / "recipe.yaml", save_base(folder / "base"))
    options = ("--data", folder, "--run", folder / "run")
    train("fit", recipe, *options)
    train("export", *options, "--out", folder / "bundle")
    shutil.copytree(folder / "bundle", folder / "plain")
    evaluate = ("evaluate", "--bundle", folder / "bundle", *options, "--files", "toy.jsonl", "--write")
    table = train(*evaluate, "--baseline-recipe", recipe, "--baseline", "all", "--reviewer-problems", 2).stdout
    return folder, table


def test_the_bundle_loads_and_agrees_with_its_golden_scores(line):
    folder, _ = line
    bundle = load_bundle(folder / "bundle")
    assert check_golden(open_scorer(folder / "bundle"), folder / "bundle" / "golden.json") == []
    assert bundle.manifest.graph.layers == 3
    assert bundle.manifest.base.base_layers == 4
    assert bundle.manifest.max_tokens == 400


def test_right_programs_score_above_wrong_ones(line):
    folder, _ = line
    scorer = open_scorer(folder / "bundle")
    problem = 'def f25(a, b):\n    """Add a and b, times 25."""\n'
    right = scorer.score(ScoringUnit(problem, "    x0 = a + b\n    return x0 * 25\n")).probability
    wrong = scorer.score(ScoringUnit(problem, "    x0 = a - b\n    return x0 * 25\n")).probability
    assert right > wrong + 0.05


def test_the_figures_are_in_manifest_card_and_table(line):
    folder, table = line
    manifest = load_bundle(folder / "bundle").manifest
    figures = {(metric.name, metric.baseline): metric.value for metric in manifest.metrics}
    assert figures["within_problem_auroc", None] > 0.95
    assert figures["best_1_of_3", "oracle"] >= figures["best_1_of_3", None] > figures["best_1_of_3", "random"]
    assert ("within_problem_auroc", "shortest") in figures
    for other in (
        "mean log-probability, full base",
        "summed log-probability, full base",
        "frozen probe, full base",
        "coder x reviewer (part)",
        "static checks",
        "execution agreement",
    ):
        assert ("within_problem_auroc", other) in figures
    assert figures["ece", None] < 0.3
    card = (folder / "bundle" / "README.md").read_text()
    assert "within-problem AUROC" in card
    assert "within-problem AUROC" in table
    assert all(0.8 <= threshold.precision <= 1 for threshold in manifest.thresholds)


def test_writing_figures_changes_no_score(line):
    folder, _ = line
    before, after = (load_bundle(folder / name).manifest for name in ("plain", "bundle"))
    hashes = [{file.path: file.sha256 for file in manifest.files} for manifest in (before, after)]
    assert {path for path in hashes[0] if hashes[0][path] != hashes[1][path]} == {"README.md"}
    assert before.calibration == after.calibration


def test_finished_stages_are_not_repeated(line, monkeypatch):
    folder, _ = line
    options = ("--data", folder, "--run", folder / "run")
    monkeypatch.setattr("codeodds_trainer.bundling.command.write_graph", lambda *_: pytest.fail("exported again"))
    monkeypatch.setattr("codeodds_trainer.evaluation.scoring._score", lambda *_: pytest.fail("scored again"))
    train("export", *options, "--out", folder / "again")
    assert (folder / "again" / "golden.json").read_bytes() == (folder / "plain" / "golden.json").read_bytes()


def test_the_run_says_what_it_used(line):
    folder, _ = line
    summary = json.loads((folder / "run" / "summary.json").read_text())
    assert summary["validation_problems"] == 6
    assert summary["train_problems"] + summary["one_label_problems"] == 18
    assert list(summary["data"]) == ["toy.jsonl"]
