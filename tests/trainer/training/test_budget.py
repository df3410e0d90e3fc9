"""What is computed from shapes is what a real model has, saves and runs."""

from __future__ import annotations

import json

import msgspec
import numpy as np
import pytest
import torch
from click.testing import CliRunner
from transformers import AutoConfig

from codeodds_trainer.cli.main import cli
from codeodds_trainer.ground.base_model import BaseModelSource
from codeodds_trainer.ground.errors import ModelError
from codeodds_trainer.ground.recipe import LoraSection, read_recipe
from codeodds_trainer.ground.trie import TokenizedProgram, build_packs
from codeodds_trainer.training.budget import compute_budget
from codeodds_trainer.training.train import ValueTail, run_tail
from codeodds_trainer.training.value_model import load_value_model, split
from tests.trainer.tiny_models import ARCHITECTURES, LONGROPE, save_base, save_recipe

NODES = 64
HIDDEN, INTERMEDIATE = 32, 64


@pytest.fixture(params=[*sorted(ARCHITECTURES), "longrope"])
def base(request, tmp_path):
    if request.param == "longrope":
        options = {"original_max_position_embeddings": 64, "rope_scaling": LONGROPE}
        return save_base(tmp_path / "base", "phi3", **options)
    return save_base(tmp_path / "base", request.param)


def recipe_of(base, tmp_path, **training):
    return read_recipe(save_recipe(tmp_path / "recipe.yaml", base, pack_nodes=NODES, **training))


def test_parameters_are_those_of_the_model(base, tmp_path):
    budget = compute_budget(recipe_of(base, tmp_path), AutoConfig.from_pretrained(base))
    model = load_value_model(BaseModelSource(str(base)), layers=3)
    trunk, tail = split(model, 2)
    count = [sum(parameter.numel() for parameter in part.parameters()) for part in (model, trunk, tail)]
    assert (budget.parameters, budget.trunk_parameters, budget.tail_parameters) == tuple(count)
    assert budget.trained_parameters == budget.tail_parameters
    assert budget.moment_bytes == 8 * count[2]
    assert budget.feature_bytes_per_node == 2 * HIDDEN


def test_activations_are_what_autograd_saves_of_a_real_pack(base, tmp_path):
    budget = compute_budget(recipe_of(base, tmp_path, bfloat16=False), AutoConfig.from_pretrained(base))
    _, tail = split(load_value_model(BaseModelSource(str(base)), layers=3), 2)
    module = ValueTail(tail).train()
    (pack,) = build_packs([TokenizedProgram(np.arange(NODES), 1, True)], NODES)
    weights = {parameter.data_ptr() for parameter in module.parameters()}
    sizes = {}

    def keep(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            sizes[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        logits, _ = run_tail(module, pack, torch.zeros(NODES, HIDDEN), bfloat16=False)
    assert logits.shape == (NODES,)
    assert budget.activation_bytes == pytest.approx(sum(sizes.values()), rel=0.03)


def test_operations_are_two_for_each_weight_and_those_of_attention(tmp_path):
    base = save_base(tmp_path / "base", "phi3")
    budget = compute_budget(recipe_of(base, tmp_path), AutoConfig.from_pretrained(base))
    heads = HIDDEN * (HIDDEN + 2 * HIDDEN // 2 + HIDDEN)
    layer = 2 * (heads + 3 * HIDDEN * INTERMEDIATE) + 4 * NODES * HIDDEN
    assert budget.trunk_flops_per_node == pytest.approx(layer, rel=1e-3)
    assert budget.tail_flops_per_node == pytest.approx(3 * (2 * layer + 2 * HIDDEN), rel=1e-3)
    assert budget.flops(1000, 2) == pytest.approx(1000 * (layer + 2 * budget.tail_flops_per_node), rel=1e-3)


def test_checkpointing_trades_memory_for_operations_and_adapters_need_less_of_both(tmp_path):
    base = save_base(tmp_path / "base", "phi3", layers=12)
    recipe = msgspec.structs.replace(
        recipe_of(base, tmp_path), model=msgspec.structs.replace(recipe_of(base, tmp_path).model, layers=12)
    )
    model = msgspec.structs.replace(recipe.model, trainable_layers=12)
    plain, saving, adapted, live = (
        compute_budget(msgspec.structs.replace(recipe, **change), AutoConfig.from_pretrained(base))
        for change in (
            {"model": model},
            {"model": model, "training": msgspec.structs.replace(recipe.training, gradient_checkpointing=True)},
            {"model": msgspec.structs.replace(model, lora=LoraSection(rank=2))},
            {"training": msgspec.structs.replace(recipe.training, cache_features=False)},
        )
    )
    assert saving.activation_bytes < 0.3 * plain.activation_bytes
    assert saving.tail_flops_per_node == pytest.approx(4 / 3 * plain.tail_flops_per_node, rel=0.01)
    assert saving.cast_bytes == 2 * plain.tail_parameters
    assert adapted.trained_parameters < 0.2 * plain.trained_parameters
    assert adapted.tail_bytes > plain.tail_bytes
    assert live.training_bytes() - live.trunk_bytes < plain.training_bytes()
    assert plain.training_bytes(4) - plain.activation_bytes == pytest.approx(
        (plain.training_bytes() - plain.activation_bytes) / 4, abs=1
    )


def test_the_command_says_it_in_words_and_in_json(tmp_path):
    base = save_base(tmp_path / "base")
    recipe = save_recipe(tmp_path / "recipe.yaml", base)
    arguments = ["plan", str(recipe), "--nodes", "2000000", "--processes", "2", "--tflops", "0.5"]
    said = CliRunner().invoke(cli, arguments, catch_exceptions=False).stdout
    assert "computed from shapes, not measured" in said
    assert "| features of 2 million nodes on disk | 0.1 GB |" in said
    found = json.loads(CliRunner().invoke(cli, [*arguments, "--json"], catch_exceptions=False).stdout)
    assert found["feature_bytes"] == 2_000_000 * 2 * HIDDEN
    flops = 2_000_000 * (found["trunk_flops_per_node"] + 10 * found["tail_flops_per_node"])
    assert found["hours"] == pytest.approx(flops / (2 * 0.5e12) / 3600)


def test_a_recipe_that_does_not_fit_the_model_is_refused(tmp_path):
    base = save_base(tmp_path / "base", layers=2)
    with pytest.raises(ModelError, match="the model has 2"):
        compute_budget(recipe_of(base, tmp_path), AutoConfig.from_pretrained(base))
