"""Near-duplicates, splits, mutants, balance, and the whole line from a benchmark to files that `fit` reads."""

from __future__ import annotations

import ast
import json

import msgspec
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from codeodds_trainer.cli.main import cli
from codeodds_trainer.data.curation.balance import copies
from codeodds_trainer.data.curation.duplicates import Pair, groups, near_duplicates
from codeodds_trainer.data.curation.splits import deal_out, leaks
from codeodds_trainer.data.injection.mutants import mutate
from codeodds_trainer.data.judge.label import LabelledRollout
from codeodds_trainer.data.problems.problem import Problem
from codeodds_trainer.ground.artefact import Meta, is_sealed, meta_path
from codeodds_trainer.ground.errors import DataError
from codeodds_trainer.ground.labelled import read_problems, sha256

LONG = "Return the sum of all even numbers in the list that are larger than the given bound and not in the second list."
OTHER = "Count how often each letter of the alphabet occurs in a text, and give the counts in order of the letters."


def problem(name, statement, split="train", reference=""):
    prompt = f'def f():\n    """{statement}"""\n'
    references = [reference] if reference else []
    return Problem(problem_id=name, prompt=prompt, statement=statement, split=split, references=references, tests=["0"])


def test_near_duplicates_are_found_by_statement_and_by_solution():
    solution = (
        "def f(a):\n    total = 0\n    for x in a:\n        if x % 2 == 0:\n            total += x\n    return total\n"
    )
    found = near_duplicates(
        [
            problem("a", LONG),
            problem("b", LONG.replace("Return", "Compute")),
            problem("c", OTHER, reference=solution),
            problem("d", "Something else.", reference="# the sum\n" + solution.replace("    ", "  ")),
            problem("e", "Short."),
            problem("f", "Short."),
        ],
        similarity=0.7,
    )
    assert [(pair.one, pair.other, pair.what) for pair in found] == [("a", "b", "statement"), ("c", "d", "solution")]
    assert found[0].similarity == pytest.approx(20 / 22, abs=1e-3)
    assert found[1].similarity == 1.0


PAIRS = [Pair("a", "b", 0.9, "statement"), Pair("b", "c", 0.8, "solution")]


def test_near_duplicates_go_together():
    assert groups("abcd", PAIRS) == [["a", "b", "c"], ["d"]]


@given(st.integers(0, 1000), st.integers(1, 60))
def test_every_problem_gets_a_split_and_near_duplicates_the_same(seed, count):
    names = [*"abc", *map(str, range(count))]
    splits = deal_out(names, PAIRS, (0.6, 0.2, 0.2), seed)
    assert splits.keys() == set(names)
    assert splits["a"] == splits["b"] == splits["c"]
    assert splits == deal_out(reversed(names), reversed(PAIRS), (0.6, 0.2, 0.2), seed)


def test_shares_are_met():
    splits = list(deal_out(map(str, range(3000)), [], (0.7, 0.2, 0.1), 0).values())
    assert splits.count("train") / 3000 == pytest.approx(0.7, abs=0.03)
    assert splits.count("test") / 3000 == pytest.approx(0.1, abs=0.03)


def test_of_near_duplicates_in_two_splits_the_test_problem_stays():
    assert leaks({"a": "train", "b": "test", "c": "valid"}, PAIRS).keys() == {"a", "c"}
    assert leaks({"a": "train", "b": "train", "c": "train"}, PAIRS) == {}


PROMPT = 'def f(a, n):\n    """Two words: 1 < 2 and 3 + 4."""\n'
BODY = (
    "    é = 'ü'  # a < b\n"
    "    if n <= 10 and not a:\n"
    "        return divmod(n, 2)\n"
    "    for i in range(n):\n"
    "        a[i] = a[i] + f'{n + 1}'\n"
    "    return len(a)\n"
)


def test_a_mutant_differs_in_one_place_and_in_nothing_else():
    mutants = mutate(PROMPT, BODY, 100, "seed")
    kinds = {mutant.kind for mutant in mutants}
    assert kinds == {
        *("operator", "boundary", "number", "slice", "arguments", "negation", "missing", "name", "builtin")
    }
    texts = {mutant.completion for mutant in mutants}
    for old, new in (
        ("n <= 10", "n < 10"),
        (" and not", " or not"),
        ("not a", "a"),
        ("divmod(n, 2)", "divmod(2, n)"),
        ("range(n)", "range(n - 1)"),
        ("a[i] + f", "a[i - 1] + f"),
        ("return len(a)", "return a"),
        ("10", "11"),
        ("len(a)", "len(n)"),
    ):
        assert BODY.replace(old, new, 1) in texts, new
    assert BODY.replace("a[i] =", "a[i - 1] =") in texts
    assert len(texts) == len(mutants)
    for mutant in mutants:
        ast.parse(PROMPT + mutant.completion)
        assert "{n + 1}" in mutant.completion, "f-strings stay"
        differing = [
            number
            for number, (one, other) in enumerate(zip(BODY.split("\n"), mutant.completion.split("\n"), strict=True))
            if one != other
        ]
        assert differing == [mutant.line]


def test_mutants_depend_on_the_seed_alone_and_kinds_take_turns():
    assert mutate(PROMPT, BODY, 5, "x") == mutate(PROMPT, BODY, 5, "x") != mutate(PROMPT, BODY, 5, "y")
    assert len({mutant.kind for mutant in mutate(PROMPT, BODY, 8, "x")}) == 8
    assert mutate(PROMPT, "    return (\n", 5, "x") == []


