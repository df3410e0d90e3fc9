"""`codeodds rank`: files, folders and rows of candidates; the table and the JSON forms; input that cannot be used."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from codeodds.engine.fake import FakeScorer
from tests.cli.conftest import Run

TEXT = '''\
"""A module."""


def first(x):
    """Do it."""
    raise NotImplementedError


class Stack:
    def pop(self):
        pass
'''


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = Path("two.py")
    path.write_text(TEXT)
    return path


@pytest.fixture
def folder(source: Path) -> Path:
    folder = Path("bodies")
    folder.mkdir()
    (folder / "a.py").write_text("y = BUG\nreturn y\n")
    (folder / "b.py").write_text("def first(x):\n    '''Other.'''\n    y = DOUBT\n    return y\n")
    (folder / "c.py").write_text("return (\n")
    (folder / "d.py").write_text("    return x\n")
    (folder / "e.py").write_text("return x")
    return folder


def ranking(out: str) -> list[dict[str, Any]]:
    return list(json.loads(out)["ranking"])


def test_the_best_comes_first_in_json(run: Run, source: Path, folder: Path) -> None:
    result = run("rank", source, "--candidates", folder, "--function", "first", "--json")
    assert result.status == 0
    document = json.loads(result.out)
    assert document["model"] == {"name": "fake", "version": "1"}
    assert (document["path"], document["function"]) == ("two.py", {"name": "first", "line": 4})
    rows = document["ranking"]
    assert [row["name"] for row in rows] == [f"bodies/{letter}.py" for letter in "debac"]
    assert [row["index"] for row in rows] == [3, 4, 1, 0, 2]
    assert [row["rank"] for row in rows] == [1, 2, 3, 4, None]
    assert [row["probability"] for row in rows] == [0.9, 0.9, pytest.approx(0.7), pytest.approx(0.3), None]
    assert [row["duplicate_of"] for row in rows] == [None, 3, None, None, None]
    assert rows[4]["reason"] == "it does not parse"
    assert rows[3]["lines"] == [
        {"line": 1, "probability": pytest.approx(0.3), "drop": pytest.approx(0.6)},
        {"line": 2, "probability": pytest.approx(0.3), "drop": 0},
    ]


def test_candidates_run_only_if_asked(run: Run, source: Path, tmp_path: Path) -> None:
    Path("rows.jsonl").write_text('"return [x] * 3"\n"return x  # DOUBT"\n"return (x)  # DOUBT"\n')
    command = ["rank", source, "--candidates", "rows.jsonl", "--function", "first", "--json"]
    rows = ranking(run(*command).out)
    assert [row["index"] for row in rows] == [0, 1, 2]
    assert "agreement" not in rows[0]
    result = run(*command, "--run-code")
    rows = ranking(result.out)
    assert (result.status, [row["index"] for row in rows]) == (0, [1, 2, 0])
    assert [row["agreement"] for row in rows] == [pytest.approx(v, abs=1e-5) for v in (1.4 / 2.3, 1.4 / 2.3, 0.9 / 2.3)]
    assert [row["examples_passed"] for row in rows] == [None, None, None]


def test_bodies_go_behind_the_signature_and_docstring(run: Run, scorer: FakeScorer, source: Path, folder: Path) -> None:
    run("rank", source, "--candidates", folder / "b.py", "--line", 10)
    (unit,) = scorer.calls
    assert unit.problem == "class Stack:\n    def pop(self):\n"
    assert unit.solution == "        y = DOUBT\n        return y\n"


def test_the_table_has_a_row_for_each_candidate(run: Run, source: Path, folder: Path) -> None:
    result = run("rank", source, "--candidates", folder, "--function", "first")
    assert result.status == 0
    heading, columns, *rows = result.out.splitlines()
    assert heading == "two.py:4 first: 5 candidates, 4 scored"
    assert columns.split() == ["rank", "probability", "candidate", "drops", "at", "from", "to"]
    assert rows[0].split() == ["1", "0.90", "bodies/d.py"]
    assert rows[1].split() == ["2", "0.90", "bodies/e.py", "the", "same", "as", "bodies/d.py"]
    assert rows[3].split() == ["4", "0.30", "bodies/a.py", "1", "0.90", "0.30", "y", "=", "BUG"]
    assert rows[4].split() == ["-", "-", "bodies/c.py", "not", "scored:", "it", "does", "not", "parse"]
    assert "estimate" in rows[-1]
    assert "\x1b" not in result.out


def test_rows_of_a_file_are_candidates(run: Run, source: Path) -> None:
    Path("rows.jsonl").write_text('"return x"\n\n{"id": 7, "completion": "    return BUG"}\n')
    result = run("rank", source, "--candidates", "rows.jsonl", "--function", "first", "--json")
    assert result.status == 0
    assert [row["name"] for row in ranking(result.out)] == ["rows.jsonl:1", "7"]


def test_what_can_not_be_read_is_reported_and_the_rest_is_ranked(run: Run, source: Path, folder: Path) -> None:
    Path("rows.jsonl").write_text('3\n{"completion": 4}\n{"completion": "return x"}\n"\\ud800"\n{\n')
    Path("binary.py").write_bytes(b"\0\1")
    options = [part for name in ("rows.jsonl", "none.py", "binary.py", "none.jsonl") for part in ("--candidates", name)]
    result = run("rank", source, *options, "--function", "first", "--json")
    assert result.status == 1
    assert len(ranking(result.out)) == 1
    for words in (
        'rows.jsonl: row 1: the row is a number, not a string or an object with "completion"',
        'row 2: "completion" is a number',
        'row 4: "completion" holds the lone surrogate',
        "row 5: the row is not valid JSON",
        "none.py does not exist",
        "binary.py is not text",
        "none.jsonl cannot be read",
    ):
        assert words in result.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give either FILE or --jsonl FILE"),
        (["two.py"], "give --candidates PATH"),
        (["two.py", "--jsonl", "-"], "give either FILE or --jsonl FILE"),
        (["--jsonl", "-", "--json"], "--jsonl has rows"),
        (
            ["two.py", "--candidates", "two.py"],
            r"2 functions; choose one by name or by line: first (line 4), Stack.pop",
        ),
        (["two.py", "--candidates", "two.py", "--function", "last"], "no function 'last'"),
        (["two.py", "--candidates", "two.py", "--line", "1"], "no function in line 1"),
        (["none.py", "--candidates", "two.py"], "none.py does not exist"),
        (["two.py", "--candidates", "none.py", "--line", "4"], "--candidates gave no candidate that can be read"),
        (["--jsonl", "none.jsonl"], "--jsonl none.jsonl cannot be read"),
    ],
)
def test_wrong_usage_is_one_sentence(run: Run, source: Path, arguments: list[str], message: str) -> None:
    result = run("rank", *arguments)
    assert result.status == 2
    assert message in result.err
    assert "Traceback" not in result.err
    assert result.out == ""


def test_a_ranking_without_a_score_has_another_status(run: Run, source: Path) -> None:
    Path("broken.py").write_text("return (\n")
    result = run("rank", source, "--candidates", "broken.py", "--line", "4")
    assert result.status == 1
    assert "1 candidate, 0 scored" in result.out


def test_too_many_candidates_are_one_error(run: Run, source: Path) -> None:
    Path("rows.jsonl").write_text("".join(f'"return {number}"\n' for number in range(1_001)))
    result = run("rank", source, "--candidates", "rows.jsonl", "--line", "4")
    assert result.status == 2
    assert "1,001 candidates; at most 1,000" in result.err


def row(**changes: Any) -> bytes:
    whole = {"id": "a", "prompt": "def f(x):\n", "candidates": ["    return BUG\n", "    return x\n"], **changes}
    return json.dumps({key: value for key, value in whole.items() if value is not None}).encode() + b"\n"


def test_rows_are_ranked_one_out_for_each_in(run: Run) -> None:
    result = run("rank", "--jsonl", "-", stdin=row() + b"\n" + row(id=2, candidates=["    return (", "    return x"]))
    assert result.status == 0
    first, second = result.rows
    assert first == {
        "id": "a",
        "ranking": [
            {
                "rank": 1,
                "index": 1,
                "probability": 0.9,
                "reason": None,
                "duplicate_of": None,
            },
            {
                "rank": 2,
                "index": 0,
                "probability": 0.3,
                "reason": None,
                "duplicate_of": None,
            },
        ],
    }
    assert [(item["rank"], item["index"]) for item in second["ranking"]] == [(1, 1), (None, 0)]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (row(candidates=[]), "there are no candidates; give at least one"),
        (row(candidates=["    return 1\n"] * 1_001), "at most 1,000 are ranked at once"),
        (row(candidates="    return 1\n"), '"candidates" is a string; give it a list of strings'),
        (row(candidates=["    return 1\n", 2]), '"candidates" holds a number at place 1'),
        (row(candidates=None), 'the row has no "candidates"'),
        (row(prompt=None), 'the row has no "prompt"'),
        (row(prompt="\ud800"), "lone surrogate"),
        (row(id=None), 'the row has no "id"'),
        (b"[]\n", "the row is an array, not an object with id, prompt and candidates"),
        (b"{\n", "the row is not valid JSON"),
        (b"\xff\n", "the row is not UTF-8"),
    ],
)
def test_a_row_that_can_not_be_ranked_has_its_error_and_the_others_are(run: Run, line: bytes, message: str) -> None:
    result = run("rank", "--jsonl", "-", stdin=line + row())
    assert result.status == 1
    wrong, right = result.rows
    assert message in wrong["error"]
    assert len(right["ranking"]) == 2


def test_a_thousand_candidates_and_very_long_ones_come_back(run: Run) -> None:
    many = [f"    return {number}\n" for number in range(999)]
    result = run("rank", "--jsonl", "-", stdin=row(candidates=["    x = 1\n" * 2_500, *many]))
    assert result.status == 0
    (only,) = result.rows
    assert len(only["ranking"]) == 1_000
    assert only["ranking"][-1]["index"] == 0
    assert "limit is 2000" in only["ranking"][-1]["reason"]
