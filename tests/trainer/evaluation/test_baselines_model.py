"""Baselines that read a language model: token log-probabilities, the reviewer, the frozen probe."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from codeodds_trainer.evaluation.baselines import language_pass, reviewer
from codeodds_trainer.evaluation.baselines.language_pass import Wanted, run_language_model
from codeodds_trainer.evaluation.baselines.measure import (
    CODER_REVIEWER,
    CODER_REVIEWER_NORMALISED,
    MEAN_LOG_PROBABILITY,
    PROBE,
    REVIEWER,
    SUMMED_LOG_PROBABILITY,
    measure_baselines,
)
from codeodds_trainer.evaluation.baselines.options import BaselineOptions, read_options
from codeodds_trainer.evaluation.baselines.pooled import PooledStates
from codeodds_trainer.evaluation.baselines.probe import choose_probe, fit_logistic, gather
from codeodds_trainer.evaluation.baselines.reviewer import REQUEST, cap, statement_values, task_of
from codeodds_trainer.evaluation.baselines.store import ValueStore
from codeodds_trainer.ground.base_model import BaseModelSource
from codeodds_trainer.ground.errors import CacheError, ModelError, RecipeError, TrainingError
from codeodds_trainer.ground.labelled import LabelledProblem, LabelledProgram, read_problems
from codeodds_trainer.ground.language_model import LanguageModel
from codeodds_trainer.ground.metrics import within_problem_auroc
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

    def forbid():
        for module in (language_pass, reviewer):
            monkeypatch.setattr(module, "read_pack", lambda *_: pytest.fail("computed again"))

    return forbid


def test_token_log_probabilities_are_those_of_the_model_itself(model, tmp_path):
    store = ValueStore(tmp_path / "logprob.jsonl")
    with store:
        run_language_model(model, [PROBLEM], Wanted(store), "toy")
    for program in PROBLEM.programs:
        expected = slow_log_probabilities(model, PROMPT + program.completion, len(PROMPT))
        np.testing.assert_allclose(store.values[text_key(PROBLEM, program)], expected, atol=2e-5)


def test_their_sum_is_transformers_own_loss(model, tmp_path):
    program = PROBLEM.programs[2]
    store = ValueStore(tmp_path / "logprob.jsonl")
    with store:
        run_language_model(model, [PROBLEM], Wanted(store), "toy")
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
        kept = run_language_model(model, [odd], Wanted(store), "toy")
    assert [program.completion for program in kept[0].programs] == ["    return a\n"]
    assert [store.values[text_key(odd, program)] is None for program in odd.programs] == [False, True, True]
    assert len(store.scored([odd]).rows) == 1
    assert store.pending([odd]) == []


def test_a_torn_store_goes_on_and_nothing_is_computed_twice(model, tmp_path, monkeypatch):
    problems = [PROBLEM, problem("    return b\n", "    return a\n", name="p/2", prompt=PROMPT.replace("add", "sub"))]
    path = tmp_path / "logprob.jsonl"
    with ValueStore(path) as store:
        run_language_model(model, problems, Wanted(store), "toy")
    whole = path.read_bytes()
    path.write_bytes(whole[:-5])
    runs = []
    real = language_pass.read_pack
    monkeypatch.setattr(language_pass, "read_pack", lambda *args: runs.append(args[1]) or real(*args))
    for expected in (1, 1):
        with ValueStore(path) as store:
            run_language_model(model, problems, Wanted(store), "toy")
        assert len(runs) == expected
        assert path.read_bytes() == whole


def test_new_programs_of_a_known_problem_run_alone(model, tmp_path):
    with ValueStore(tmp_path / "s.jsonl") as store:
        run_language_model(model, [problem("    return a\n")], Wanted(store), "toy")
        longer = problem("    return a\n", "    return b\n")
        assert [p.completion for p in store.pending([longer])[0].programs] == ["    return b\n"]
        run_language_model(model, [longer], Wanted(store), "toy")
    assert len((tmp_path / "s.jsonl").read_bytes().splitlines()) == 2
    assert len(store.scored([longer]).rows) == 2


def test_hidden_states_are_pooled_over_the_solution(model, tmp_path):
    states = PooledStates(tmp_path, "tiny")
    run_language_model(model, [PROBLEM], Wanted(states=states, layers=(2, 4)), "toy")
    for index, program in enumerate(PROBLEM.programs):
        text = PROMPT + program.completion
        encoding = model.tokenizer._tokenizer.encode(text, add_special_tokens=False)
        with torch.no_grad():
            output = model.model(input_ids=torch.tensor([encoding.ids]), output_hidden_states=True)
        for layer in (2, 4):
            own = output.hidden_states[layer][0][[end > len(PROMPT) for _, end in encoding.offsets]]
            expected = torch.cat([own[-1], own.mean(dim=0)]).numpy()
            np.testing.assert_allclose(states.load(PROBLEM, layer)[index], expected, atol=2e-3)


def test_hidden_states_that_do_not_fit_are_refused_before_anything_runs(model, tmp_path, nothing_runs):
    nothing_runs()
    with pytest.raises(CacheError, match=r"need 0.0 GB .* limit is 1e-09 GB"):
        run_language_model(model, [PROBLEM], Wanted(states=PooledStates(tmp_path, "tiny", 1e-9), layers=(4,)), "toy")


@pytest.mark.parametrize(
    ("prompt", "before", "statement", "after"),
    [
        (PROMPT, "import math\n\n\ndef add(a, b):\n", "Add a and b.\n\n>>> add(1, 2)\n3", ""),
        ('"""\nSum it.\n"""\n\n\n', "", "Sum it.", "\n\n"),
        ('class A:\n    """Not this."""\n\n    def f(self):\n        """This."""\n', None, "This.", ""),
    ],
)
def test_the_task_is_the_last_docstring(prompt, before, statement, after):
    task = task_of(prompt)
    assert (task.statement, task.after) == (statement, after)
    assert before is None or task.before == before


def test_a_prompt_without_docstring_has_no_task():
    assert task_of("def f(x):\n    # Doubles x.\n") is None
    assert task_of("x = 1\n") is None


def test_the_reviewer_reads_the_program_then_the_task():
    unit = task_of(PROMPT).review("    return a + b\n")
    program = "import math\n\n\ndef add(a, b):\n    return a + b"
    assert unit.problem == program + REQUEST + '"""'
    assert unit.solution == 'Add a and b.\n\n>>> add(1, 2)\n3"""'


