"""`codeodds score FILE...`: the table, its JSON form, and files that cannot be scored."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from codeodds.engine.api import Cancellation
from codeodds.engine.fake import FakeScorer
from codeodds.errors import EngineError
from codeodds.types import Score, ScoringUnit
from tests.cli.conftest import Run

TWO = '''\
"""A module."""


def first(x):
    """Do it."""
    y = x + 1
    return y


class Stack:
    def pop(self):
        value = BUG
        rest = DOUBT
        return value + rest
'''


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = Path("two.py")
    path.write_text(TWO)
    return path


def test_the_json_form_says_where_the_value_drops(run: Run, source: Path) -> None:
    result = run("score", "--json", source)
    assert result.status == 0
    document = json.loads(result.out)
    assert document["model"] == {"name": "fake", "version": "1"}
    (file,) = document["files"]
    assert (file["path"], file["error"]) == ("two.py", None)
    first, pop = file["functions"]
    assert first == {
        "name": "first",
        "line": 4,
        "end_line": 7,
        "probability": 0.9,
        "reason": None,
        "drop": None,
    }
    assert pop["name"] == "Stack.pop"
    assert (pop["line"], pop["end_line"]) == (11, 14)
    assert pop["probability"] == pytest.approx(0.1, abs=1e-6)
    assert pop["drop"] == {"line": 12, "before": 0.9, "after": 0.3, "source": "value = BUG"}


def test_the_table_has_a_row_for_each_function(run: Run, source: Path) -> None:
    result = run("score", source)
    assert result.status == 0
    assert result.out.splitlines() == [
        "probability   function    where       drops at   from     to",
        "       0.10   Stack.pop   two.py:11         12   0.90   0.30   value = BUG",
        "       0.90   first       two.py:4",
        "",
        "2 functions in 1 file, 0.10 to 0.90; 1 below 0.50, the model's threshold.",
        "A probability is an estimate that the finished function passes its tests; a low one is a reason to look.",
    ]


THREE = {
    "a.py": "def a(x):\n    y = x + 1\n    return y\n\n\ndef b(x):\n    y = x + DOUBT\n    return y\n",
    "b.py": "def c(x):\n    y = x + BUG\n    return y\n\n\ndef d(x):\n    pass\n",
    "c.py": "def e(x):\n    y = x + DOUBT\n    return y\n",
}
ORDERS: dict[str, tuple[list[str], list[str]]] = {
    "the least probable first": ([], ["b.py:1", "a.py:6", "c.py:1", "a.py:1"]),
    "the same, when it is named": (["--sort", "probability"], ["b.py:1", "a.py:6", "c.py:1", "a.py:1"]),
    "by file and line": (["--sort", "place"], ["a.py:1", "a.py:6", "b.py:1", "c.py:1"]),
}


@pytest.mark.parametrize(("options", "expected"), ORDERS.values(), ids=ORDERS)
def test_the_table_starts_with_what_deserves_a_look(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], expected: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in THREE.items():
        Path(name).write_text(text)
    out = run("score", ".", *options).out
    assert [line.split()[2] for line in out.split("\n\n")[0].splitlines()[1:]] == expected
    assert out.split("\n\n")[1].splitlines()[:2] == [
        "1 not scored: it is a stub (b.py:6)",
        "5 functions in 3 files, 4 scored, 0.30 to 0.90; 1 below 0.50, the model's threshold.",
    ]


SUMMARIES: dict[str, tuple[str, str]] = {
    "one": ("def f(x):\n    return x + 1\n", "1 function in 1 file, 0.90; none below 0.50, the model's threshold."),
    "none scored": ("def f(x):\n    pass\n", "1 function in 1 file, none scored."),
    "no function": ("x = 1\n", "No functions in 1 file."),
    "an empty file": ("", "No functions in 1 file."),
}


@pytest.mark.parametrize(("text", "expected"), SUMMARIES.values(), ids=SUMMARIES)
def test_the_summary(run: Run, source: Path, text: str, expected: str) -> None:
    source.write_text(text)
    assert expected in run("score", source).out.splitlines()


def test_what_is_not_scored_for_the_same_reason_shares_a_line(run: Run, source: Path) -> None:
    source.write_text("".join(f"def f{number}(x):\n    y\n" for number in range(5)))
    assert run("score", source).out.splitlines() == [
        "5 not scored: too short: 3 tokens, 4 are needed (two.py:1, two.py:3, two.py:5 and 2 more)",
        "5 functions in 1 file, none scored.",
    ]
    source.write_text("def f(x):\n    y\n\n\ndef g(x):\n    (y\n\n\ndef h(x):\n    y\n    \n")
    assert (
        "1 not scored: it does not parse: it is unfinished, or its syntax is not known here (two.py:5)"
        in run("score", source).out
    )


def test_nothing_is_coloured_where_there_is_no_terminal(run: Run, source: Path) -> None:
    assert "\x1b" not in run("score", source).out


def test_what_is_not_judged_has_its_reason(run: Run, source: Path) -> None:
    source.write_text(
        "def stub(x):\n    ...\n\n\ndef short():\n    x\n\n\ndef long():\n    return [" + "1, " * 3000 + "]\n\n\n"
        "def broken(x):\n    return (x + \n"
    )
    result = run("score", "--json", source)
    functions = {function["name"]: function for function in json.loads(result.out)["files"][0]["functions"]}
    assert {name: function["probability"] for name, function in functions.items()} == dict.fromkeys(functions)
    assert "stub" in functions["stub"]["reason"]
    assert "too short" in functions["short"]["reason"]
    assert "limit is 2000" in functions["long"]["reason"]
    assert "does not parse" in functions["broken"]["reason"]
    assert result.status == 0
    table = run("score", source)
    assert "4 functions in 1 file, none scored." in table.out
    assert table.out.count("1 not scored: ") == 4


BAD_FILES: dict[str, bytes] = {
    "not UTF-8": b"def f():\n    return '\xff\xfe'\n",
    "binary": b"\x7fELF\0\0\0\0" * 100,
    "an unknown encoding": b"# -*- coding: nonsense -*-\ndef f(): pass\n",
}


@pytest.mark.parametrize("content", BAD_FILES.values(), ids=BAD_FILES)
@pytest.mark.parametrize("flags", [[], ["--json"]], ids=["table", "json"])
def test_a_file_that_cannot_be_read_is_reported_and_the_rest_scored(
    run: Run, source: Path, content: bytes, flags: list[str]
) -> None:
    Path("bad.py").write_bytes(content)
    result = run("score", *flags, "bad.py", source)
    assert result.status == 1
    assert result.err.count("\n") == 1
    assert result.err.startswith("codeodds: error: ")
    assert "bad.py" in result.err
    assert "Stack.pop" in result.out
    if flags:
        bad, good = json.loads(result.out)["files"]
        assert f"codeodds: error: {bad['error']}\n" == result.err
        assert bad["functions"] == []
        assert len(good["functions"]) == 2


def test_a_missing_file_and_an_empty_folder_are_reported(run: Run, source: Path) -> None:
    Path("empty").mkdir()
    result = run("score", "missing.py", "empty", source)
    assert result.status == 1
    missing, empty = result.err.splitlines()
    assert "missing.py" in missing
    assert empty == (
        "codeodds: error: empty holds no .py file outside what is excluded, hidden, installed or built; "
        "name the files themselves"
    )
    assert "Stack.pop" in result.out


def test_functions_and_lines_that_say_so_are_left_alone(run: Run, source: Path) -> None:
    source.write_text(
        "# codeodds: ignore\ndef above(x):\n    return BUG\n\n\n"
        "def behind(x):  # codeodds: ignore\n    return BUG\n\n\n"
        "def line(x):\n    y = BUG  # codeodds: ignore\n    z = DOUBT\n    return y\n\n\n"
        "def text(x):\n    y = '# not codeodds: ignored'\n    return BUG\n"
    )
    functions = {f["name"]: f for f in json.loads(run("score", "--json", source).out)["files"][0]["functions"]}
    for name in ("above", "behind"):
        assert functions[name]["reason"] == "a comment says `codeodds: ignore`"
        assert functions[name]["probability"] is None
    assert functions["line"]["probability"] == pytest.approx(0.1, abs=1e-6)
    assert functions["line"]["drop"]["source"] == "z = DOUBT"
    assert functions["text"]["drop"]["line"] == 18


def write_notebook(path: Path, *cells: str, **more: object) -> None:
    texts = [{"cell_type": "code", "source": cell.splitlines(keepends=True), "metadata": {}} for cell in cells]
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": texts, **more}))


def test_a_notebook_has_cells_and_lines(run: Run, source: Path) -> None:
    string = 'def text(x):\n    y = """\n%d of them\n! BUG\n"""\n    return y\n'
    write_notebook(Path("a.ipynb"), "%matplotlib inline\nimport math\n", "%%time\n\n" + TWO, string)
    result = run("score", "--json", "a.ipynb", source)
    notebook, plain = json.loads(result.out)["files"]
    assert (result.status, notebook["error"]) == (0, None)
    first, pop, text = notebook["functions"]
    assert [(f["name"], f["cell"], f["line"], f["end_line"]) for f in (first, pop, text)] == [
        ("first", 2, 6, 9),
        ("Stack.pop", 2, 13, 16),
        ("text", 3, 1, 6),
    ]
    assert pop["drop"] == {"line": 14, "before": 0.9, "after": 0.3, "source": "value = BUG"}
    assert text["drop"] == {"line": 4, "before": 0.9, "after": 0.3, "source": "! BUG"}
    assert [f["probability"] for f in plain["functions"]] == [first["probability"], pop["probability"]]
    rows = [line.split() for line in run("score", "--sort", "place", "a.ipynb").out.splitlines()]
    assert rows[2][:4] == ["0.10", "Stack.pop", "a.ipynb:2:13", "2:14"]


@pytest.mark.parametrize(
    "content", ["", "def f(): pass", "[]", '{"nbformat": 3, "worksheets": []}', '{"nbformat": 4}'], ids=repr
)
def test_a_notebook_that_is_none_is_reported_and_the_rest_scored(run: Run, source: Path, content: str) -> None:
    Path("bad.ipynb").write_text(content)
    result = run("score", "bad.ipynb", source)
    assert (result.status, result.err.count("\n")) == (1, 1)
    assert result.err.startswith("codeodds: error: bad.ipynb is ")
    assert "Stack.pop" in result.out


def test_what_is_excluded_is_passed_over_and_what_is_named_is_not(run: Run, source: Path) -> None:
    Path("gen").mkdir()
    Path("gen/a.py").write_text(TWO)
    Path("pyproject.toml").write_text('[tool.codeodds]\nexclude = ["gen"]\n')

    def paths(*arguments: str) -> list[str]:
        return [file["path"] for file in json.loads(run("score", "--json", *arguments).out)["files"]]

    assert paths(".") == ["two.py"]
    assert paths(".", "--exclude", "t*.py", "--exclude", "!gen") == ["gen/a.py"]
    assert paths(".", "gen/a.py", "gen") == ["two.py", "gen/a.py"]


@pytest.mark.parametrize(
    ("arguments", "project", "message"),
    [
        (
            ["--exclude", "../x"],
            "",
            "--exclude: the pattern `../x` matches nothing: it leads out",
        ),
        ([], "[tool.codeodds]\nexclude = 3\n", "pyproject.toml: [tool.codeodds] cannot be used: Expected `array`"),
        ([], "[tool.codeodds\n", "pyproject.toml is not valid TOML: "),
    ],
)
def test_rules_that_cannot_be_used_end_the_run_before_anything_is_scored(
    run: Run, source: Path, arguments: list[str], project: str, message: str
) -> None:
    Path("pyproject.toml").write_text(project)
    result = run("score", *arguments, ".")
    assert (result.status, result.out, result.err.count("\n")) == (2, "", 1)
    assert message in result.err
    if not arguments:
        # A file that is named needs no rules.
        assert run("score", source).status == 0


def test_files_without_functions_are_fine(run: Run, source: Path) -> None:
    Path("empty.py").write_bytes(b"")
    Path("plain.py").write_text("x = 1\n" * 1000)
    Path("wide.py").write_text("x = '" + "y" * 50_000 + "'\n")
    result = run("score", "empty.py", "plain.py", "wide.py")
    assert result.status == 0
    assert result.out == "No functions in 3 files.\n"


def test_source_cannot_steer_the_terminal(run: Run, source: Path) -> None:
    source.write_text("def f(x):\n    y = 'a\x1b[31m' + BUG  # [bold]markup[/bold] \u202e\n    return y\n")
    out = run("score", source).out
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert "[bold]markup[/bold]" in out


def test_names_beyond_ascii_and_beyond_utf8(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("größe.py").write_text("def länge(x):\n    return x + 1\n", "utf-8")
    Path(os.fsdecode(b"bad\xff.py")).write_text("def f(x):\n    return x + 1\n")
    result = run("score", "--json", ".")
    assert result.status == 0
    assert [file["path"] for file in json.loads(result.out)["files"]] == ["größe.py", "bad\ufffd.py"][::-1]


def test_carriage_returns_do_not_move_lines(run: Run, source: Path) -> None:
    source.write_bytes(TWO.replace("\n", "\r\n").encode())
    document = json.loads(run("score", "--json", source).out)
    assert document["files"][0]["functions"][1]["drop"]["line"] == 12


class FailingScorer(FakeScorer):
    """Fails as a runtime that is out of memory does, at units that hold the word BUG."""

    def score(self, unit: ScoringUnit, cancellation: Cancellation | None = None) -> Score:
        if "BUG" in unit.solution:
            raise EngineError("the model ran out of memory; close something")
        return super().score(unit, cancellation)


@pytest.mark.parametrize("scorer", [FailingScorer()])
def test_a_failing_engine_ends_the_file_and_not_the_run(run: Run, source: Path) -> None:
    Path("one.py").write_text("def other(x):\n    return x + 1\n")
    result = run("score", source, "one.py")
    assert result.status == 1
    assert result.err == "codeodds: error: two.py: Stack.pop: the model ran out of memory; close something\n"
    assert "first" in result.out
    assert "other" in result.out
