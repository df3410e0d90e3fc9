"""``codeodds-train sweep``: cross-validation of the probes of a recipe's variants."""

from __future__ import annotations

import json

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner

from codeodds_trainer.cli.main import cli
from codeodds_trainer.ground.errors import RecipeError, TrainingError
from codeodds_trainer.ground.labelled import read_problems
from codeodds_trainer.ground.metrics import auroc
from codeodds_trainer.ground.precision import compute_dtype
from codeodds_trainer.ground.recipe import read_recipe
from codeodds_trainer.training import sweep as sweep_module
from codeodds_trainer.training.features import FeatureCache, trunk_id
from codeodds_trainer.training.fit import pack_all, trained_parts
from codeodds_trainer.training.prepare import prepare_base
from codeodds_trainer.training.probe import fit_probe
from codeodds_trainer.training.processes import Processes
from codeodds_trainer.training.sweep import (
    FRACTIONS,
    Figure,
    Row,
    combinations,
    fold_group,
    fold_numbers,
    parse_varied,
    render,
    vary,
)
from codeodds_trainer.training.train import ValueTail, run_tail
from tests.trainer.tiny_models import save_base, save_programs, save_recipe

PROBE = {"probe": "pairs", "probe_ridge": 0.1, "reading": {"last": 0.25, "mean": 1.0}, "pack_nodes": 400}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sweep")
    save_programs(folder / "toy.jsonl", problems=20)
    save_base(folder / "base")
    save_recipe(folder / "recipe.yaml", folder / "base", **PROBE)
    return folder


def run(data, root, *varied, folds=2):
    options = [part for text in varied for part in ("--vary", text)]
    arguments = ["sweep", data / "recipe.yaml", "--data", data, "--run", root, "--folds", folds, *options]
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


@pytest.mark.parametrize("probe", ["pairs", "tokens"])
def test_each_problem_is_judged_by_a_probe_fitted_to_the_other_folds(data, tmp_path, probe):
    same = (f"training.probe={probe}", "training.probe_outcome_weight=0.3")
    result = run(data, tmp_path, "training.probe_ridge=0.1,3", *same)
    assert result.exit_code == 0, result.output
    rows = [msgspec.json.decode(line, type=Row) for line in (tmp_path / "sweep.jsonl").read_bytes().splitlines()]
    assert [row.variant for row in rows] == [
        {"training.probe_ridge": ridge, "training.probe": probe, "training.probe_outcome_weight": 0.3}
        for ridge in (0.1, 3)
    ]
    assert [[figure.fraction for figure in row.figures] for row in rows] == [list(FRACTIONS)] * 2
    assert (tmp_path / "sweep.md").read_text() == result.stdout.strip() + "\n"

    # The same from the parts that `fit` has.
    recipe = vary(read_recipe(data / "recipe.yaml"), rows[0].variant)
    base = prepare_base(recipe, tmp_path / "base-3")
    problems = [problem for split in ("train", "valid") for problem in read_problems(data / "toy.jsonl", (split,))]
    mixed = [problem for problem in problems if len({program.passed for program in problem.programs}) == 2]
    items = pack_all(mixed, base, recipe)
    folds = fold_numbers([item.problem.problem_id for item in items], 2)
    trunk, tail = trained_parts(base, recipe)
    features = FeatureCache(tmp_path / "features", trunk_id(trunk, compute_dtype(Processes("cpu").device)))
    expected = {fraction: [] for fraction in FRACTIONS}
    pooled, labels = {fraction: [] for fraction in FRACTIONS}, []
    for number, item in enumerate(items):
        others = [other for other, fold in zip(items, folds, strict=True) if fold != folds[number]]
        fit_probe(tail, others, features, recipe.training, bfloat16=False)
        scores, passed = {fraction: [] for fraction in FRACTIONS}, []
        for pack in item.packs:
            logits, _ = run_tail(ValueTail(tail), pack, features.load(pack), False)
            passed += [item.problem.programs[index].passed for index in pack.programs]
            for path in pack.paths:
                for fraction in FRACTIONS:
                    read = logits[path[: int(np.ceil(fraction * len(path)))]]
                    scores[fraction].append(0.25 * read[-1].item() + read.mean().item())
        labels += passed
        for fraction in FRACTIONS:
            expected[fraction].append(auroc(np.asarray(scores[fraction]), np.asarray(passed)))
            pooled[fraction] += scores[fraction]
    for figure in rows[0].figures:
        values = np.asarray(expected[figure.fraction])
        assert figure.problems == len(values)
        assert figure.mean == pytest.approx(values.mean(), abs=0.01)
        assert figure.pooled == pytest.approx(auroc(np.asarray(pooled[figure.fraction]), np.asarray(labels)), abs=0.01)
        assert figure.standard_error == pytest.approx(values.std(ddof=1) / len(values) ** 0.5, abs=0.01)


def test_outputs_that_look_for_faults_are_fitted_without_the_held_out_fold(data, tmp_path, monkeypatch):
    asked = []
    whole = sweep_module.fit_faults

    def watched(tail, items, *arguments, **options):
        asked.append({item.problem.problem_id for item in items})
        return whole(tail, items, *arguments, **options)

    monkeypatch.setattr(sweep_module, "fit_faults", watched)
    result = run(data, tmp_path, "model.faults=0,1")
    assert result.exit_code == 0, result.output
    rows = [msgspec.json.decode(line, type=Row) for line in (tmp_path / "sweep.jsonl").read_bytes().splitlines()]
    assert len(asked) == 2
    assert not asked[0] & asked[1]
    assert len(asked[0] | asked[1]) == rows[0].figures[0].problems
    # The figures are those of the whole head.
    assert rows[0].figures != rows[1].figures


