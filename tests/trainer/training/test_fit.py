"""``codeodds-train fit`` as people run it: what it leaves alone, what it keeps, what a kill costs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import load_file
from transformers import AutoModelForTokenClassification

from codeodds_trainer.cli.main import cli
from codeodds_trainer.training.run_log import LOG_FILE
from tests.trainer.tiny_models import save_base, save_programs, save_recipe

SHORT = {"epochs": 3, "evaluate_every_steps": 4}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    save_programs(folder / "toy.jsonl")
    save_base(folder / "base")
    return folder


def fit(data, recipe, run):
    arguments = ["fit", recipe, "--data", data, "--run", run]
    result = CliRunner().invoke(cli, [str(argument) for argument in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return weights(run)


def weights(run):
    return load_file(run / "model" / "model.safetensors")


def same(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


@pytest.fixture(scope="module")
def whole(data, tmp_path_factory):
    run = tmp_path_factory.mktemp("whole")
    recipe = save_recipe(data / "recipe.yaml", data / "base", **SHORT)
    return recipe, run, fit(data, recipe, run)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("lora", [None, {"rank": 2, "alpha": 4}], ids=["full", "lora"])
def test_the_frozen_layers_are_those_of_the_base_bit_by_bit(data, tmp_path, dtype, lora):
    base = save_base(tmp_path / "base", dtype=dtype)
    recipe = save_recipe(tmp_path / "recipe.yaml", base, **SHORT)
    content = json.loads(recipe.read_text())
    content["model"]["lora"] = lora
    recipe.write_text(json.dumps(content))
    found = fit(data, recipe, tmp_path / "run")
    start = load_file(tmp_path / "run" / "base" / "model.safetensors")
    original = load_file(base / "model.safetensors")
    assert original["model.norm.weight"].dtype == start["model.norm.weight"].dtype == dtype
    trained = ("score.", "model.layers.1.", "model.layers.2.", "model.norm.")
    frozen = [name for name in found if not name.startswith(trained)]
    assert len(frozen) > 5
    for name in frozen:
        assert torch.equal(found[name], start[name]), name
        if name in original and "embed" not in name:
            assert torch.equal(found[name], original[name]), name
    assert not torch.equal(found["score.weight"], start["score.weight"].float())
    assert found.keys() == start.keys()


def test_any_tool_loads_the_model_with_the_head_unrounded(whole):
    _, run, found = whole
    loaded = AutoModelForTokenClassification.from_pretrained(run / "model", dtype="auto")
    assert loaded.score.weight.dtype == torch.float32
    assert torch.equal(loaded.score.weight, found["score.weight"])
    assert bool(found["score.weight"].any())


def test_the_run_folder_makes_the_same_run_again(whole, data, tmp_path):
    _, run, found = whole
    assert same(fit(data, run / "recipe.yaml", tmp_path / "again"), found)
    environment = json.loads((run / "environment.json").read_text())
    assert environment["packages"]["torch"] == torch.__version__
    assert environment["processes"] == 1
    summary = json.loads((run / "summary.json").read_text())
    assert len(summary["data"]["toy.jsonl"]) == 64
    assert summary["steps"] == max(json.loads(row)["step"] for row in log(run).read_text().splitlines())


def log(run):
    return run / "training" / LOG_FILE


def test_a_run_that_was_killed_twice_ends_as_if_it_had_not_been(whole, data, tmp_path):
    recipe, _, found = whole
    arguments = ["fit", str(recipe), "--data", str(data), "--run", str(tmp_path)]
    for rows in (3, 9):
        process = subprocess.Popen(
            [sys.executable, "-c", SLOW, *arguments],
            stderr=subprocess.DEVNULL,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        while process.poll() is None and logged_rows(tmp_path) <= rows:
            time.sleep(0.01)
        assert process.poll() is None, "the run ended before it could be killed"
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert not (tmp_path / "summary.json").exists()
    assert same(fit(data, recipe, tmp_path), found)


def logged_rows(run):
    return log(run).read_bytes().count(b"\n") if log(run).exists() else 0


# Slowed down, so that the kill comes before the end.
SLOW = """
import sys, time
from codeodds_trainer.cli.main import cli
from codeodds_trainer.training.train import Trainer
step = Trainer._train_step
Trainer._train_step = lambda *arguments: (time.sleep(0.2), step(*arguments))[1]
cli(sys.argv[1:])
"""
