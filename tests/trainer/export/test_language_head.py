"""The optional output: the base language model's next-token log-probabilities, from the graph that scores."""

from __future__ import annotations

import json

import msgspec
import numpy as np
import onnxruntime
import pytest
import torch
from click.testing import CliRunner
from transformers import AutoModelForCausalLM

from codeodds.bundle.loader import load_bundle, read_manifest
from codeodds.bundle.manifest import encode
from codeodds.engine.api import Sampled, Writing
from codeodds.engine.onnx import OnnxModel
from codeodds.engine.scorer import open_scorer
from codeodds.errors import BundleUnsupported
from codeodds_trainer.cli.main import cli
from codeodds_trainer.export.drafts import make_reference
from codeodds_trainer.export.golden_units import GOLDEN_UNITS
from codeodds_trainer.export.language_head import load_language_head
from codeodds_trainer.ground.errors import ExportError
from codeodds_trainer.ground.recipe import read_recipe
from codeodds_trainer.ground.run_folder import RunFolder
from codeodds_trainer.training.value_model import load_checkpoint
from tests.trainer.tiny_models import save_base, save_programs, save_recipe


def change_recipe(path, **sections):
    recipe = json.loads(path.read_text())
    for name, section in sections.items():
        recipe[name] = section if section is None else {**(recipe[name] or {}), **section}
    path.write_text(json.dumps({name: section for name, section in recipe.items() if section is not None}))
    return path


@pytest.fixture(scope="module", params=[("qwen2", True), ("phi3", False)], ids=["qwen2-tied", "phi3-untied"])
def exported(request, tmp_path_factory):
    """A fitted run whose trunk is the whole, untouched base model."""
    architecture, tied = request.param
    folder = tmp_path_factory.mktemp("language")
    save_programs(folder / "toy.jsonl")
    base = save_base(folder / "base", architecture, tie_word_embeddings=tied, initializer_range=0.2)
    recipe = change_recipe(
        save_recipe(folder / "recipe.yaml", base),
        model={"layers": 4, "trainable_layers": 0},
        vocabulary={"min_count": 1, "first_ids": 200},
        export={"log_probabilities": True, "bits": 32},
    )
    options = ["--data", str(folder), "--run", str(folder / "run")]
    for command in (["fit", str(recipe)], ["export", "--out", str(folder / "bundle")]):
        result = CliRunner().invoke(cli, [*command, *options], catch_exceptions=False)
        assert result.exit_code == 0, result.output
    return folder


def graph_outputs(folder, ids):
    session = onnxruntime.InferenceSession(folder / "model.onnx")
    past = {
        entry.name: np.zeros((len(ids), entry.shape[1], 0, entry.shape[3]), np.float32)
        for entry in session.get_inputs()
        if entry.name.startswith("past")
    }
    positions = np.tile(np.arange(ids.shape[1]), (len(ids), 1))
    feed = {"input_ids": ids, "attention_mask": np.ones_like(ids), "position_ids": positions, **past}
    return session.run(["value", "log_probabilities"], feed)


def token_ids(path):
    content = json.loads(path.read_text())
    return {**content["model"]["vocab"], **{token["content"]: token["id"] for token in content["added_tokens"]}}


