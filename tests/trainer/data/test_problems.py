"""Readers of benchmarks, on rows in their published layouts, and on rows that are broken."""

from __future__ import annotations

import base64
import json
import pickle
import zlib

import pytest

from codeodds.execution.pool import Pool
from codeodds.source.functions import find_functions
from codeodds_trainer.data.problems.mbpp import sentence, split_of
from codeodds_trainer.data.problems.prompt import docstring
from codeodds_trainer.data.problems.read import read_benchmark
from codeodds_trainer.data.problems.verify import verify_references
from codeodds_trainer.ground.errors import DataError

# A problem of our own in each of APPS's layouts.
QUESTION = "Given two numbers on one line, print their sum.\n\n-----Examples-----\nInput\n1 2\n\nOutput\n3\n"
STDIO = {"inputs": ["1 2\n", "5 5\n"], "outputs": ["3\n", "10\n"]}
METHOD = {"fn_name": "twice", "inputs": [[[1, 2]], [[]]], "outputs": [[[2, 4]], [[]]]}
STARTER = "class Solution:\n    def twice(self, values: List[int]) -> List[int]:\n        "
SOLUTION = (
    "class Solution:\n    def twice(self, values: List[int]) -> List[int]:\n        return [2 * v for v in values]\n"
)


def write_apps_folder(root, name, tests, solutions, starter=None, question=QUESTION):
    folder = root / name
    folder.mkdir(parents=True)
    (folder / "question.txt").write_text(question)
    (folder / "input_output.json").write_text(json.dumps(tests) if tests is not None else "")
    (folder / "solutions.json").write_text(json.dumps(solutions))
    (folder / "metadata.json").write_text(json.dumps({"difficulty": "introductory", "url": "x"}))
    if starter is not None:
        (folder / "starter_code.py").write_text(starter)


def write_lines(path, *rows):
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return path


@pytest.fixture(params=["folders", "hub"])
def apps(request, tmp_path):
    """The same problems in both layouts: two good ones and five broken ones."""
    good = [
        (STDIO, ["a, b = map(int, input().split())\nprint(a + b)\n"], None, QUESTION),
        (METHOD, [SOLUTION, "not python"], STARTER, QUESTION),
    ]
    broken = [
        (None, [], None, QUESTION),
        ({"inputs": ["1"], "outputs": []}, [], None, QUESTION),
        ({"inputs": ["1"]}, [], None, QUESTION),
        (STDIO, [], None, "  \n"),
        ({**METHOD, "fn_name": "thrice"}, ["def twice(x): pass"], None, QUESTION),
    ]
    rows = good + broken
    if request.param == "folders":
        for number, (tests, solutions, starter, question) in enumerate(rows):
            write_apps_folder(tmp_path / "apps", f"{number:04d}", tests, solutions, starter, question)
        return tmp_path / "apps"
    return write_lines(
        tmp_path / "train.jsonl",
        *(
            {
                "id": number,
                "question": question,
                "solutions": json.dumps(solutions),
                "input_output": json.dumps(tests) if tests is not None else "",
                "difficulty": "introductory",
                "url": "x",
                "starter_code": starter or "",
            }
            for number, (tests, solutions, starter, question) in enumerate(rows)
        ),
    )


def test_apps_in_both_layouts(apps):
    (stdio, method), skipped = read_benchmark(apps, "apps", split="train")
    assert [skip.reason for skip in skipped] == [
        "it has no tests",
        "it has 1 inputs and 0 outputs",
        "has no `outputs`",
        "its question is empty",
        "neither starter code nor a solution shows how thrice is defined",
    ]
    assert stdio.problem_id == "apps/train/0000"
    assert (stdio.difficulty, stdio.licence, stdio.source) == ("introductory", "MIT", "APPS")
    assert stdio.prompt.startswith('def solve() -> None:\n    """Given two numbers on one line, print their sum.\n')
    assert stdio.epilogue == "\n\n\nsolve()\n"
    assert (stdio.inputs, stdio.outputs) == (STDIO["inputs"], STDIO["outputs"])
    assert method.prompt.startswith(
        "from typing import List\n\n\nclass Solution:\n"
        "    def twice(self, values: List[int]) -> List[int]:\n"
        '        """Given two numbers'
    )
    assert method.entry_point == "Solution.twice"
    assert [(call.arguments, call.accepted) for call in method.calls] == [
        ([[1, 2]], [[[2, 4]], [2, 4]]),
        ([[]], [[[]], []]),
    ]


def test_prompts_are_what_the_server_sees(apps):
    problems, _ = read_benchmark(apps, "apps")
    for problem, body in zip(problems, ["    a, b = 1, 2\n    print(a + b)\n", "        return values\n"], strict=True):
        function = find_functions(problem.prompt + body)[-1]
        assert (function.unit.problem, function.unit.solution.rstrip()) == (problem.prompt, body.rstrip())


def test_references_are_run_and_set_the_time_limit(apps):
    problems, _ = read_benchmark(apps, "apps")
    with Pool(1) as pool:
        (stdio, method), skipped = verify_references(problems, pool, most=3)
        assert skipped == []
        assert method.references == [SOLUTION]
        assert stdio.job("").time_limit_s == 2.0
        completion = "    a, b = map(int, input().split())\n    print(a + b)\n"
        jobs = [stdio.job(stdio.program(completion)), stdio.job(stdio.program(completion.replace("+", "-")))]
        jobs += [method.job(method.program(f"        return {value}\n")) for value in ("[2 * v for v in values]", "[]")]
        assert [outcome.verdict for outcome in pool.judge(jobs)] == ["pass", "wrong answer", "pass", "wrong answer"]


