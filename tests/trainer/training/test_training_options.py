"""What only changes how training computes leaves the weights as they are; what changes its aim changes them."""

from __future__ import annotations

import json

import msgspec
import numpy as np
import pytest
import torch

from codeodds_trainer.ground.base_model import BaseModelSource, load_lm_head
from codeodds_trainer.ground.errors import ModelError, TrainingError
from codeodds_trainer.ground.recipe import LoraSection, TrainingSection
from codeodds_trainer.training.features import FeatureCache, LiveTrunk, compute_features, run_trunk, trunk_id
from codeodds_trainer.training.lora import add_adapters
from codeodds_trainer.training.run_log import LOG_FILE, TENSORBOARD_FOLDER, RunLog
from codeodds_trainer.training.train import Trainer, ValueTail, run_tail
from codeodds_trainer.training.value_model import load_value_model, split
from tests.trainer.tiny_models import randomize_head, save_base
from tests.trainer.training.test_train import toy_problems

CONFIG = TrainingSection(
    epochs=2, batch_nodes=20, evaluate_every_steps=4, learning_rate=1e-3, head_learning_rate=1e-2, bfloat16=False
)


@pytest.fixture
def base(tmp_path):
    return save_base(tmp_path / "base", "phi3")


def trained(base, folder, config=CONFIG, *, pack_nodes=100, live=False, lm_head=None):
    """The final weights of a run."""
    model = load_value_model(BaseModelSource(str(base)))
    randomize_head(model)
    trunk, tail = split(model, 2)
    problems = toy_problems(pack_nodes=pack_nodes)
    features = LiveTrunk(trunk) if live else FeatureCache(folder / "features", trunk_id(trunk))
    if not live:
        compute_features(trunk, [pack for item in problems for pack in item.packs], features, budget_gb=1)
    learner = Trainer(tail, config, features, folder / "training", lm_head=lm_head)
    learner.fit(problems, problems)
    return {name: value.detach().clone() for name, value in tail.state_dict().items()}, learner


def largest_difference(a, b):
    return max(float((a[name] - b[name]).abs().max()) for name in a)


def test_live_features_train_the_same_weights_as_cached_ones(base, tmp_path):
    cached, _ = trained(base, tmp_path / "cached")
    live, _ = trained(base, tmp_path / "live", live=True)
    assert largest_difference(cached, live) == 0
    assert not (tmp_path / "live" / "features").exists()


def test_gradient_checkpointing_trains_the_same_weights(base, tmp_path):
    plain, _ = trained(base, tmp_path / "plain")
    saving, _ = trained(base, tmp_path / "saving", msgspec.structs.replace(CONFIG, gradient_checkpointing=True))
    assert largest_difference(plain, saving) < 1e-6


@pytest.mark.parametrize("loss", ["bce", "pairwise"])
def test_the_cut_into_packs_does_not_change_a_step(base, tmp_path, loss):
    """One step over all problems: in one forward pass each, and in several."""
    config = msgspec.structs.replace(CONFIG, loss=loss, batch_nodes=100_000, epochs=1)
    whole, learner = trained(base, tmp_path / "whole", config, pack_nodes=100)
    cut, _ = trained(base, tmp_path / "cut", config, pack_nodes=6)
    assert learner.state.step == 1
    assert len([pack for item in toy_problems(pack_nodes=6) for pack in item.packs]) > 8
    # Adam divides by the size of the gradient, so rounding in it is a share of the learning rate.
    assert largest_difference(whole, cut) < 1e-4


def test_the_losses_train_different_weights_that_all_learn(base, tmp_path):
    heads = {}
    for loss in ("bce", "pairwise"):
        config = msgspec.structs.replace(CONFIG, loss=loss, epochs=30, head_learning_rate=3e-2)
        weights, learner = trained(base, tmp_path / loss, config)
        assert learner.state.best > 0.95
        heads[loss] = weights["score.weight"]
    assert not torch.equal(heads["bce"], heads["pairwise"])


def test_a_joint_language_model_loss_lowers_the_surprise_at_right_programs(base, tmp_path):
    lm_head = load_lm_head(BaseModelSource(str(base)))
    config = msgspec.structs.replace(CONFIG, epochs=20, learning_rate=3e-3)
    joint = msgspec.structs.replace(config, lm_loss_weight=1.0)
    losses = {}
    for name, section in (("alone", config), ("joint", joint)):
        _, learner = trained(base, tmp_path / name, section, lm_head=lm_head)
        losses[name] = surprise(learner, lm_head)
    assert losses["joint"] < losses["alone"] - 0.2
    with pytest.raises(TrainingError, match="lm_loss_weight"):
        trained(base, tmp_path / "headless", joint)


