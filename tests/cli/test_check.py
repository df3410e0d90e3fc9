"""`codeodds check`: findings as a linter prints them, and its exit status."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from codeodds.cli import main, scoring
from codeodds.engine.fake import FakeScorer
from tests.odds.comparing import ComparingScorer

Check = Callable[..., int]
WRONG = "def either(one, other):\n    return one and other\n"
RIGHT = "def total(buffer):\n    return sum(buffer)\n"
FINDING = "2:16: CO003 'or' is more than 1,000 times more likely here than 'and'\n"


@pytest.fixture
def check(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Check:
    monkeypatch.setattr(scoring, "open_scorer", lambda path, threads: ComparingScorer())
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: main.main(["check", *arguments])


def test_a_finding_is_one_line_and_the_status_says_so(
    check: Check, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "wrong.py").write_text(WRONG)
    (tmp_path / "right.py").write_text(RIGHT)
    assert check("wrong.py", "right.py") == 1
    assert capsys.readouterr() == (f"wrong.py:{FINDING}", "")
    assert check("right.py") == 0
    assert capsys.readouterr() == ("", "")
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "wrong.py").write_text(WRONG)
    assert check("src") == 1
    assert capsys.readouterr().out == f"src/wrong.py:{FINDING}"


@pytest.mark.parametrize(
    "text",
    [
        WRONG.replace("and other", "and other  # codeodds: ignore"),
        WRONG.replace("other):", "other):  # codeodds: ignore"),
        "def either(one, other):\n    return one and\n",
        "def either(one, other): ...\n",
        "",
        "x = 1 and 2\n",
    ],
    ids=["line ignored", "function ignored", "does not parse", "stub", "empty", "no function"],
)
def test_nothing_is_said(check: Check, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str) -> None:
    (tmp_path / "a.py").write_text(text)
    assert check("a.py") == 0
    assert capsys.readouterr() == ("", "")


def test_what_cannot_be_read_is_said_and_the_rest_is_checked(
    check: Check, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "latin.py").write_bytes(b"x = '\xff'\n")
    (tmp_path / "wrong.py").write_text(WRONG)
    assert check("latin.py", "missing.py", "wrong.py") == 2
    found = capsys.readouterr()
    assert found.out == f"wrong.py:{FINDING}"
    assert [line.split(":")[1].strip() for line in found.err.splitlines()] == ["error", "error"]
    assert "latin.py" in found.err
    assert "missing.py" in found.err


def test_a_notebook_s_finding_names_its_cell(check: Check, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cells = [{"cell_type": "code", "source": text, "metadata": {}, "outputs": []} for text in ("import os\n", WRONG)]
    book = {"cells": cells, "metadata": {"language_info": {"name": "python"}}, "nbformat": 4, "nbformat_minor": 5}
    (tmp_path / "a.ipynb").write_text(json.dumps(book))
    assert check("a.ipynb") == 1
    assert capsys.readouterr().out == f"a.ipynb:cell 2:{FINDING}"


def test_a_bundle_that_cannot_compare_says_what_to_do(
    check: Check, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoring, "open_scorer", lambda path, threads: FakeScorer())
    (tmp_path / "a.py").write_text(RIGHT)
    assert check("a.py") == 2
    assert "the bundle fake 1 cannot compare code with its alternatives" in capsys.readouterr().err
