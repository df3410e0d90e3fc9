"""The base language model's upper layers and head, above the graph that scores."""

from __future__ import annotations

import json

import msgspec
import numpy as np
import pytest
import torch
from click.testing import CliRunner
from transformers import AutoModelForCausalLM

from codeodds.bundle.loader import load_bundle, read_manifest
from codeodds.bundle.manifest import encode
from codeodds.engine.api import Cancellation, Sampled, Writing
from codeodds.engine.onnx import OnnxModel
from codeodds.engine.scorer import open_scorer
from codeodds.errors import BundleUnsupported
from codeodds_trainer.cli.main import cli
from codeodds_trainer.export.golden_units import GOLDEN_UNITS
from codeodds_trainer.export.language_model import add_language_model, check_language_model
from codeodds_trainer.export.quantization import FLOAT32
from codeodds_trainer.ground.base_model import BaseModelSource
from codeodds_trainer.ground.errors import ExportError, ModelError
from codeodds_trainer.ground.recipe import read_recipe
from tests.trainer.tiny_models import save_base, save_programs, save_recipe

LAYERS, BASE_LAYERS = 3, 4


def change_recipe(path, **sections):
    recipe = json.loads(path.read_text())
    for name, section in sections.items():
        recipe[name] = section if section is None else {**(recipe[name] or {}), **section}
    path.write_text(json.dumps({name: section for name, section in recipe.items() if section is not None}))
    return path


@pytest.fixture(scope="module", params=[("qwen2", True), ("phi3", False)], ids=["qwen2-tied", "phi3-untied"])
def exported(request, tmp_path_factory):
    """A fitted run whose trunk is the untouched base model but for its last layer."""
    architecture, tied = request.param
    folder = tmp_path_factory.mktemp("language")
    save_programs(folder / "toy.jsonl")
    base = save_base(folder / "base", architecture, tie_word_embeddings=tied, initializer_range=0.2)
    recipe = change_recipe(
        save_recipe(folder / "recipe.yaml", base),
        model={"layers": LAYERS, "trainable_layers": 0},
        vocabulary={"min_count": 1, "first_ids": 200},
        export={"language_model": True, "bits": 32},
    )
    options = ["--data", str(folder), "--run", str(folder / "run")]
    for command in (["fit", str(recipe)], ["export", "--out", str(folder / "bundle")]):
        result = CliRunner().invoke(cli, [*command, *options], catch_exceptions=False)
        assert result.exit_code == 0, result.output
    return folder


def token_ids(path):
    content = json.loads(path.read_text())
    return {**content["model"]["vocab"], **{token["content"]: token["id"] for token in content["added_tokens"]}}


def base_rows(folder):
    """The base model's id of each id of the bundle."""
    kept, known = token_ids(folder / "bundle" / "tokenizer.json"), token_ids(folder / "base" / "tokenizer.json")
    assert 100 < len(kept) < len(known)
    return torch.tensor([known[token] for token in sorted(kept, key=kept.get)])


def test_they_are_the_bases_own_over_the_tokens_kept_for_any_chunking_and_padding(exported):
    rows = base_rows(exported)
    ids = np.random.default_rng(0).integers(0, len(rows), (1, 24))
    base = AutoModelForCausalLM.from_pretrained(exported / "base").eval()
    with torch.no_grad():
        wanted = torch.log_softmax(base(rows[torch.from_numpy(ids)]).logits[..., rows], dim=-1).numpy()
    assert wanted.std() > 0.1
    bundle = load_bundle(exported / "bundle")
    model = OnnxModel(bundle.graph_path, bundle.manifest.graph, 1)
    assert (bundle.manifest.graph.layers, bundle.manifest.graph.upper.layers) == (LAYERS, BASE_LAYERS - LAYERS)
    for cuts in ([], [2, 3, 17]):
        lower, upper, found = model.empty_memory(), model.empty_upper_memory(), []
        for part in np.split(ids, cuts, axis=1):
            _, hidden, lower = model.run_lower(part, lower)
            logs, upper = model.run_upper(hidden, upper, np.arange(part.shape[1]))
            found.append(logs)
        assert np.concatenate(found, axis=1) == pytest.approx(wanted, abs=1e-5)
    # Two rows share the memory of ten tokens, of which the second has six.
    mask = np.asarray([[1] * 10, [1] * 6 + [0] * 4])
    lower, upper = lower.cut(10).repeat(2), upper.cut(10).repeat(2)
    following = np.stack([ids[0, 10:14], ids[0, 6:10]])
    _, hidden, _ = model.run_lower(following, lower, mask=mask)
    logs, _ = model.run_upper(hidden, upper, np.asarray([3, 0]), mask=mask)
    assert logs[0] == pytest.approx(wanted[0, [13, 10]], abs=1e-5)
    assert logs[1] == pytest.approx(wanted[0, [9, 6]], abs=1e-5)