def test_reviewer_log_probabilities_equal_a_slow_computation(model):
    values = statement_values(model, PROBLEM)
    task = task_of(PROMPT)
    for program in PROBLEM.programs:
        unit = task.review(program.completion)
        expected = slow_log_probabilities(model, unit.problem + unit.solution, len(unit.problem))
        np.testing.assert_allclose(values[text_key(PROBLEM, program)], expected, atol=2e-5)


def test_a_cap_keeps_both_labels_and_is_part_of_a_higher_cap():
    many = [
        LabelledProblem(f"p/{n}", "test", "toy", "", tuple(LabelledProgram(str(i), i == 0, "g") for i in range(20)))
        for n in range(10)
    ]
    small = cap(many, 4, 3)
    assert [len(item.programs) for item in small] == [3] * 4
    assert all(item.mixed for item in small)
    assert {item.problem_id for item in small} < {item.problem_id for item in cap(many, 7, 3)}
    assert cap(many, None, None) == many


def test_a_cap_counts_a_problem_under_two_prompts_once():
    one, other = problem("a", "b", "c"), problem("d", "e", prompt=PROMPT.replace("add", "plus"))
    third = problem("f", "g", name="p/2")
    assert {item.problem_id for item in cap([one, other, third], 1, None)} in ({"p/1"}, {"p/2"})
    capped = cap([one, other, third], None, 3)
    assert sum(len(item.programs) for item in capped if item.problem_id == "p/1") == 3


