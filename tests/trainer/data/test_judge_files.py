"""`codeodds-train judge` as a process: rows in, rows out, in order, whatever the rows hold."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from codeodds.execution.pool import BATCH, Pool, is_borderline
from codeodds.execution.verdict import Job, Outcome

ADD = "def f(x):\n    return x + 1\n"


def judge(*arguments, rows=b""):
    command = [sys.executable, "-m", "codeodds_trainer.cli", "judge", *map(str, arguments)]
    return subprocess.run(command, input=rows, capture_output=True, check=False)


def lines(*rows):
    return b"".join((row if isinstance(row, bytes) else json.dumps(row).encode()) + b"\n" for row in rows)


def test_rows_come_back_in_order_and_bad_ones_say_what_is_wrong():
    rows = lines(
        {"id": 1, "program": ADD, "tests": ["assert f(1) == 2"]},
        {"id": "two", "program": "print(int(input()) + 1)", "inputs": ["1\n"], "outputs": ["2\n"]},
        {"id": 3, "program": ADD},
        b"nonsense",
        b"",
        {"id": 4, "program": ADD, "tests": ["assert f(1) == 2"], "inputs": ["1"], "outputs": ["1"]},
        {"id": 5, "program": ADD, "tests": []},
        {"id": 6, "program": ADD, "tests": ["assert f(1) == 3"], "time_limit_s": "long"},
        {"id": 7, "program": "while True: pass", "inputs": [""], "outputs": [""], "time_limit_s": 0.2},
        {"id": 8.5, "program": "x = ' ' * 10**8", "inputs": [""], "outputs": [""], "memory_limit_mb": 32},
        b'{"id": 9, "program": "\\ud800", "tests": ["assert 1"]}',
    )
    done = judge("--jsonl", "-", "--workers", 2, rows=rows)
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr
    assert [(result["id"], result["verdict"]) for result in results] == [
        (1, "pass"),
        ("two", "pass"),
        (3, "infrastructure error"),
        (None, "infrastructure error"),
        (4, "infrastructure error"),
        (5, "infrastructure error"),
        (6, "infrastructure error"),
        (7, "time limit"),
        (8.5, "memory limit"),
        (9, "infrastructure error"),
    ]
    assert [result["passed"] for result in results] == [True, True] + [False] * 8
    assert all(result.keys() == {"id", "verdict", "passed", "seconds", "detail", "network"} for result in results)
    assert results[2]["detail"] == "a row needs either `tests`, or as many `inputs` as `outputs`"
    assert results[5]["detail"] == "the row has no tests; any program would pass"
    assert "Expected `float | null`, got `str` - at `$.time_limit_s`" in results[6]["detail"]


def test_a_clean_run_ends_with_0(tmp_path):
    (tmp_path / "rows.jsonl").write_bytes(lines({"id": 1, "program": ADD, "tests": ["assert f(1) == 3"]}))
    done = judge("--jsonl", tmp_path / "rows.jsonl", "--out", tmp_path / "out.jsonl")
    assert (done.returncode, done.stdout) == (0, b"")
    assert json.loads((tmp_path / "out.jsonl").read_text())["verdict"] == "wrong answer"
    assert b"wrong answer: 1" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], b"give either --jsonl ROWS"),
        (["--jsonl", "no.jsonl"], b"--jsonl no.jsonl cannot be read (No such file or directory)"),
        (["--jsonl", "-", "--time-limit-s", "0"], b"0.0 is not in the range"),
    ],
)
def test_wrong_usage(arguments, message):
    done = judge(*arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert b"Traceback" not in done.stderr


def test_order_is_kept_over_many_batches_and_workers():
    jobs = [Job(program=f"def f():\n    return {n}\n", tests=[f"assert f() == {n % 3}"]) for n in range(BATCH + 20)]
    with Pool(3) as pool:
        outcomes = list(pool.judge(jobs))
    assert [outcome.passed for outcome in outcomes] == [n < 3 for n in range(BATCH + 20)]


def test_a_worker_that_is_killed_is_replaced():
    job = Job(program=ADD, tests=["assert f(1) == 2"])
    with Pool(1) as pool:
        assert [outcome.verdict for outcome in pool.judge([job])] == ["pass"]
        pool._workers[0]._process.kill()
        assert [outcome.verdict for outcome in pool.judge([job, job])] == ["pass", "pass"]


def test_what_is_near_its_limit_is_judged_again():
    job = Job(program="", time_limit_s=2.0)
    assert is_borderline(job, Outcome(verdict="time limit"))
    assert is_borderline(job, Outcome(verdict="infrastructure error"))
    assert is_borderline(job, Outcome(verdict="pass", cpu_s=1.5))
    assert is_borderline(job, Outcome(verdict="pass", seconds=3.0))
    assert not is_borderline(job, Outcome(verdict="pass", cpu_s=0.5, seconds=1.0))
    assert not is_borderline(job, Outcome(verdict="wrong answer", cpu_s=1.9))