def test_values_are_those_of_the_bundle_without_it(exported, tmp_path):
    plain = change_recipe(exported / "recipe.yaml", export={"language_model": False, "bits": 32})
    options = ["--data", str(exported), "--run", str(tmp_path / "run")]
    for command in (["fit", str(plain)], ["export", "--out", str(tmp_path / "bundle")]):
        assert CliRunner().invoke(cli, [*command, *options], catch_exceptions=False).exit_code == 0
    manifest = read_manifest(tmp_path / "bundle")
    assert manifest.graph.upper is None
    assert b'"upper"' not in encode(manifest)
    for unit in GOLDEN_UNITS:
        with_it, without = (open_scorer(folder / "bundle", threads=1).score(unit) for folder in (exported, tmp_path))
        assert with_it.raw.tolist() == without.raw.tolist()


def test_the_engine_writes_what_torch_would(exported):
    """Greedily, through the cache and beside each other, against the base model run in full for every token."""
    tokenizer, rows = load_bundle(exported / "bundle").tokenizer, base_rows(exported)
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
    found = open_scorer(exported / "bundle", threads=1).write(Writing(prompt, samples=2, max_tokens=8, temperature=0.0))
    assert found == [Sampled(text, finished=len(wanted) < 8)] * 2
    assert len(wanted) > 0


def test_the_engine_reads_a_text_and_texts_that_differ_in_one_place(exported):
    scorer = open_scorer(exported / "bundle", threads=1)
    encoded = load_bundle(exported / "bundle").tokenizer.encode(GOLDEN_UNITS[2])
    ids, start = encoded.ids, encoded.solution_start
    rows = base_rows(exported)
    base = AutoModelForCausalLM.from_pretrained(exported / "base").eval()

    def wanted(tokens):
        with torch.no_grad():
            logits = base(input_ids=rows[torch.from_numpy(tokens)][None]).logits[0][..., rows]
        return torch.log_softmax(logits, dim=-1).numpy()

    logs, places = wanted(ids), np.arange(start, len(ids))
    reading = scorer.language.read(ids, start, [(start, 7), (len(ids) - 1, 9)], Cancellation())
    assert reading.own[start:] == pytest.approx(logs[places - 1, ids[places]], abs=1e-5)
    assert reading.asked == pytest.approx([logs[start - 1, 7], logs[len(ids) - 2, 9]], abs=1e-5)
    assert reading.likeliest[places, 0].tolist() == logs[places - 1].argmax(axis=-1).tolist()
    changed = [np.asarray([7, *ids[start + 1 :]]), np.asarray([9, 8, *ids[start + 9 : start + 12]])]
    found = scorer.language.read_rows(reading, [(start, changed[0]), (start + 8, changed[1])], Cancellation())
    for first, row, (own, likeliest) in zip((start, start + 8), changed, found, strict=True):
        behind = wanted(np.append(ids[:first], row))[first:]
        assert own == pytest.approx(behind[np.arange(len(row) - 1), row[1:]], abs=1e-5)
        assert likeliest.tolist() == behind.argmax(axis=-1).tolist()


def use(model):
    _, hidden, _ = model.run_lower(np.asarray([[1, 2]]), model.empty_memory())
    model.run_upper(hidden, model.empty_upper_memory(), np.asarray([0]))


@pytest.mark.parametrize("change", [{"vocabulary": 1}, {"upper": {"width": 1}}, {"upper": {"layers": 1}}])
def test_a_graph_that_is_not_as_the_manifest_says_is_refused(exported, change):
    bundle = load_bundle(exported / "bundle")
    graph = bundle.manifest.graph
    if "vocabulary" in change:
        wrong = msgspec.structs.replace(graph, vocabulary=graph.vocabulary + 1)
    else:
        more = {name: getattr(graph.upper, name) + by for name, by in change["upper"].items()}
        wrong = msgspec.structs.replace(graph, upper=msgspec.structs.replace(graph.upper, **more))
    with pytest.raises(BundleUnsupported, match=r"tensor '.*' (has size|is missing)"):
        use(OnnxModel(bundle.graph_path, wrong, 1))


def test_what_cannot_have_one_says_why(exported, tmp_path):
    recipe = read_recipe(exported / "run" / "recipe.yaml")
    trained = msgspec.structs.replace(recipe, model=msgspec.structs.replace(recipe.model, trainable_layers=2))
    wanted = msgspec.structs.replace(trained, export=msgspec.structs.replace(trained.export, language_model=True))
    with pytest.raises(ExportError, match=r"model\.trainable_layers = 2; set it to 0"):
        check_language_model(wanted)
    with pytest.raises(ModelError, match="no language model at"):
        add_language_model(exported / "bundle", BaseModelSource(str(tmp_path)), FLOAT32, 90)
    other = save_base(tmp_path / "short", "qwen2", num_hidden_layers=LAYERS)
    with pytest.raises(ExportError, match=rf"reads layer {LAYERS} of {LAYERS}"):
        add_language_model(exported / "bundle", BaseModelSource(str(other)), FLOAT32, 90)
