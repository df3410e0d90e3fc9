"""Every committed recipe is read, and the presets for the Phi-4 models run as they are on tiny models of their kind."""

from __future__ import annotations

import json

import pytest
import yaml
from accelerate.commands.config.config_args import load_config_from_file
from click.testing import CliRunner

from codeodds.bundle.loader import load_bundle
from codeodds.engine.scorer import open_scorer
from codeodds.errors import UnitTooLong
from codeodds.types import ScoringUnit
from codeodds_trainer.cli.main import cli
from codeodds_trainer.ground.recipe import read_recipe
from codeodds_trainer.training.value_model import load_checkpoint
from tests.policy.project import ROOT
from tests.trainer.tiny_models import save_base, save_programs

RECIPES = sorted((ROOT / "models" / "recipes").glob("*.yaml"))
PRESETS = {
    "phi-4-mini-paper": {
        "tie_word_embeddings": True,
        "partial_rotary_factor": 0.75,
        "hidden_size": 64,
        "max_position_embeddings": 4096,
        "original_max_position_embeddings": 256,
        "rope_scaling": {"type": "longrope", "short_factor": [1.0] * 6, "long_factor": [2.0] * 6},
        "sliding_window": 262_144,
    },
    "phi-4-paper": {"max_position_embeddings": 16_384, "rope_theta": 250_000.0},
}
"""What sets the published models apart from other Phi-3 models, in small."""


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_a_committed_recipe_is_read(path):
    recipe = read_recipe(path)
    assert recipe.data.files
    assert recipe.model.layers is None or recipe.model.trainable_layers <= recipe.model.layers
    assert set(recipe.data.train_splits).isdisjoint(recipe.data.validation_splits)
    # Its launch command stands in its header.
    assert f"fit models/recipes/{path.name} --data DATA --run" in path.read_text("utf-8")


def test_a_default_recipe_is_committed():
    assert "default" in {path.stem for path in RECIPES}


@pytest.mark.parametrize("name", PRESETS)
def test_the_presets_are_the_papers_recipe(name):
    recipe = read_recipe(ROOT / "models" / "recipes" / f"{name}.yaml")
    training = recipe.training
    assert (recipe.model.trainable_layers, recipe.model.faults, recipe.model.lora) == (12, 0, None)
    assert (training.loss, training.learning_rate, training.head_learning_rate) == ("bce", 1e-4, 1e-4)
    assert (training.epochs, training.probe_ridge, training.lm_loss_weight) == (2, None, 0.0)
    assert (recipe.data.balance, recipe.data.targets, recipe.data.position_power) == (True, "outcome", 0.0)


def test_accelerate_reads_the_preset_for_sharding():
    config = load_config_from_file(str(ROOT / "models" / "recipes" / "accelerate" / "fsdp.yaml"))
    assert config.distributed_type.value == "FSDP"
    assert config.fsdp_config["fsdp_version"] == 2


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_makes_a_bundle_of_a_tiny_model_of_its_kind(name, tmp_path):
    base = save_base(tmp_path / "base", "phi3", layers=14, **PRESETS[name])
    config = json.loads((base / "config.json").read_text())
    # The published models name code of their own; the library's class is used instead.
    config["auto_map"] = {"AutoConfig": "configuration_phi3.Phi3Config"}
    (base / "config.json").write_text(json.dumps(config))
    save_programs(tmp_path / "train.jsonl", problems=24)
    (tmp_path / "valid.jsonl").write_text((tmp_path / "train.jsonl").read_text())
    content = yaml.safe_load((ROOT / "models" / "recipes" / f"{name}.yaml").read_text())
    content["base"]["path"] = str(base)
    content["data"]["files"] = [{"name": "train.jsonl"}]
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(yaml.safe_dump(content))
    options = ["--data", str(tmp_path), "--run", str(tmp_path / "run")]
    for arguments in (["fit", str(recipe), *options], ["export", *options, "--out", str(tmp_path / "bundle")]):
        result = CliRunner().invoke(cli, arguments, catch_exceptions=False)
        assert result.exit_code == 0, result.output
    manifest = load_bundle(tmp_path / "bundle").manifest
    assert manifest.graph.layers == manifest.base.base_layers == 14
    assert load_checkpoint(tmp_path / "run" / "model").config.num_hidden_layers == 14
    scorer = open_scorer(tmp_path / "bundle")
    unit = ScoringUnit("def f(a):\n", "    return a\n" * 100)
    if name == "phi-4-mini-paper":
        assert manifest.max_tokens == 256
        with pytest.raises(UnitTooLong, match="256"):
            scorer.score(unit)
    else:
        assert manifest.max_tokens == 4096
        assert len(scorer.score(unit).values) > 256
