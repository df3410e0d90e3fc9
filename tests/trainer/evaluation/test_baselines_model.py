"""The baseline that reads a language model: token log-probabilities."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from codeodds_trainer.evaluation.baselines import language_pass
from codeodds_trainer.evaluation.baselines.language_pass import run_language_model
from codeodds_trainer.evaluation.baselines.measure import (
    MEAN_LOG_PROBABILITY,
    SUMMED_LOG_PROBABILITY,
    measure_baselines,
)
from codeodds_trainer.evaluation.baselines.options import BaselineOptions, read_options
from codeodds_trainer.evaluation.baselines.store import ValueStore
from codeodds_trainer.ground.base_model import BaseModelSource
from codeodds_trainer.ground.errors import RecipeError
from codeodds_trainer.ground.labelled import LabelledProblem, LabelledProgram, read_problems
from codeodds_trainer.ground.language_model import LanguageModel
from codeodds_trainer.ground.scoring import text_key
from tests.trainer.tiny_models import save_base, save_programs, save_recipe

PROMPT = 'import math\n\n\ndef add(a, b):\n    """Add a and b.\n\n    >>> add(1, 2)\n    3\n    """\n'


def problem(*completions, prompt=PROMPT, split="test", name="p/1"):
    programs = tuple(LabelledProgram(text, index % 2 == 0, "g") for index, text in enumerate(completions))
    return LabelledProblem(name, split, "toy", prompt, programs)


PROBLEM = problem("    return a + b\n", "    return a - b\n", "    x = a\n    return x + b\n")


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return BaseModelSource(str(save_base(tmp_path_factory.mktemp("lm"), "qwen2")))


@pytest.fixture(scope="module")
def model(source):
    """In float32, so that two ways to the same number can be told from two numbers."""
    model = LanguageModel(source, 400)
    model.model.float()
    return model


def slow_log_probabilities(model, text, start):
    """Of each token that ends behind the character `start`, one text at a time."""
    encoding = model.tokenizer._tokenizer.encode(text, add_special_tokens=False)
    with torch.no_grad():
        logits = model.model(input_ids=torch.tensor([encoding.ids])).logits[0].log_softmax(-1)
    return [
        float(logits[place - 1, token])
        for place, (token, (_, end)) in enumerate(zip(encoding.ids, encoding.offsets, strict=True))
        if end > start
    ]


@pytest.fixture
def nothing_runs(monkeypatch):
    """From here on, a run of the model fails the test."""
    return lambda: monkeypatch.setattr(language_pass, "read_pack", lambda *_: pytest.fail("computed again"))


def test_token_log_probabilities_are_those_of_the_model_itself(model, tmp_path):
    store = ValueStore(tmp_path / "logprob.jsonl")
    with store:
        run_language_model(model, [PROBLEM], store, "toy")
    for program in PROBLEM.programs:
        expected = slow_log_probabilities(model, PROMPT + program.completion, len(PROMPT))
        np.testing.assert_allclose(store.values[text_key(PROBLEM, program)], expected, atol=2e-5)


def test_their_sum_is_transformers_own_loss(model, tmp_path):
    program = PROBLEM.programs[2]
    store = ValueStore(tmp_path / "logprob.jsonl")
    with store:
        run_language_model(model, [PROBLEM], store, "toy")
    encoding = model.tokenizer._tokenizer.encode(PROMPT + program.completion, add_special_tokens=False)
    labels = [t if end > len(PROMPT) else -100 for t, (_, end) in zip(encoding.ids, encoding.offsets, strict=True)]
    with torch.no_grad():
        loss = model.model(input_ids=torch.tensor([encoding.ids]), labels=torch.tensor([labels])).loss
    values = store.values[text_key(PROBLEM, program)]
    assert sum(values) / len(values) == pytest.approx(-float(loss), abs=1e-4)


def test_programs_that_are_too_long_or_empty_have_no_values(model, tmp_path):
    odd = problem("    return a\n", "", "    return " + "a + " * 500 + "b\n")
    store = ValueStore(tmp_path / "logprob.jsonl")
    with store:
        run_language_model(model, [odd], store, "toy")
    assert [store.values[text_key(odd, program)] is None for program in odd.programs] == [False, True, True]
    assert len(store.scored([odd]).rows) == 1
    assert store.pending([odd]) == []


def test_a_torn_store_goes_on_and_nothing_is_computed_twice(model, tmp_path, monkeypatch):
    problems = [PROBLEM, problem("    return b\n", "    return a\n", name="p/2", prompt=PROMPT.replace("add", "sub"))]
    path = tmp_path / "logprob.jsonl"
    with ValueStore(path) as store:
        run_language_model(model, problems, store, "toy")
    whole = path.read_bytes()
    path.write_bytes(whole[:-5])
    runs = []
    real = language_pass.read_pack
    monkeypatch.setattr(language_pass, "read_pack", lambda *args: runs.append(args[1]) or real(*args))
    for expected in (1, 1):
        with ValueStore(path) as store:
            run_language_model(model, problems, store, "toy")
        assert len(runs) == expected
        assert path.read_bytes() == whole


def test_new_programs_of_a_known_problem_run_alone(model, tmp_path):
    with ValueStore(tmp_path / "s.jsonl") as store:
        run_language_model(model, [problem("    return a\n")], store, "toy")
        longer = problem("    return a\n", "    return b\n")
        assert [p.completion for p in store.pending([longer])[0].programs] == ["    return b\n"]
        run_language_model(model, [longer], store, "toy")
    assert len((tmp_path / "s.jsonl").read_bytes().splitlines()) == 2
    assert len(store.scored([longer]).rows) == 2


@pytest.fixture(scope="module")
def toy(tmp_path_factory, source):
    folder = tmp_path_factory.mktemp("toy")
    save_programs(folder / "toy.jsonl")
    recipe = save_recipe(folder / "recipe.yaml", source.path)
    return folder, recipe


def test_log_probabilities_from_a_recipe_are_computed_once(toy, tmp_path, nothing_runs):
    folder, recipe = toy
    options = read_options(["logprob"], recipe, max_tokens=400)
    test = read_problems(folder / "toy.jsonl", ["test"])
    found = measure_baselines({"toy": test}, options, tmp_path, lambda _: None)["toy"]
    assert list(found) == [MEAN_LOG_PROBABILITY, SUMMED_LOG_PROBABILITY]
    readings = [(baseline.reading, baseline.tokenwise) for baseline in found.values()]
    assert readings == [("mean", True), ("sum", True)]
    texts = {text_key(item, program) for item in test if item.mixed for program in item.programs}
    assert {row.text for row in found[MEAN_LOG_PROBABILITY].scored.rows} == texts
    nothing_runs()
    again = measure_baselines({"toy": test}, options, tmp_path, lambda _: None)["toy"]
    for name, baseline in found.items():
        assert again[name].scored.rows == baseline.scored.rows


def test_a_recipe_alone_asks_for_log_probability_and_nothing_for_nothing(toy):
    _, recipe = toy
    assert read_options([], recipe, max_tokens=400).names == ("logprob",)
    assert read_options([], None, max_tokens=400).names == ()
    assert read_options(["static"], recipe, max_tokens=400).names == ("static",)


def test_a_baseline_without_its_model_says_what_is_missing():
    with pytest.raises(RecipeError, match=r"--baseline logprob needs a language model.*--baseline-recipe"):
        read_options(["static", "logprob"], None, max_tokens=400)
    with pytest.raises(RecipeError, match="--baseline nothing: there is no such baseline; choose logprob"):
        read_options(["nothing"], None, max_tokens=400)


def test_a_model_is_named_by_its_files_not_by_its_place(source, tmp_path):
    one = LanguageModel(source, 400).identity
    assert one != LanguageModel(source, 500).identity
    assert one != LanguageModel(BaseModelSource(str(save_base(tmp_path / "lm", "qwen2", layers=2))), 400).identity


def test_no_baseline_asked_for_is_an_empty_answer(tmp_path):
    assert measure_baselines({"toy": [PROBLEM]}, BaselineOptions(()), tmp_path, lambda _: None) == {"toy": {}}