@torch.no_grad()
def surprise(learner, lm_head):
    """Mean cross-entropy of the solution tokens of right programs."""
    total = []
    for item in toy_problems():
        for pack in item.packs:
            _, hidden = run_tail(learner.module, pack, learner.features.load(pack), bfloat16=False)
            table = torch.log_softmax(hidden @ lm_head.T, dim=-1)
            total += [
                -float(table[pack.parents[node], pack.ids[node]])
                for node in range(len(pack.ids))
                if pack.weights[node] > 0 and pack.targets[node] == 1
            ]
    return np.mean(total)


def test_a_run_without_progress_stops_early_and_stays_stopped(base, tmp_path):
    config = msgspec.structs.replace(
        CONFIG, epochs=50, learning_rate=0.0, head_learning_rate=0.0, patience_evaluations=3
    )
    _, learner = trained(base, tmp_path, config)
    assert learner.state.stopped
    assert learner.state.step == 3 * config.evaluate_every_steps
    _, again = trained(base, tmp_path, config)
    assert again.state.step == learner.state.step
    assert again.state.best == learner.state.best


@pytest.mark.parametrize("architecture", ["phi3", "qwen2", "llama"])
def test_adapters_start_as_nothing_and_merge_into_what_they_computed(tmp_path, architecture):
    modules = ("qkv_proj", "down_proj") if architecture == "phi3" else ("q_proj", "v_proj", "down_proj")
    model = load_value_model(BaseModelSource(str(save_base(tmp_path / "base", architecture))))
    randomize_head(model)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    trunk, tail = split(model, 2)
    (pack,) = toy_problems()[0].packs
    features = run_trunk(trunk, pack)
    plain, _ = run_tail(ValueTail(tail), pack, features, bfloat16=False)
    adapted = add_adapters(tail, LoraSection(rank=4, alpha=8, modules=modules))
    names = [name for name, parameter in tail.named_parameters() if parameter.requires_grad]
    assert sum("lora_" in name for name in names) == 2 * 2 * len(modules)
    assert {name for name in names if "lora_" not in name} == {"model.norm.weight", "score.weight", "score.bias"}
    started, _ = run_tail(ValueTail(tail), pack, features, bfloat16=False)
    assert torch.equal(started, plain)
    optimizer = torch.optim.AdamW([parameter for parameter in tail.parameters() if parameter.requires_grad], lr=0.05)
    for _ in range(3):
        optimizer.zero_grad()
        run_tail(ValueTail(tail), pack, features, bfloat16=False)[0].sum().backward()
        optimizer.step()
    moved, _ = run_tail(ValueTail(tail), pack, features, bfloat16=False)
    assert float((moved - plain).detach().abs().max()) > 1e-3
    merged = adapted.merge_and_unload()
    assert torch.allclose(run_tail(ValueTail(merged), pack, features, bfloat16=False)[0], moved, atol=1e-5)
    assert model.state_dict().keys() == before.keys()
    changed = {name for name, value in model.state_dict().items() if not torch.equal(value, before[name])}
    weights = {f"model.layers.{layer}.{part}.weight" for layer in (2, 3) for part in parts(model, modules)}
    assert {name for name in changed if "layers" in name} == weights


def parts(model, modules):
    """Names of these modules within a layer."""
    return [name for name, _ in model.base_model.layers[0].named_modules() if name.rpartition(".")[2] in modules]


def test_adapters_for_modules_that_are_not_there_are_refused(base):
    _, tail = split(load_value_model(BaseModelSource(str(base))), 2)
    with pytest.raises(ModelError, match=r"q_proj.*gate_up_proj"):
        add_adapters(tail, LoraSection(modules=("q_proj",)))


def test_tensorboard_shows_what_the_log_holds(base, tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    _, learner = trained(base, tmp_path)
    rows = [json.loads(line) for line in (tmp_path / "training" / LOG_FILE).read_text().splitlines()]
    events = EventAccumulator(str(tmp_path / "training" / TENSORBOARD_FOLDER)).Reload()
    for name in ("loss", "learning_rate", "auroc/reading"):
        shown = [(event.step, event.value) for event in events.Scalars(name)]
        logged = [(row["step"], row[name]) for row in rows if name in row]
        assert [step for step, _ in shown] == [step for step, _ in logged]
        assert [value for _, value in shown] == pytest.approx([value for _, value in logged], rel=1e-6)
    assert learner.state.step == max(row["step"] for row in rows)


def test_a_log_forgets_what_came_after_the_state_that_a_run_goes_on_from(tmp_path):
    with RunLog(tmp_path, 0) as log:
        for step in (1, 2, 3):
            log.write(step, {"loss": step / 2})
    with (tmp_path / LOG_FILE).open("a") as file:
        file.write('{"step": 4, "lo')
    with RunLog(tmp_path, 2) as log:
        log.write(3, {"loss": 9.0})
    rows = [json.loads(line) for line in (tmp_path / LOG_FILE).read_text().splitlines()]
    assert rows == [{"step": 1, "loss": 0.5}, {"step": 2, "loss": 1.0}, {"step": 3, "loss": 9.0}]
