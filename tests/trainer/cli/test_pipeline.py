"""The whole line through the real command line: labelled programs to a bundle that the engine runs."""

from __future__ import annotations

import json
import re
import shutil

import pytest
from click.testing import CliRunner

from codeodds.bundle.evaluation import read_evaluation
from codeodds.bundle.golden import check_golden
from codeodds.bundle.loader import load_bundle
from codeodds.engine.scorer import open_scorer
from codeodds.types import ScoringUnit
from codeodds_trainer.cli.main import cli, main
from codeodds_trainer.export import drafts
from codeodds_trainer.ground.labelled import sha256
from tests.trainer.tiny_models import save_base, save_programs, save_recipe


def train(*arguments):
    result = CliRunner().invoke(cli, [str(argument) for argument in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result


@pytest.fixture(scope="module")
def line(tmp_path_factory):
    folder = tmp_path_factory.mktemp("line")
    save_programs(folder / "toy.jsonl")
    recipe = save_recipe(folder / "recipe.yaml", save_base(folder / "base"))
    options = ("--data", folder, "--run", folder / "run")
    train("fit", recipe, *options)
    train("export", *options, "--out", folder / "bundle")
    shutil.copytree(folder / "bundle", folder / "plain")
    again = ("--data", folder, "--run", folder / "other-run")
    train("fit", save_recipe(folder / "other.yaml", folder / "base", seed=1, epochs=3), *again)
    train("export", *again, "--out", folder / "other")
    evaluate = ("evaluate", "--bundle", folder / "bundle", *options, "--files", "toy.jsonl", "--write")
    others = ("--bundle", folder / "other", "--compare", f"twin={folder / 'plain'}")
    table = train(*evaluate, *others, "--baseline-recipe", recipe, "--baseline", "all").stdout
    return folder, table


def test_the_bundle_loads_and_agrees_with_its_golden_scores(line):
    folder, _ = line
    bundle = load_bundle(folder / "bundle")
    assert check_golden(open_scorer(folder / "bundle"), folder / "bundle" / "golden.json") == []
    assert bundle.manifest.graph.layers == 3
    assert bundle.manifest.base.base_layers == 4
    assert bundle.manifest.max_tokens == 400


def test_right_programs_score_above_wrong_ones(line):
    folder, _ = line
    scorer = open_scorer(folder / "bundle")
    problem = 'def f25(a, b):\n    """Add a and b, times 25."""\n'
    right = scorer.score(ScoringUnit(problem, "    x0 = a + b\n    return x0 * 25\n")).probability
    wrong = scorer.score(ScoringUnit(problem, "    x0 = a - b\n    return x0 * 25\n")).probability
    assert right > wrong + 0.05


def test_the_figures_are_in_bundle_card_and_table(line):
    folder, table = line
    manifest = load_bundle(folder / "bundle").manifest
    metrics = read_evaluation(folder / "bundle").metrics
    figures = {(metric.name, metric.baseline): metric.value for metric in metrics}
    assert read_evaluation(folder / "plain") is None
    assert "Nothing was measured yet" in (folder / "plain" / "README.md").read_text()
    assert figures["within_problem_auroc", None] > 0.95
    assert figures["best_1_of_3", "oracle"] >= figures["best_1_of_3", None] > figures["best_1_of_3", "random"]
    assert ("within_problem_auroc", "shortest") in figures
    for other in (
        "mean log-probability, full base",
        "summed log-probability, full base",
        "static checks",
        "execution agreement",
    ):
        assert ("within_problem_auroc", other) in figures
    assert figures["ece", None] < 0.3
    card = (folder / "bundle" / "README.md").read_text()
    for score in ("mean log-probability, full base", "static checks", "execution agreement", "shortest"):
        assert f"| within-problem AUROC | {score} | {figures['within_problem_auroc', score]:.3f} |" in card
    assert f"| programs that fail their tests | base rate | {figures['auprc_fails', 'random']:.3f} |" in card
    assert "within-problem AUROC" in table
    assert all(0.8 <= threshold.precision <= 1 for threshold in manifest.thresholds)


def test_every_figure_is_in_the_results_with_its_interval_and_its_seeds(line):
    folder, table = line
    out = folder / "run" / "evaluation"
    assert (out / "report.md").read_text() == table.removesuffix("\n")
    found = json.loads((out / "report.json").read_text())
    assert found["schema"] == 1
    assert found["package_version"]
    assert found["bundle"]["name"] == "tiny"
    assert found["bundle"]["calibration"]["rows"] == 36
    assert found["compared"]["twin"]["weights_sha256"] == found["bundle"]["weights_sha256"]
    assert found["other_seeds"][0]["weights_sha256"] != found["bundle"]["weights_sha256"]
    (data,) = found["data_sets"]
    assert data["origin"]["sha256"] == sha256(folder / "toy.jsonl")
    assert (data["whole"]["programs"], data["whole"]["problems"], data["origin"]["problems_in_file"]) == (36, 6, 6)
    assert [part["fraction"] for part in data["fractions"]] == [0.1, 0.25, 0.5, 0.75, 1.0]
    assert [part["generator"] for part in data["generators"]] == ["toy"]
    columns = {column["name"]: {row["name"]: row for row in column["figures"]} for column in data["whole"]["columns"]}
    own = columns["this bundle"]
    assert data["partial"] == [], "every baseline scored every program"
    assert list(columns)[:2] == ["this bundle", "twin"]
    assert list(columns)[-4:] == ["shortest", "longest", "random", "oracle"]
    assert {"mean log-probability, full base", "summed log-probability, full base"} < set(columns)
    for name in ("within_problem_auroc", "pooled_auroc", "best_1_of_3", "auprc_fails", "balanced_accuracy"):
        assert own[name]["low"] <= own[name]["value"] <= own[name]["high"]
    assert "best_3_of_10" not in own, "there are six programs of a problem"
    assert own["pooled_auroc"]["value"] > 0.6
    accuracies = [own[name]["value"] for name in ("accuracy_on_passing", "accuracy_on_failing")]
    assert own["balanced_accuracy"]["value"] == pytest.approx(sum(accuracies) / 2, abs=1e-4)
    assert own["brier_skill"]["value"] > 0
    assert columns["twin"]["ece"]["value"] == own["ece"]["value"]
    assert own["within_problem_auroc"]["seeds"]["values"][0] == own["within_problem_auroc"]["value"]
    assert len(own["within_problem_auroc"]["seeds"]["values"]) == 2
    assert "### Over 2 seeds" in table


def test_the_page_needs_nothing_from_outside(line):
    folder, _ = line
    page = (folder / "run" / "evaluation" / "report.html").read_text()
    # One link to the paper, as text that the reader may follow.
    assert set(re.findall(r"\w+://[^'\" <]+", page)) == {"https://arxiv.org/abs/2510.23083"}
    assert re.findall(r"<(?:script|img|link|iframe|object)\b|@import|url\((?!#)", page) == []
    assert page.count("<svg ") == page.count('role="img"') == 5
    for title in (
        "Choosing the best of n programs",
        "AUROC by share of tokens read",
        "Value of right and wrong programs as they are written",
        "Reliability of the probabilities",
        "Risk and coverage",
    ):
        assert re.search(rf'<title id="[\w-]+">{title}</title>', page)
    assert "are not a contest" in page
    assert "prefers-color-scheme:dark" in page
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_the_report_is_made_again_without_scoring(line, monkeypatch):
    folder, _ = line
    options = ("evaluate", "--bundle", folder / "plain", "--data", folder, "--run", folder / "run")
    train(*options, "--files", "toy.jsonl", "--out", folder / "once")
    monkeypatch.setattr("codeodds_trainer.ground.scoring._score", lambda *_: pytest.fail("scored again"))
    train(*options, "--files", "toy.jsonl", "--out", folder / "twice")
    for name in ("report.html", "report.md", "report.json"):
        assert (folder / "twice" / name).read_bytes() == (folder / "once" / name).read_bytes()


def test_a_limit_is_said_everywhere(line):
    folder, _ = line
    options = ("--data", folder, "--run", folder / "run", "--files", "toy.jsonl", "--out", folder / "few")
    shutil.copytree(folder / "plain", folder / "limited")
    table = train("evaluate", "--bundle", folder / "limited", *options, "--limit", "4", "--write").stdout
    assert "toy (4 of 6 problems)" in table
    assert "Limited to 4 problems" in (folder / "few" / "report.html").read_text()
    found = json.loads((folder / "few" / "report.json").read_text())
    assert (found["limit"], found["data_sets"][0]["whole"]["problems"]) == (4, 4)
    metrics = read_evaluation(folder / "limited").metrics
    assert {metric.dataset for metric in metrics} == {"toy (4 of 6 problems)"}
    shutil.copytree(folder / "plain", folder / "by-file")
    options = ("--data", folder, "--run", folder / "run", "--files", "toy.jsonl=3", "--out", folder / "fewer")
    assert "toy (3 of 6 problems)" in train("evaluate", "--bundle", folder / "by-file", *options).stdout


def test_one_generator_can_be_measured_alone(line):
    """In a store of its own: what was scored of a problem is not all of its programs."""
    folder, _ = line
    rows = [json.loads(row) for row in (folder / "toy.jsonl").read_text().splitlines()]
    rows = [row | {"generator": "ann" if index % 3 else "bob"} for index, row in enumerate(rows)]
    (folder / "two.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    shutil.copytree(folder / "plain", folder / "for-bob")
    options = ("--data", folder, "--run", folder / "bob", "--files", "two.jsonl", "--files", "toy.jsonl")
    result = train("evaluate", "--bundle", folder / "for-bob", *options, "--only-generator", "bob", "--write")
    assert "toy.jsonl has no program by bob: not reported" in result.stderr
    assert "## two, only by bob\n" in result.stdout
    (found,) = json.loads((folder / "bob" / "evaluation" / "report.json").read_text())["data_sets"]
    # 6 test problems of 6 programs each, every third of them bob's.
    assert (found["whole"]["programs"], found["whole"]["problems"]) == (12, 6)
    assert [part["generator"] for part in found["generators"]] == ["bob"]
    assert {item.dataset for item in read_evaluation(folder / "for-bob").metrics} == {"two, only by bob"}
    train("evaluate", "--bundle", folder / "plain", *options)
    found, _ = json.loads((folder / "bob" / "evaluation" / "report.json").read_text())["data_sets"]
    assert (found["whole"]["programs"], found["whole"]["problems"]) == (36, 6)


def test_the_bundle_says_where_it_fails(line, monkeypatch):
    """The toy programs fail for one reason: they subtract where they should add."""
    folder, _ = line
    monkeypatch.setattr("codeodds_trainer.evaluation.figures.slices.LEAST_PROGRAMS", 10)
    shutil.copytree(folder / "plain", folder / "sliced")
    options = ("--data", folder, "--run", folder / "run", "--files", "toy.jsonl", "--out", folder / "slices")
    table = train("evaluate", "--bundle", folder / "sliced", *options, "--write").stdout
    assert "### Where it fails" in table
    slices = read_evaluation(folder / "sliced").slices
    lengths = [item for item in slices if item.about == "length"]
    assert [item.dataset for item in lengths if re.match(r"up to \d+ tokens on average", item.name)] == ["toy"]
    mistakes = [item for item in slices if item.about == "mistake"]
    assert {item.name for item in mistakes} <= {"wrong operator", "several differences"}
    assert all(item.auroc > 0.8 for item in mistakes)
    for item in slices:
        assert f"| {item.about}: {item.name} | " in table


def test_injected_errors_are_in_report_and_bundle_by_kind(line, monkeypatch):
    folder, _ = line
    for module in ("pairs", "flagged", "slices"):
        monkeypatch.setattr(f"codeodds_trainer.evaluation.figures.{module}.LEAST_PROGRAMS", 6)
    with (folder / "errors.jsonl").open("w") as file:
        for number in range(6):
            head = {"problem_id": f"lib/{number}", "split": "test", "source": "lib 1.0", "licence": "MIT"}
            head["prompt"] = f'def f{number}(a, b):\n    """Add a and b, times {number}."""\n'
            for sign, generator in (("+", "original"), ("-", "mutant: operator")):
                body = f"    x0 = a {sign} b\n    return x0 * {number}\n"
                row = {**head, "completion": body, "passed": sign == "+", "generator": generator}
                file.write(json.dumps(row) + "\n")
    shutil.copytree(folder / "plain", folder / "errors")
    options = ("--data", folder, "--run", folder / "run", "--files", "errors.jsonl", "--out", folder / "put-in")
    train("evaluate", "--bundle", folder / "errors", *options, "--examples-from", "errors.jsonl", "--write")
    mistakes = read_evaluation(folder / "errors").mistakes
    assert [(item.kind, item.equal_length, item.pairs, item.accuracy) for item in mistakes.pairs] == [
        ("all", False, 6, 1.0),
        ("all", True, 6, 1.0),
        ("injected: operator", False, 6, 1.0),
        ("injected: operator", True, 6, 1.0),
    ]
    assert {item.kind for item in mistakes.flagged} == {"injected: operator", "right programs"}
    (example,) = mistakes.examples
    assert (example.caught, example.right_line, example.wrong_line) == (True, "x0 = a + b", "x0 = a - b")
    assert re.fullmatch(r"lib/\d \(lib 1.0, MIT\)", example.origin)
    assert "- x0 = a + b\n+ x0 = a - b\n" in (folder / "put-in" / "report.md").read_text()
    assert "| right programs below 0." in (folder / "errors" / "README.md").read_text()
    assert (folder / "put-in" / "report.html").read_text().count("<svg ") == 6


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--bundle", "plain"), "has the weights of"),
        (("--compare", "random=other"), "--compare random=..: this name is another column's"),
        (("--files", "toy.jsonl.gz"), "toy.jsonl is called toy too"),
        (("--compare", "plain"), "'plain' is not NAME=BUNDLE"),
        (("--files", "toy.jsonl=0"), "'toy.jsonl=0' is not FILE or FILE=N with a number of problems from 1 on"),
        (("--baseline-file", "other.jsonl"), "--baseline-file other.jsonl: not among --files; name one of toy.jsonl"),
        (
            ("--only-generator", "tyo"),
            "--only-generator: no program of split test of toy.jsonl has the generator 'tyo'; there are: toy",
        ),
        (("--examples-from", "other.jsonl"), "--examples-from other.jsonl: not among --files; name one of toy.jsonl"),
        (("--split", "nowhere"), "no program of split `nowhere` can be scored"),
    ],
)
def test_what_cannot_be_measured_is_said(line, monkeypatch, capsys, options, message):
    folder, _ = line
    monkeypatch.chdir(folder)
    base = ("codeodds-train", "evaluate", "--bundle", "bundle", "--data", ".", "--run", "run", "--files", "toy.jsonl")
    monkeypatch.setattr("sys.argv", [*base, *options])
    with pytest.raises(SystemExit, match="2"):
        main()
    assert message in re.sub(r"\s+", " ", capsys.readouterr().err)


def test_writing_figures_changes_no_score(line):
    folder, _ = line
    before, after = (load_bundle(folder / name).manifest for name in ("plain", "bundle"))
    assert before.files == after.files
    assert {file.path for file in after.files} == {"golden.json", "model.onnx", "tokenizer.json", "weights-0.bin"}
    assert before.calibration == after.calibration


def test_finished_stages_are_not_repeated(line, monkeypatch):
    folder, _ = line
    options = ("--data", folder, "--run", folder / "run")
    monkeypatch.setattr(drafts, "export_graph", lambda *_: pytest.fail("exported again"))
    monkeypatch.setattr("codeodds_trainer.ground.scoring._score", lambda *_: pytest.fail("scored again"))
    train("export", *options, "--out", folder / "again")
    assert (folder / "again" / "golden.json").read_bytes() == (folder / "plain" / "golden.json").read_bytes()


def test_the_run_says_what_it_used(line):
    folder, _ = line
    summary = json.loads((folder / "run" / "summary.json").read_text())
    assert summary["validation_problems"] == 6
    assert summary["train_problems"] + summary["one_label_problems"] == 18
    assert list(summary["data"]) == ["toy.jsonl"]