def synthetic(tmp_path, count, seed, shift=1.0):
    """Problems with stored states that a linear layer can tell apart, by a direction that is not the first."""
    rng = np.random.default_rng(seed)
    states = PooledStates(tmp_path, "synthetic")
    tmp_path.mkdir(exist_ok=True)
    problems = []
    for number in range(count):
        item = problem(*(f"{seed} {number} {index}" for index in range(6)), name=f"s/{seed}/{number}")
        rows = rng.normal(size=(6, 2, 8))
        rows += 5 * rng.normal(size=(1, 2, 8))
        rows[:, 1, 3] = [shift * program.passed for program in item.programs] + 0.1 * rng.normal(size=6)
        states.store(item, 1, rows)
        states.store(item, 2, rng.normal(size=(6, 2, 8)))
        problems.append(item)
    return problems, states


def test_the_probe_separates_what_is_separable_and_finds_its_layer(tmp_path):
    train, states = synthetic(tmp_path, 30, 1)
    validation, _ = synthetic(tmp_path, 10, 2)
    test, _ = synthetic(tmp_path, 10, 3)
    probe = choose_probe(train, validation, states, (2, 1))
    assert probe.layer == 1
    held_out = gather(test, states, 1)
    assert within_problem_auroc(probe.scores(held_out.features), held_out.labels, held_out.groups)[0] > 0.98
    assert int(np.argmax(np.abs(probe.weights))) == 8 + 3


def test_the_probes_fit_is_at_a_minimum_of_the_weighted_loss(tmp_path):
    train, states = synthetic(tmp_path, 12, 1)
    programs = gather(train, states, 2)
    weights, bias = fit_logistic(programs, 0.1)
    spread = programs.features.std(axis=0)

    def loss(coefficients, offset):
        logits = programs.features @ coefficients + offset
        losses = np.logaddexp(0, -np.where(programs.labels, 1, -1) * logits)
        return programs.weights @ losses + 0.1 * np.sum((coefficients * spread) ** 2)

    best = loss(weights, bias)
    rng = np.random.default_rng(0)
    for _ in range(50):
        step = 0.02 * rng.normal(size=17)
        assert loss(weights + step[:-1] / spread, bias + step[-1]) > best


def test_labels_weigh_alike_in_each_problem(tmp_path):
    item = problem("a", "b", "c")  # right, wrong, right
    states = PooledStates(tmp_path, "x")
    states.store(item, 1, np.zeros((3, 2, 4)))
    np.testing.assert_allclose(gather([item], states, 1).weights, [0.25, 0.5, 0.25])


def test_a_probe_without_both_labels_says_what_to_do(tmp_path):
    train, states = synthetic(tmp_path, 3, 1)
    with pytest.raises(TrainingError, match=r"no validation problem .* leave `--baseline probe` out"):
        choose_probe(train, [], states, (1,))


@pytest.fixture(scope="module")
def toy(tmp_path_factory, source):
    folder = tmp_path_factory.mktemp("toy")
    save_programs(folder / "toy.jsonl")
    recipe = save_recipe(folder / "recipe.yaml", source.path)
    return folder, recipe


