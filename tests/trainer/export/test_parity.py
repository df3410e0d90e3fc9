"""The graph that the engine runs computes what torch computes: every architecture, every chunking, any batch."""

from __future__ import annotations

import numpy as np
import pytest

from codeodds.bundle.loader import load_bundle
from codeodds.bundle.tokenization import CodeTokenizer
from codeodds.engine.scorer import open_scorer
from codeodds.errors import UnitTooLong
from codeodds.types import ScoringUnit
from codeodds_trainer.export.parity import compare_with_torch, run_torch
from tests.trainer.exported_models import FAMILIES, LONGROPE_LENGTH, open_model, value_model, write_bundle

TOKENS = 40
CHUNKINGS = {
    "one pass": [],
    "random chunks": sorted(np.random.default_rng(2).choice(np.arange(1, TOKENS), 7, replace=False).tolist()),
    "token by token": list(range(1, TOKENS)),
}


@pytest.fixture(scope="module", params=sorted(FAMILIES))
def exported(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    model = value_model(folder / "base", request.param, initializer_range=0.1)
    return model, open_model(write_bundle(model, folder / "base" / "tokenizer.json", folder / "bundle"))


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("chunking", list(CHUNKINGS))
def test_float32_equals_torch(exported, chunking, batch):
    model, runtime = exported
    ids = np.random.default_rng(batch).integers(0, 300, (batch, TOKENS))
    found = compare_with_torch(model, runtime, ids, CHUNKINGS[chunking])
    assert found.value <= 1e-5
    assert found.present <= 1e-5


def test_the_values_say_something(exported):
    model, _ = exported
    values, memory = run_torch(model, np.random.default_rng(1).integers(0, 300, (3, TOKENS)))
    assert values.shape == (3, TOKENS)
    assert values.std() > 0.2
    assert memory.tokens == TOKENS


@pytest.fixture(scope="module")
def longrope(tmp_path_factory):
    folder = tmp_path_factory.mktemp("longrope")
    model = value_model(folder / "base", "phi3-longrope", initializer_range=0.1)
    return model, write_bundle(model, folder / "base" / "tokenizer.json", folder / "bundle")


def unit_of(folder, tokens):
    """A unit of exactly this many tokens, by a tokenizer without limit."""
    tokenizer = CodeTokenizer.from_file(folder / "tokenizer.json", 10_000)
    unit = ScoringUnit("def f():\n", "    ")
    while len(tokenizer.encode(unit).ids) < tokens:
        unit = ScoringUnit(unit.problem, unit.solution + "!")
    assert len(tokenizer.encode(unit).ids) == tokens
    return unit


@pytest.mark.parametrize("tokens", [LONGROPE_LENGTH - 1, LONGROPE_LENGTH])
def test_longrope_equals_torch_up_to_its_original_context(longrope, tokens):
    model, folder = longrope
    bundle = load_bundle(folder)
    assert bundle.manifest.max_tokens == LONGROPE_LENGTH
    unit = unit_of(folder, tokens)
    encoded = bundle.tokenizer.encode(unit)
    wanted = run_torch(model, encoded.ids[None])[0][0, encoded.solution_start :]
    assert open_scorer(folder, threads=1).score(unit).raw == pytest.approx(wanted, abs=1e-5)


def test_longrope_is_refused_beyond_before_anything_runs(longrope, monkeypatch):
    _, folder = longrope
    scorer = open_scorer(folder, threads=1)
    monkeypatch.setattr("codeodds.engine.onnx.OnnxModel.run", lambda *_: pytest.fail("it ran"))
    with pytest.raises(
        UnitTooLong, match=f"have {LONGROPE_LENGTH + 1} tokens; this model reads at most {LONGROPE_LENGTH}"
    ):
        scorer.score(unit_of(folder, LONGROPE_LENGTH + 1))


def test_beyond_its_original_context_the_graph_would_be_wrong(longrope):
    """Why the limit is there: torch takes the long factors for the whole text, the graph has the short ones."""
    model, folder = longrope
    ids = np.random.default_rng(0).integers(0, 300, (1, LONGROPE_LENGTH + 1))
    assert compare_with_torch(model, open_model(folder), ids, []).value > 1e-3
    assert compare_with_torch(model, open_model(folder), ids[:, :-1], []).value <= 1e-5