def test_they_are_the_bases_own_over_the_tokens_kept(exported):
    reference = make_reference(RunFolder(exported / "run"), read_recipe(exported / "run" / "recipe.yaml"))
    kept, base_ids = token_ids(reference / "tokenizer.json"), token_ids(exported / "base" / "tokenizer.json")
    rows = torch.tensor([base_ids[token] for token in sorted(kept, key=kept.get)])
    assert 100 < len(rows) < len(base_ids)
    ids = torch.from_numpy(np.random.default_rng(0).integers(0, len(rows), (2, 20)))
    values, found = graph_outputs(reference, ids.numpy())
    model = load_checkpoint(exported / "run" / "model").eval()
    base = AutoModelForCausalLM.from_pretrained(exported / "base").eval()
    assert not torch.equal(base.base_model.norm.weight, model.base_model.norm.weight)
    for own, trained in zip(base.base_model.layers.parameters(), model.base_model.layers.parameters(), strict=True):
        assert torch.equal(own, trained)
    embedded = model.get_input_embeddings()(ids)
    assert torch.equal(base.get_input_embeddings()(rows[ids]), embedded)
    with torch.no_grad():
        wanted = torch.log_softmax(base(inputs_embeds=embedded).logits[..., rows], dim=-1).numpy()
        wanted_values = model(input_ids=ids).logits[..., 0].numpy()
    assert found.shape == (2, 20, len(rows))
    assert wanted.std() > 0.1
    assert found == pytest.approx(wanted, abs=1e-5)
    assert values == pytest.approx(wanted_values, abs=1e-5)


def test_the_engine_scores_such_a_bundle_and_its_manifest_says_so(exported):
    bundle = load_bundle(exported / "bundle")
    assert bundle.manifest.graph.log_probabilities
    assert b'"log_probabilities": true' in encode(bundle.manifest)
    score = open_scorer(exported / "bundle", threads=1).score(GOLDEN_UNITS[0])
    assert 0 < score.probability < 1


def test_the_engine_writes_what_torch_would(exported):
    """Greedily, through the cache and beside each other, against the base model run in full for every token."""
    bundle = exported / "bundle"
    tokenizer = load_bundle(bundle).tokenizer
    kept, base_ids = token_ids(bundle / "tokenizer.json"), token_ids(exported / "base" / "tokenizer.json")
    rows = torch.tensor([base_ids[token] for token in sorted(kept, key=kept.get)])
    base = AutoModelForCausalLM.from_pretrained(exported / "base").eval()
    prompt = GOLDEN_UNITS[0].problem
    ids = tokenizer.encode_prompt(prompt).tolist()
    wanted = []
    with torch.no_grad():
        while len(wanted) < 8:
            token = int(base(input_ids=rows[torch.tensor([ids + wanted])]).logits[0, -1, rows].argmax())
            if token in tokenizer.ends:
                break
            wanted.append(token)
    text = tokenizer.continuation(np.asarray(ids), wanted)
    found = open_scorer(bundle, threads=1).write(Writing(prompt, samples=2, max_tokens=8, temperature=0.0))
    assert found == [Sampled(text, finished=len(wanted) < 8)] * 2
    assert len(wanted) > 0


def test_a_manifest_that_promises_them_in_vain_is_refused(exported):
    bundle = load_bundle(exported / "bundle")
    wrong = msgspec.structs.replace(bundle.manifest.graph, vocabulary=bundle.manifest.graph.vocabulary + 1)
    with pytest.raises(BundleUnsupported, match="output tensor 'log_probabilities' has size"):
        OnnxModel(bundle.graph_path, wrong, 1)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"trainable_layers": 2}, r"model\.trainable_layers = 2; set it to 0"),
        ({"layers": 3}, r"all 4 layers of the base model, but model\.layers = 3"),
    ],
)
def test_a_trunk_that_is_not_the_base_is_refused(exported, change, words):
    run = exported / "run"
    recipe = read_recipe(run / "recipe.yaml")
    changed = msgspec.structs.replace(recipe, model=msgspec.structs.replace(recipe.model, **change))
    with pytest.raises(ExportError, match=words):
        load_language_head(changed, RunFolder(run), base_layers=4)


def test_a_run_that_kept_no_head_is_refused(exported, tmp_path):
    recipe = read_recipe(exported / "run" / "recipe.yaml")
    with pytest.raises(ExportError, match="fit again"):
        load_language_head(recipe, RunFolder(tmp_path), base_layers=4)


def test_a_graph_without_them_says_nothing_of_them(exported):
    manifest = read_manifest(exported / "bundle")
    plain = msgspec.structs.replace(manifest.graph, log_probabilities=False)
    assert b"log_probabilities" not in encode(msgspec.structs.replace(manifest, graph=plain))