def test_a_problem_whose_references_all_fail_is_left_out(tmp_path):
    write_apps_folder(tmp_path / "apps", "0000", STDIO, ["print(3)"])
    problems, _ = read_benchmark(tmp_path / "apps", "apps")
    with Pool(1) as pool:
        kept, skipped = verify_references(problems, pool, most=3)
    assert kept == []
    assert skipped[0].reason == "no reference passes (wrong answer: input 2: another output)"


HUMANEVAL = {
    "task_id": "Own/0",
    "prompt": 'def add(a, b):\n    """Add."""\n',
    "canonical_solution": "    return a + b\n",
    "test": "def check(candidate):\n    assert candidate(1, 2) == 3\n",
    "entry_point": "add",
}


def test_the_humaneval_format(tmp_path):
    path = write_lines(tmp_path / "own.jsonl", HUMANEVAL, {**HUMANEVAL, "test": "assert 1"}, HUMANEVAL, "{", "[]")
    (problem,), skipped = read_benchmark(path, "humaneval", licence="MIT")
    assert problem.tests == [HUMANEVAL["test"], "check(add)"]
    assert [(skip.place, skip.reason) for skip in skipped] == [
        ("line 2", "`test` defines no function check"),
        ("line 3", "its id Own/0 was there before"),
        ("line 4", "it is not valid JSON"),
        ("line 5", "is not an object"),
    ]
    with Pool(1) as pool:
        jobs = [problem.job(problem.program(body)) for body in ("    return a + b\n", "    return a\n")]
        assert [outcome.verdict for outcome in pool.judge(jobs)] == ["pass", "wrong answer"]


CASES = [{"input": "[1, 2]\n3", "output": "6", "testtype": "functional"}]
LIVE = {
    "question_content": "Add up.",
    "question_id": "7_a",
    "difficulty": "easy",
    "starter_code": "class Solution:\n    def total(self, values: List[int], more: int) -> int:\n        ",
    "public_test_cases": json.dumps(CASES),
    "metadata": json.dumps({"func_name": "total"}),
}


def packed(value):
    return base64.b64encode(zlib.compress(pickle.dumps(value))).decode()


class Harmful:
    def __reduce__(self):
        return (print, ("run",))


def test_livecodebench_with_packed_tests(tmp_path, capsys):
    rows = [
        {**LIVE, "private_test_cases": packed(json.dumps(CASES * 2))},
        {**LIVE, "question_id": "7_b", "private_test_cases": packed(Harmful())},
        {**LIVE, "question_id": "7_c", "private_test_cases": "AAAA"},
        {
            **LIVE,
            "question_id": "7_d",
            "public_test_cases": json.dumps([{"input": "1\n", "output": "2\n", "testtype": "stdin"}]),
        },
    ]
    (calls, stdio), skipped = read_benchmark(write_lines(tmp_path / "live.jsonl", *rows), "livecodebench")
    assert [(call.arguments, call.accepted) for call in calls.calls] == [([[1, 2], 3], [6])] * 3
    assert calls.entry_point == "Solution.total"
    assert (stdio.problem_id, stdio.inputs, stdio.outputs) == ("livecodebench/7_d", ["1\n"], ["2\n"])
    assert [skip.reason for skip in skipped] == [
        "its private tests hold something else than text",
        "its private tests cannot be unpacked (error)",
    ]
    assert capsys.readouterr().out == "", "unpacking must run nothing"


def test_mbpps_sanitized_set(tmp_path):
    row = {
        "source_file": "x",
        "task_id": 12,
        "prompt": "Write a python function to find the larger number",
        "code": "import math\ndef larger(a, b):\n    return math.floor(max(a, b))\n",
        "test_imports": ["import math"],
        "test_list": ["assert larger(1, 2) == 2", "assert math.isclose(larger(3, 2), 3)"],
    }
    (tmp_path / "sanitized-mbpp.json").write_text(json.dumps([row, {**row, "task_id": 13, "test_list": ["assert 1"]}]))
    (problem,), skipped = read_benchmark(tmp_path / "sanitized-mbpp.json", "mbpp", examples=2)
    assert problem.prompt == (
        'def larger(a, b):\n    """Find the larger number.\n\n    >>> larger(1, 2)\n    2\n    """\n'
    )
    assert (problem.setup, problem.split) == ("import math", "test")
    assert skipped[0].reason == "its tests call 0 functions of its code; exactly one is needed"


def test_mbpps_splits_and_sentences():
    assert [split_of(number) for number in (10, 11, 510, 511, 600, 601)] == [
        *("prompt", "test", "test", "valid", "valid", "train")
    ]
    assert sentence("Write a function to add.") == "Add."
    assert sentence("Find x") == "Find x."


@pytest.mark.parametrize(
    "statement",
    ["one", 'ends with a quote"', "ends with \\", 'has """ inside', "a\n\n\nb", "tabs\tand\r\nreturns", "x" * 300],
)
def test_a_docstring_holds_any_statement(statement):
    import ast

    text = "def f():\n" + docstring(statement, [("f(1)", "2")], "    ")
    value = ast.get_docstring(ast.parse(text).body[0])
    assert value.endswith(">>> f(1)\n2")
    assert value.split()[0].rstrip('"')[:3] == statement.split()[0].rstrip('"')[:3]


def test_files_that_are_no_benchmark(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        read_benchmark(tmp_path / "no.jsonl", "mbpp")
    (tmp_path / "object.json").write_text("{}")
    with pytest.raises(DataError, match="holds no array"):
        read_benchmark(tmp_path / "object.json", "mbpp")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no problem folders"):
        read_benchmark(tmp_path / "empty", "apps")
