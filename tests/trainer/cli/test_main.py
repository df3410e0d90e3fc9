"""The command line of the trainer: help that teaches, one sentence for foreseen errors."""

from __future__ import annotations

import re
import sys

import pytest
from click.testing import CliRunner

import codeodds_trainer
from codeodds_trainer.cli.main import cli, main
from tests.trainer.tiny_models import save_base, save_recipe


def run(monkeypatch, capsys, *arguments):
    """Status and stderr of a whole call."""
    monkeypatch.setattr(sys, "argv", ["codeodds-train", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code, capsys.readouterr().err


def test_help_names_every_command_in_the_order_of_the_work():
    text = CliRunner().invoke(cli, ["--help"]).output
    named = re.findall(r"^ +codeodds-train (\w+) ", text, re.MULTILINE)
    assert named == list(cli.commands)
    assert named == [
        "problems", "rollouts", "judge", "packages", "mutants", "dataset", "plan", "sweep", "fit", "quantize", "export",
        "evaluate",
    ]  # fmt: skip


def test_a_missing_data_file_is_one_sentence(monkeypatch, capsys, tmp_path):
    recipe = save_recipe(tmp_path / "recipe.yaml", save_base(tmp_path / "base"))
    status, err = run(monkeypatch, capsys, "fit", recipe, "--data", tmp_path, "--run", tmp_path / "run")
    assert status == 2
    assert "toy.jsonl: cannot be read" in err
    assert "Traceback" not in err


def test_a_missing_base_model_is_one_sentence(monkeypatch, capsys, tmp_path):
    recipe = save_recipe(tmp_path / "recipe.yaml", tmp_path / "nowhere")
    status, err = run(monkeypatch, capsys, "fit", recipe, "--data", tmp_path, "--run", tmp_path / "run")
    assert status == 2
    assert "no model at" in err
    assert "nowhere" in err


def test_exporting_an_unfinished_run_says_what_to_do(monkeypatch, capsys, tmp_path):
    status, err = run(monkeypatch, capsys, "export", "--run", tmp_path, "--data", tmp_path, "--out", tmp_path / "out")
    assert status == 2
    assert "run `codeodds-train fit` first" in err


def test_a_missing_extra_is_named(monkeypatch, capsys, tmp_path):
    monkeypatch.setitem(sys.modules, "torch", None)
    loaded = {name: module for name, module in sys.modules.items() if name.startswith("codeodds_trainer.")}
    for name, module in loaded.items():
        if name != "codeodds_trainer.cli.main" and name != "codeodds_trainer.ground.errors":
            package, _, child = name.rpartition(".")
            # Set to what it is: undoing it puts the module back into its package, where the new import takes its place.
            monkeypatch.setattr(loaded.get(package, codeodds_trainer), child, module)
            monkeypatch.delitem(sys.modules, name)
    status, err = run(monkeypatch, capsys, "export", "--run", tmp_path, "--data", tmp_path, "--out", tmp_path / "out")
    assert status == 2
    assert "torch is not installed" in err