def test_what_was_computed_is_not_computed_again(data, tmp_path, monkeypatch):
    asked = []

    def fake(recipe, data, root, folds, options, say):
        asked.append(recipe.training.probe_ridge)
        return (Figure("toy", 1.0, recipe.training.probe_ridge, None, 1),)

    monkeypatch.setattr(sweep_module, "cross_validate", fake)
    assert run(data, tmp_path, "training.probe_ridge=0.1,0.3").exit_code == 0
    result = run(data, tmp_path, "training.probe_ridge=0.3,1")
    assert asked == [0.1, 0.3, 1]
    assert result.stderr == "2/2 training.probe_ridge = 1\n"
    assert result.stdout.splitlines() == [
        "| variant | fraction of tokens | toy |",
        "|---|---|---|",
        "| tiny 0.0.1, 2 folds: training.probe_ridge = 0.1 | 100% | 0.100 (1) |",
        "|  | 25% | - |",
        "|  | 50% | - |",
        "|  | 75% | - |",
        "| tiny 0.0.1, 2 folds: training.probe_ridge = 0.3 | 100% | 0.300 (1) |",
        "|  | 25% | - |",
        "|  | 50% | - |",
        "|  | 75% | - |",
        "| tiny 0.0.1, 2 folds: training.probe_ridge = 1 | 100% | 1.000 (1) |",
        "|  | 25% | - |",
        "|  | 50% | - |",
        "|  | 75% | - |",
    ]


def test_a_file_of_something_else_is_not_overwritten(data, tmp_path):
    (tmp_path / "sweep.jsonl").write_text("{}\n")
    result = run(data, tmp_path)
    assert isinstance(result.exception, RecipeError)
    assert "holds no sweep" in str(result.exception)
    assert (tmp_path / "sweep.jsonl").read_text() == "{}\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("model.layers=12,14", ("model.layers", [12, 14])),
        ("training.loss=bce", ("training.loss", ["bce"])),
        ("training.reading={last: 0, mean: 1},{last: 1, mean: 1}", None),
    ],
)
def test_values_are_yaml(text, expected):
    expected = expected or ("training.reading", [{"last": 0, "mean": 1}, {"last": 1, "mean": 1}])
    assert parse_varied(text) == expected


@pytest.mark.parametrize("text", ["model.layers", "=1", "model.layers=", "model.layers={1"])
def test_a_text_that_varies_nothing_is_an_error(text):
    with pytest.raises(RecipeError, match="give a name of the recipe and its values"):
        parse_varied(text)


def test_every_combination_is_tried():
    assert combinations([("a", [1, 2]), ("b", [3, 4])]) == [
        {"a": 1, "b": 3},
        {"a": 1, "b": 4},
        {"a": 2, "b": 3},
        {"a": 2, "b": 4},
    ]
    assert combinations([]) == [{}]


@pytest.mark.parametrize(
    ("variant", "message"),
    [
        ({"modell.layers": 3}, "no such section"),
        ({"model.layer": 3}, "model.layer = 3"),
        ({"model.layers": "three"}, "model.layers = .three."),
        ({"training.probe": "token"}, "training.probe = .token."),
        ({"training.probe_ridge": None}, "a sweep compares linear probes"),
    ],
)
def test_a_variant_that_no_recipe_can_be_is_an_error(data, variant, message):
    with pytest.raises(RecipeError, match=message):
        vary(read_recipe(data / "recipe.yaml"), variant)


def test_programs_of_one_problem_and_functions_of_one_package_share_a_fold():
    assert fold_group("mbpp/12") == "mbpp/12"
    assert fold_group("leetcode/two-sum") == "leetcode/two-sum"
    assert fold_group("jinja2/jinja2/parser.py:Parser.parse") == "jinja2"
    ids = [f"mbpp/{number}" for number in range(6)] + ["a/b.py:f", "a/c/d.py:g", "mbpp/0"]
    folds = fold_numbers(ids, 3)
    assert folds[6] == folds[7]
    assert folds[0] == folds[8]
    groups = {fold_group(problem_id): fold for problem_id, fold in zip(ids, folds.tolist(), strict=True)}
    assert sorted(list(groups.values()).count(fold) for fold in range(3)) == [2, 2, 3]
    with pytest.raises(TrainingError, match="7 groups; give fewer folds"):
        fold_numbers(ids, 8)


def test_a_table_names_the_problems_behind_each_figure():
    row = Row({}, 5, "x 1", (Figure("a", 1.0, 0.75, 0.02, 40), Figure("b", 0.25, 0.5, None, 1)))
    assert render([row]).splitlines()[2:4] == [
        "| x 1, 5 folds: the recipe itself | 100% | 0.750 ± 0.020 (40) | - |",
        "|  | 25% | - | 0.500 (1) |",
    ]
    assert json.loads(msgspec.json.encode(row))["figures"][1]["standard_error"] is None
