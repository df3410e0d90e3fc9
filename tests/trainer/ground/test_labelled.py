"""Data files and recipes are read strictly, with an error that names the place."""

from __future__ import annotations

import gzip
import json

import pytest

from codeodds_trainer.ground.errors import DataError, RecipeError
from codeodds_trainer.ground.labelled import LabelledProblem, LabelledProgram, count_programs, read_problems
from codeodds_trainer.ground.recipe import read_recipe
from codeodds_trainer.training.dataset import cap_problems, cap_programs, count_labels, mixed_only

ROW = {"problem_id": "p/1", "split": "train", "prompt": "def f():\n", "completion": "    return 1\n", "passed": True}


def write(path, rows):
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return path


def test_both_layouts_and_gzip_give_the_same_problem(tmp_path):
    flat = [ROW, {**ROW, "completion": "    return 2\n", "passed": False}]
    rollouts = [{"completion": row["completion"], "passed": row["passed"], "fork": None} for row in flat]
    nested = {"problem_id": "p/1", "split": "train", "prompt": ROW["prompt"], "rollouts": rollouts}
    with gzip.open(tmp_path / "a.jsonl.gz", "wt") as file:
        file.write(json.dumps(nested))
    (from_nested,) = read_problems(tmp_path / "a.jsonl.gz")
    (from_flat,) = read_problems(write(tmp_path / "a.jsonl", flat))
    assert from_nested == from_flat
    assert from_flat.mixed
    assert [program.passed for program in from_flat.programs] == [True, False]


def test_equal_programs_are_kept_once_and_other_splits_left_out(tmp_path):
    rows = [ROW, ROW, {**ROW, "problem_id": "p/2", "split": "test"}]
    (problem,) = read_problems(write(tmp_path / "a.jsonl", rows), ["train"])
    assert (problem.problem_id, len(problem.programs)) == ("p/1", 1)


def test_equal_programs_are_counted_over_both_layouts(tmp_path):
    nested = {"problem_id": "p/1", "split": "train", "prompt": ROW["prompt"], "generator": "policy"}
    rollouts = [{"completion": text, "passed": text == ROW["completion"]} for text in (ROW["completion"], "    pass\n")]
    rows = [ROW, ROW, {**nested, "rollouts": rollouts}, {**ROW, "split": "test", "problem_id": "p/2"}]
    counts = count_programs(write(tmp_path / "a.jsonl", rows), ["train"])
    assert {(key[0], key[2].completion, key[2].passed): count for key, count in counts.items()} == {
        ("p/1", "    return 1\n", True): 3,
        ("p/1", "    pass\n", False): 1,
    }
    (problem,) = read_problems(tmp_path / "a.jsonl", ["train"])
    assert len(counts) == len(problem.programs)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("{", "a.jsonl:2"),
        ({**ROW, "passed": "yes"}, r"a.jsonl:2.*\$.passed"),
        ({key: value for key, value in ROW.items() if key != "prompt"}, "a.jsonl:2.*prompt"),
        ({key: value for key, value in ROW.items() if key != "passed"}, "a.jsonl:2.*rollouts"),
        ({**ROW, "split": "test"}, "a.jsonl:2.*two splits"),
    ],
)
def test_a_bad_row_is_named(tmp_path, row, message):
    with pytest.raises(DataError, match=message):
        read_problems(write(tmp_path / "a.jsonl", [ROW, row]))


def test_a_missing_or_broken_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"nothing\.jsonl"):
        read_problems(tmp_path / "nothing.jsonl")
    (tmp_path / "b.jsonl.gz").write_bytes(b"not gzip")
    with pytest.raises(DataError, match=r"b.jsonl.gz"):
        read_problems(tmp_path / "b.jsonl.gz")


def test_labels_of_a_problem_are_counted_over_all_its_prompts(tmp_path):
    rows = [ROW, {**ROW, "prompt": "def g():\n", "passed": False}, {**ROW, "problem_id": "p/2"}]
    problems = read_problems(write(tmp_path / "a.jsonl", rows))
    labels = count_labels(problems)
    assert labels == {"p/1": (1, 1), "p/2": (1, 0)}
    assert [problem.problem_id for problem in mixed_only(problems, labels)] == ["p/1", "p/1"]


def test_programs_are_capped_per_label_and_always_alike(tmp_path):
    rows = [{**ROW, "completion": f"    return {i}\n", "passed": i % 3 == 0} for i in range(30)]
    problems = read_problems(write(tmp_path / "a.jsonl", rows))
    (capped,) = cap_programs(problems, 4)
    assert sorted(program.passed for program in capped.programs) == [False] * 4 + [True] * 4
    assert cap_programs(problems, 4) == [capped]
    assert cap_programs(problems, None) == problems


@pytest.mark.parametrize(
    ("text", "message"),
    [("name: [", "r.yaml"), ("name: x\nversion: 1\n", "version"), ("nmae: x\n", "r.yaml")],
)
def test_a_bad_recipe_is_named(tmp_path, text, message):
    (tmp_path / "r.yaml").write_text(text)
    with pytest.raises(RecipeError, match=message):
        read_recipe(tmp_path / "r.yaml")
    with pytest.raises(RecipeError, match="cannot be read"):
        read_recipe(tmp_path / "none.yaml")


def test_a_cap_on_problems_prefers_mixed_ones_or_is_blind():
    def problem(number, labels):
        programs = tuple(LabelledProgram(f"{number} {i}", label, "g") for i, label in enumerate(labels))
        return LabelledProblem(f"p/{number}", "train", "d", "", programs)

    problems = [problem(number, (True, number % 3 == 0)) for number in range(30)]
    kept = cap_problems(problems, 20)
    assert {item.problem_id for item in problems if item.mixed} <= {item.problem_id for item in kept}
    assert len(kept) == 20
    assert kept == [item for item in problems if item in kept]
    blind = cap_problems(problems, 20, mixed_first=False)
    assert len(blind) == 20
    assert sum(item.mixed for item in blind) < 20
    assert set(blind) == set(cap_problems(list(reversed(problems)), 20, mixed_first=False))
    assert cap_problems(problems, None) == problems
