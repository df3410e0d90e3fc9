"""The example file: each task is solved once right and once wrong, as examples/README.md says."""

from __future__ import annotations

import ast
import re
import runpy
from collections.abc import Callable
from typing import Any

import pytest

from codeodds.cli.table import COLUMNS, NOTE
from tests.policy.project import ROOT

CASES: dict[str, list[tuple[tuple[Any, ...], Any]]] = {
    "moving_average": [(([1, 2, 3, 4], 2), [1.5, 2.5, 3.5]), (([5], 1), [5.0]), (([], 1), [])],
    "is_leap_year": [((2024,), True), ((1900,), False), ((2000,), True), ((2023,), False)],
    "merge_intervals": [
        (([(1, 9), (2, 4), (11, 12)],), [(1, 9), (11, 12)]),
        (([],), []),
        (([(1, 2), (2, 3)],), [(1, 3)]),
    ],
    "second_largest": [(([3, 9, 9, 4],), 4), (([7, 7],), None), (([],), None), (([1, 2],), 1)],
    "binary_search": [(([2, 3, 5, 7], 7), 3), (([1], 1), 0), (([], 1), -1), (([2, 4], 3), -1), (([2, 4], 2), 0)],
}


def _table() -> list[tuple[str, str]]:
    """(right, wrong) for each row of the table in the README."""
    return re.findall(r"^\| `(\w+)` \| `(\w+)` \|", (ROOT / "examples/README.md").read_text("utf-8"), re.MULTILINE)


def _passes(function: Callable[..., Any], cases: list[tuple[tuple[Any, ...], Any]]) -> bool:
    return all(function(*arguments) == expected for arguments, expected in cases)


@pytest.fixture(scope="module")
def functions() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "examples/demo.py"))


@pytest.mark.parametrize(("right", "wrong"), _table())
def test_one_is_right_and_the_other_wrong(functions: dict[str, Any], right: str, wrong: str) -> None:
    assert _passes(functions[right], CASES[right])
    assert not _passes(functions[wrong], CASES[right])


def test_the_table_is_complete() -> None:
    tree = ast.parse((ROOT / "examples/demo.py").read_text("utf-8"))
    defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert {name for row in _table() for name in row} == defined
    assert {right for right, _ in _table()} == set(CASES)


def test_readme_shows_the_demo_with_the_tables_columns_and_the_files_lines() -> None:
    shown = (ROOT / "README.md").read_text("utf-8").split("```sh\ngit clone", 1)[1].split("```\n")[2].splitlines()
    assert shown[0].split() == " ".join(column.header for column in COLUMNS).split()
    rows = [line.split()[1:3] for line in shown[1:] if "examples/demo.py:" in line]
    tree = ast.parse((ROOT / "examples/demo.py").read_text("utf-8"))
    places = {node.name: f"examples/demo.py:{node.lineno}" for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert len(rows) >= 4
    assert [place for _, place in rows] == [places[name] for name, _ in rows]
    assert shown[-1] == NOTE


def test_the_file_does_not_give_the_answers_away() -> None:
    text = (ROOT / "examples/demo.py").read_text("utf-8").split('"""', 2)[2]
    assert not re.search(r"bug|wrong|broken|incorrect|fixme|todo", text, re.IGNORECASE)