def rollouts(*labels):
    verdicts = {True: "pass", False: "wrong answer"}
    return [
        LabelledRollout(completion=str(index), finish="length", passed=label, verdict=verdicts[label])
        for index, label in enumerate(labels)
    ]


@given(st.lists(st.booleans(), max_size=40))
def test_both_labels_weigh_the_same(labels):
    counts = copies(rollouts(*labels), "seed")
    if len(set(labels)) == 2:
        passing = sum(count for count, label in zip(counts, labels, strict=True) if label)
        assert passing * 2 == sum(counts) == 2 * max(labels.count(True), labels.count(False))
        assert min(counts) >= 1
        assert max(counts) - min(counts) <= max(labels.count(True), labels.count(False))
    else:
        assert not any(counts)


def run(*arguments):
    result = CliRunner().invoke(cli, [str(argument) for argument in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


MBPP = [
    {"task_id": 601, "text": "Write a function to add two numbers.", "code": "def add(a, b):\n  return a + b\n",
     "test_list": ["assert add(1, 2) == 3", "assert add(2, 2) == 4"], "test_setup_code": ""},
    {"task_id": 602, "text": "Write a function to double a number.", "code": "def double(x):\n  return 2 * x\n",
     "test_list": ["assert double(4) == 8", "assert double(0) == 0"], "test_setup_code": ""},
    {"task_id": 511, "text": "Write a function to negate a number.", "code": "def negate(x):\n  return -x\n",
     "test_list": ["assert negate(4) == -4"], "test_setup_code": ""},
    {"task_id": 603, "text": "Write a function to fail.", "code": "def fail(x):\n  return x\n",
     "test_list": ["assert fail(4) == 5"], "test_setup_code": ""},
    {"task_id": 604, "text": "No code."},
]  # fmt: skip


def test_from_a_benchmark_to_files_that_fit_reads(tmp_path):
    (tmp_path / "mbpp.jsonl").write_text("".join(json.dumps(row) + "\n" for row in MBPP) + "nonsense\n")
    problems = tmp_path / "problems.jsonl"
    table = run("problems", tmp_path / "mbpp.jsonl", "--layout", "mbpp", "--out", problems, "--workers", 1)
    assert [line.split() for line in table.splitlines()[:2]] == [["3", "problems"], ["3", "skipped"]]
    known = [msgspec.json.decode(line, type=Problem) for line in problems.read_bytes().splitlines()]
    assert known[0].prompt == 'def add(a, b):\n    """Add two numbers.\n\n    >>> add(1, 2)\n    3\n    """\n'
    assert 0 < known[0].reference_s < 1
    bodies = {
        "mbpp/601": ["    return a + b\n", "    return a - b\n", "    return a * b\n", "    return a + b + 0\n"],
        "mbpp/602": ["    return x + x\n"],
        "mbpp/511": ["    return -x\n", "    return x\n"],
    }
    rows = [
        {
            "problem_id": item.problem_id, "split": item.split, "prompt": item.prompt, "policy": "me", "settings": "0",
            "rollouts": [{"completion": body, "finish": "end of text"} for body in bodies[item.problem_id]],
        }
        for item in known
    ]  # fmt: skip
    (tmp_path / "rollouts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    labelled = tmp_path / "labelled.jsonl"
    judged = ("judge", "--problems", problems, "--rollouts", tmp_path / "rollouts.jsonl", "--out", labelled)
    assert "3  problems, 2 of them with both labels" in run(*judged, "--workers", 1)
    again = labelled.read_bytes()
    run(*judged, "--workers", 1)
    assert labelled.read_bytes() == again
    data = tmp_path / "data"
    dataset = ("dataset", labelled, "--problems", problems, "--out", data, "--mutants", 3, "--workers", 1)
    table = run(*dataset)
    assert "train: 2 problems" in table
    train, valid = (read_problems(data / f"{name}.jsonl") for name in ("train", "valid"))
    # One program of the second problem passed; its mutants brought the other label.
    assert {item.problem_id for item in train} == {"mbpp/601", "mbpp/602"}
    assert [(program.completion, program.passed) for program in valid[0].programs] == [
        ("    return -x\n", True),
        ("    return x\n", False),
    ]
    lines = [json.loads(line) for line in (data / "train.jsonl").read_text().splitlines()]
    for name in ("mbpp/601", "mbpp/602"):
        labels = [rollout["passed"] for line in lines if line["problem_id"] == name for rollout in line["rollouts"]]
        assert labels.count(True) == labels.count(False) > 0
    sheet = json.loads((data / "datasheet.json").read_text())
    assert sheet["splits"]["valid"]["passed"] == 1
    assert (sheet["splits"]["train"]["problems"], sheet["splits"]["train"]["mixed_problems"]) == (2, 2)
    assert sum(sheet["mutant_kinds"].values()) >= 2
    page = (data / "datasheet.html").read_text()
    assert page.count("<img") == 3
    assert "http" not in page
    for path in (problems, labelled, data / "train.jsonl"):
        assert is_sealed(path)
        meta = msgspec.json.decode(meta_path(path).read_bytes(), type=Meta)
        assert meta.sha256 == sha256(path)
        assert meta.rows == len(path.read_bytes().splitlines())


def test_a_file_that_was_changed_after_it_was_sealed_is_refused(tmp_path):
    (tmp_path / "mbpp.jsonl").write_text(json.dumps(MBPP[0]) + "\n")
    problems = tmp_path / "problems.jsonl"
    run("problems", tmp_path / "mbpp.jsonl", "--layout", "mbpp", "--out", problems, "--no-verify")
    problems.write_bytes(problems.read_bytes().replace(b"Add", b"Sub"))
    with pytest.raises(DataError, match="is not what"):
        is_sealed(problems)
