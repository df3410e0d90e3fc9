"""Several processes train what one does: replicated, and with the weights spread over them as the preset says."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import torch
import yaml
from safetensors.torch import load_file

from codeodds_trainer.training.processes import Processes
from tests.policy.project import ROOT
from tests.trainer.tiny_models import save_base, save_programs, save_recipe

FSDP = ROOT / "models" / "recipes" / "accelerate" / "fsdp.yaml"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    save_programs(folder / "toy.jsonl", problems=20)
    save_base(folder / "base")
    save_recipe(
        folder / "recipe.yaml",
        folder / "base",
        epochs=1,
        batch_nodes=300,
        pack_nodes=60,
        bfloat16=False,
        evaluate_every_steps=2,
    )
    return folder


def fit(data, run, *program, status=0):
    command = [sys.executable, *program, "fit", data / "recipe.yaml", "--data", data, "--run", run]
    done = subprocess.run(
        [str(part) for part in command],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status, done.stderr[-3000:]
    return done.stderr


MODULE = ("-m", "codeodds_trainer.cli")

DIES_AT_STEP_3 = """
import os, sys
from codeodds_trainer.cli.main import cli
from codeodds_trainer.training.train import Trainer
step = Trainer._train_step
Trainer._train_step = lambda self, *rest: os._exit(9) if self.state.step == 3 else step(self, *rest)
cli(sys.argv[1:])
"""


@pytest.fixture(scope="module")
def alone(data, tmp_path_factory):
    run = tmp_path_factory.mktemp("alone")
    fit(data, run, *MODULE)
    return run


def launcher(tmp_path, kind):
    if kind == "replicas":
        return ["-m", "accelerate.commands.launch", "--cpu", "--num_processes", "2", "--num_machines", "1",
                "--mixed_precision", "no", "--dynamo_backend", "no"]  # fmt: skip
    config = yaml.safe_load(FSDP.read_text())
    path = tmp_path / "fsdp.yaml"
    path.write_text(yaml.safe_dump({**config, "use_cpu": True, "num_processes": 2}))
    return ["-m", "accelerate.commands.launch", "--config_file", path]


@pytest.mark.parametrize("kind", ["replicas", "shards"])
def test_two_processes_train_the_weights_of_one_and_go_on_from_its_state(data, alone, tmp_path, kind):
    # A single process began, saved a state after step 2, and died.
    fit(data, tmp_path / "run", "-c", DIES_AT_STEP_3, status=9)
    assert torch.load(tmp_path / "run" / "training" / "state.pt")["step"] == 2
    said = fit(data, tmp_path / "run", *launcher(tmp_path, kind), *MODULE)
    assert said.count("the value model is in") == 1
    expected = torch.load(alone / "training" / "state.pt")
    found = torch.load(tmp_path / "run" / "training" / "state.pt")
    assert found["step"] == expected["step"]
    assert found["best"] == expected["best"]
    differences = [float((found["weights"][name] - value).abs().max()) for name, value in expected["weights"].items()]
    # Adam divides by the size of the gradient, so rounding in a sum is a share of the learning rate.
    assert max(differences) < 1e-4
    models = [load_file(run / "model" / "model.safetensors") for run in (alone, tmp_path / "run")]
    assert models[0].keys() == models[1].keys()
    assert [path.name for path in sorted((tmp_path / "run" / "features").iterdir())] == [
        path.name for path in sorted((alone / "features").iterdir())
    ]


def test_shares_cover_a_list_once_and_know_the_longest():
    whole = Processes()
    shared: list[int] = []
    for rank in range(3):
        part = Processes()
        part.rank, part.count = rank, 3
        shared += part.share(list(range(8)))
        assert part.longest_share([1, 5, 1, 1, 5, 1, 1]) == 10
    assert sorted(shared) == list(range(8))
    assert whole.share([1, 2]) == [1, 2]
    assert whole.longest_share([1, 5]) == 6
    assert whole.total(2.5) == 2.5
