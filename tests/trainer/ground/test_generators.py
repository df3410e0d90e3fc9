"""Programs by a generator that the recipe leaves out are in neither training nor validation, and are counted."""

from __future__ import annotations

import json

import pytest

from codeodds_trainer.export.gate import choose_problems
from codeodds_trainer.ground.errors import DataError
from codeodds_trainer.ground.generators import check_generators, count_generators, only_generators, without_generators
from codeodds_trainer.ground.labelled import LabelledProblem, LabelledProgram
from codeodds_trainer.ground.recipe import read_recipe
from codeodds_trainer.training.fit import LeftOut, load_data
from tests.trainer.tiny_models import save_recipe

PROMPT = "def f(a):\n"


def row(problem, split, generator, completion, passed):
    """One program, or one problem with many if `completion` is a list."""
    head = {"problem_id": problem, "split": split, "prompt": PROMPT, "generator": generator}
    if isinstance(completion, list):
        return {**head, "rollouts": [{"completion": text, "passed": label} for text, label in completion]}
    return {**head, "completion": completion, "passed": passed}


@pytest.fixture
def recipe(tmp_path):
    """4 training problems and 2 of validation, by two generators."""
    rows = [
        row(
            "p/1",
            "train",
            "ann",
            [("    return a\n", True), ("    return 0\n", False), ("    return 0\n", False)],
            None,
        ),
        row("p/1", "train", "bob", "    return a\n", True),
        row("p/1", "train", "bob", "    return 1\n", False),
        row("p/2", "train", "bob", [("    return a\n", True), ("    return 2\n", False)], None),
        row("p/3", "train", "ann", "    return a\n", True),
        row("p/3", "train", "bob", "    return 3\n", False),
        row("p/4", "train", "ann", [("    return a\n", True), ("    return 4\n", False)], None),
        row("p/5", "valid", "ann", [("    return a\n", True), ("    return 5\n", False)], None),
        row("p/5", "valid", "bob", "    return 6\n", False),
        row("p/6", "valid", "bob", "    return a\n", True),
        row("p/7", "test", "cid", "    return a\n", True),
    ]
    (tmp_path / "toy.jsonl").write_text("".join(json.dumps(one) + "\n" for one in rows))
    path = save_recipe(tmp_path / "recipe.yaml", tmp_path / "base")

    def leaving_out(*names):
        content = json.loads(path.read_text())
        content["data"]["leave_out_generators"] = list(names)
        path.write_text(json.dumps(content))
        return read_recipe(path)

    return leaving_out


def programs(problems):
    return {item.problem_id: [(one.generator, one.completion.split()[1]) for one in item.programs] for item in problems}


def test_a_generator_is_left_out_of_training_and_validation_and_counted(recipe, tmp_path):
    loaded = load_data(recipe("bob"), tmp_path)
    assert programs(loaded.train) == {"p/1": [("ann", "a"), ("ann", "0")], "p/4": [("ann", "a"), ("ann", "4")]}
    assert programs(loaded.validation) == {"p/5": [("ann", "a"), ("ann", "5")]}
    assert loaded.left_out == {"bob": LeftOut(training=5, validation=2)}
    # Without bob's programs, p/3 has one label left.
    assert loaded.one_label == 1


def test_several_generators_are_left_out_together(recipe, tmp_path):
    loaded = load_data(recipe("bob", "ann"), tmp_path)
    assert loaded == ([], [], 0, {"bob": LeftOut(5, 2), "ann": LeftOut(5, 2)})


def test_a_recipe_that_leaves_out_nothing_keeps_everything(recipe, tmp_path):
    loaded = load_data(recipe(), tmp_path)
    assert {name: len(found) for name, found in programs(loaded.train).items()} == {
        "p/1": 4,
        "p/2": 2,
        "p/3": 2,
        "p/4": 2,
    }
    assert {name: len(found) for name, found in programs(loaded.validation).items()} == {"p/5": 3, "p/6": 1}
    assert (loaded.one_label, loaded.left_out) == (0, {})


def test_the_release_gate_reads_the_same_validation_programs(recipe, tmp_path):
    assert programs(choose_problems(recipe("ann"), tmp_path)) == {"p/5": [("bob", "6")], "p/6": [("bob", "a")]}


def test_a_name_in_no_row_is_an_error_that_lists_the_names_there_are(recipe, tmp_path):
    message = (
        "data.leave_out_generators: no program of training and validation has the generator 'bbo'; there are: ann, bob"
    )
    with pytest.raises(DataError) as raised:
        load_data(recipe("ann", "bbo"), tmp_path)
    assert str(raised.value) == message


def test_one_generator_alone_and_all_others_make_up_the_whole():
    right, wrong = LabelledProgram("    return a\n", True, "ann"), LabelledProgram("    return 0\n", False, "bob")
    both = LabelledProblem("p/1", "test", "d", PROMPT, (right, wrong))
    one = LabelledProblem("p/2", "test", "d", PROMPT, (wrong,))
    assert [item.programs for item in only_generators([both, one], ["ann"])] == [(right,)]
    assert [item.programs for item in without_generators([both, one], ["ann"])] == [(wrong,), (wrong,)]
    assert without_generators([both, one], []) == [both, one]
    assert count_generators([both, one]) == {"ann": 1, "bob": 2}
    check_generators("--only-generator", ["ann"], ["ann", "bob"], "it")
