"""The training loop: resumable to the bit, and picky about labels."""

from __future__ import annotations

import dataclasses
import json

import msgspec
import numpy as np
import pytest
import torch

from codeodds_trainer.ground.base_model import BaseModelSource
from codeodds_trainer.ground.errors import CacheError, TrainingError
from codeodds_trainer.ground.labelled import LabelledProblem, LabelledProgram
from codeodds_trainer.ground.recipe import TrainingSection
from codeodds_trainer.ground.trie import TokenizedProgram, build_packs
from codeodds_trainer.training.dataset import ProblemPacks
from codeodds_trainer.training.features import FeatureCache, compute_features, trunk_id
from codeodds_trainer.training.run_log import LOG_FILE
from codeodds_trainer.training.state import STATE_FILE
from codeodds_trainer.training.train import Trainer, learning_rate_factor
from codeodds_trainer.training.value_model import load_value_model, split
from tests.trainer.tiny_models import save_base

CONFIG = TrainingSection(epochs=3, batch_nodes=20, evaluate_every_steps=4, learning_rate=1e-3)


def toy_problems(count=8, pack_nodes=100):
    """Programs pass exactly if their second token is even."""
    rng = np.random.default_rng(0)
    problems = []
    for number in range(count):
        rows = [[7, number, int(rng.integers(50, 60)), int(rng.integers(60, 70))] for _ in range(4)]
        programs = [TokenizedProgram(np.asarray(row), 2, row[2] % 2 == 0) for row in rows]
        labelled = tuple(LabelledProgram(str(row), row[2] % 2 == 0, "toy") for row in rows)
        problem = LabelledProblem(f"toy/{number}", "train", "toy", "", labelled)
        problems.append(ProblemPacks(problem, tuple(build_packs(programs, pack_nodes))))
    return problems


@pytest.fixture
def base(tmp_path):
    return save_base(tmp_path / "base", "phi3")


def trainer(base, folder, config=CONFIG, pack_nodes=100):
    trunk, tail = split(load_value_model(BaseModelSource(str(base))), 2)
    cache = FeatureCache(folder / "features", trunk_id(trunk))
    problems = toy_problems(pack_nodes=pack_nodes)
    compute_features(trunk, [pack for item in problems for pack in item.packs], cache, budget_gb=1)
    return Trainer(tail, config, cache, folder / "training"), problems


def test_a_killed_and_resumed_run_ends_with_the_weights_of_an_uninterrupted_one(base, tmp_path):
    whole, problems = trainer(base, tmp_path / "whole")
    whole.fit(problems, problems)

    class Killed(Exception):
        pass

    killed, _ = trainer(base, tmp_path / "killed")
    evaluate = killed._evaluate

    def die_at_the_second_evaluation(*arguments):
        if killed.state.step == 8:
            raise Killed
        evaluate(*arguments)

    killed._evaluate = die_at_the_second_evaluation
    with pytest.raises(Killed):
        killed.fit(problems, problems)
    resumed, _ = trainer(base, tmp_path / "killed")
    resumed.fit(problems, problems)
    assert resumed.state.step == whole.state.step
    states = [torch.load(tmp_path / name / "training" / STATE_FILE) for name in ("whole", "killed")]
    assert equal(*states)
    logs = [(tmp_path / name / "training" / LOG_FILE).read_text() for name in ("whole", "killed")]
    assert logs[0] == logs[1]
    assert [json.loads(row)["step"] for row in logs[0].splitlines() if "loss" in row] == [
        *range(1, whole.state.step + 1)
    ]


def equal(a, b):
    """Whether two nests of dictionaries hold the same, tensors bit by bit."""
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(equal(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(equal, a, b))
    return torch.equal(a, b) if isinstance(a, torch.Tensor) else a == b


def test_training_learns_what_tells_right_from_wrong(base, tmp_path):
    config = msgspec.structs.replace(CONFIG, epochs=30, learning_rate=3e-3, head_learning_rate=3e-2)
    learner, problems = trainer(base, tmp_path, config)
    assert learner.fit(problems, problems) > 0.95


def test_features_are_computed_once(base, tmp_path, monkeypatch):
    _, problems = trainer(base, tmp_path)
    monkeypatch.setattr("codeodds_trainer.training.features.run_trunk", lambda *_: pytest.fail("computed again"))
    trainer(base, tmp_path)
    assert len(list((tmp_path / "features").glob("*.npy"))) == len(problems)


def test_a_disk_budget_is_checked_before_anything_runs(base, tmp_path):
    trunk, _ = split(load_value_model(BaseModelSource(str(base))), 2)
    packs = [pack for item in toy_problems() for pack in item.packs]
    with pytest.raises(CacheError, match="--cache-gb"):
        compute_features(trunk, packs, FeatureCache(tmp_path / "features", "x"), budget_gb=1e-9)
    assert not list((tmp_path / "features").glob("*.npy"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"targets": np.float32(1.5)}, "outside"),
        ({"targets": np.float32("nan")}, "outside"),
        ({"weights": np.float32(1.0)}, "before the solution"),
    ],
)
def test_impossible_labels_stop_the_run(base, tmp_path, change, message):
    learner, problems = trainer(base, tmp_path)
    (pack,) = problems[0].packs
    broken = dataclasses.replace(pack, **{name: np.full(len(pack.ids), value) for name, value in change.items()})
    with pytest.raises(TrainingError, match=message):
        learner.fit([dataclasses.replace(problems[0], packs=(broken,))], problems)


def test_a_set_without_labels_stops_the_run(base, tmp_path):
    learner, problems = trainer(base, tmp_path)
    with pytest.raises(TrainingError, match="no token carries a label"):
        learner.fit([], problems)


def test_the_learning_rate_rises_then_falls_to_zero():
    rates = [learning_rate_factor(step / 100, 0.1) for step in range(101)]
    assert rates[0] < 0.02
    assert max(rates) == rates[10] == pytest.approx(1.0)
    assert rates[-1] == pytest.approx(0.0, abs=1e-6)