def test_all_model_baselines_from_a_recipe_computed_once(toy, tmp_path, nothing_runs):
    folder, recipe = toy
    options = read_options(["probe", "reviewer", "logprob"], recipe, folder, max_tokens=400, reviewer_problems=3)
    test = read_problems(folder / "toy.jsonl", ["test"])
    said = []
    found = measure_baselines({"toy": test}, options, tmp_path, said.append)["toy"]
    assert list(found) == [
        PROBE, MEAN_LOG_PROBABILITY, SUMMED_LOG_PROBABILITY, REVIEWER, CODER_REVIEWER, CODER_REVIEWER_NORMALISED,
    ]  # fmt: skip
    readings = [(found[name].reading, found[name].tokenwise) for name in (MEAN_LOG_PROBABILITY, SUMMED_LOG_PROBABILITY)]
    assert readings == [("mean", True), ("sum", True)]
    mixed = [item for item in test if item.mixed]
    texts = {text_key(item, program) for item in mixed for program in item.programs}
    assert {row.text for row in found[MEAN_LOG_PROBABILITY].scored.rows} == texts
    assert {row.text for row in found[PROBE].scored.rows} == texts
    assert not found[REVIEWER].complete
    assert found[PROBE].complete
    assert any("the reviewer read" in line and "of 3 of" in line for line in said)
    coder = {row.text: row.values for row in found[MEAN_LOG_PROBABILITY].scored.rows}
    alone = {row.text: row.values[0] for row in found[REVIEWER].scored.rows}
    for row in found[CODER_REVIEWER].scored.rows:
        assert row.values[0] == pytest.approx(sum(coder[row.text]) + alone[row.text])
    nothing_runs()
    again = measure_baselines({"toy": test}, options, tmp_path, said.append)["toy"]
    for name, baseline in found.items():
        assert again[name].scored.rows == baseline.scored.rows


def test_the_probe_alone_leaves_no_log_probabilities(toy, tmp_path):
    folder, recipe = toy
    options = read_options(["probe"], recipe, folder, max_tokens=400, probe_layers=(2, 4))
    found = measure_baselines({"toy": read_problems(folder / "toy.jsonl", ["test"])}, options, tmp_path, lambda _: None)
    assert list(found["toy"]) == [PROBE]
    assert not list(tmp_path.glob("*logprob*"))


def test_a_layer_that_the_model_lacks_is_named(toy, tmp_path):
    folder, recipe = toy
    options = read_options(["probe"], recipe, folder, max_tokens=400, probe_layers=(2, 5))
    with pytest.raises(ModelError, match="--probe-layer 5: the model has 4 layers; choose 1 to 4"):
        measure_baselines({"toy": [PROBLEM]}, options, tmp_path, lambda _: None)


def test_the_probe_learns_from_capped_training_programs_of_mixed_problems(toy):
    folder, recipe = toy
    options = read_options(["all"], recipe, folder, max_tokens=400)
    assert {item.split for item in options.train} == {"train"}
    assert {item.split for item in options.validation} == {"valid"}
    for item in options.train:
        assert max(sum(p.passed is label for p in item.programs) for label in (True, False)) <= 4
    assert all(item.mixed for item in options.train)


def test_a_recipe_alone_asks_for_log_probability_and_nothing_for_nothing(toy):
    folder, recipe = toy
    assert read_options([], recipe, folder, max_tokens=400).names == ("logprob",)
    assert read_options([], None, folder, max_tokens=400).names == ()
    assert read_options(["static"], recipe, folder, max_tokens=400).names == ("static",)


def test_a_baseline_without_its_model_says_what_is_missing(toy):
    folder, _ = toy
    with pytest.raises(RecipeError, match=r"--baseline probe needs a language model.*--baseline-recipe"):
        read_options(["static", "probe"], None, folder, max_tokens=400)
    with pytest.raises(RecipeError, match="--baseline nothing: there is no such baseline; choose logprob"):
        read_options(["nothing"], None, folder, max_tokens=400)


def test_a_model_is_named_by_its_files_not_by_its_place(source, tmp_path):
    one = LanguageModel(source, 400).identity
    assert one != LanguageModel(source, 500).identity
    assert one != LanguageModel(BaseModelSource(str(save_base(tmp_path / "lm", "qwen2", layers=2))), 400).identity


def test_no_baseline_asked_for_is_an_empty_answer(tmp_path):
    assert measure_baselines({"toy": [PROBLEM]}, BaselineOptions(()), tmp_path, lambda _: None) == {"toy": {}}
