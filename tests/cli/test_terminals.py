"""What a person sees: wide, narrow and dumb terminals, with colours and without."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.process import in_shell, on_terminal

LONG = "a_function_whose_name_is_longer_than_some_terminals"
TEXT = f"def low(x):\n    y = x + BUG\n    return y\n\n\ndef {LONG}(x):\n    y = x + 1\n    return y\n"
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")
COLOUR = "\x1b[33m0.30\x1b[0m"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "a_folder" / "another_folder"
    place.mkdir(parents=True)
    (place / "some_file.py").write_text(TEXT)
    (tmp_path / "bodies.jsonl").write_text('"y = x + BUG\\nreturn y"\n"return x"\n')
    return tmp_path


SCORE = ["score", "a_folder"]
RANK = ["rank", "a_folder/another_folder/some_file.py", "--function", "low", "--candidates", "bodies.jsonl"]
TERMINALS: dict[str, tuple[int, dict[str, str]]] = {
    "wide": (200, {"TERM": "xterm-256color"}),
    "usual": (80, {"TERM": "xterm-256color"}),
    "narrow": (40, {"TERM": "xterm"}),
    "very narrow": (20, {"TERM": "xterm"}),
    "hardly one": (8, {"TERM": "xterm"}),
    "dumb": (80, {"TERM": "dumb"}),
    "dumb and narrow": (20, {"TERM": "dumb"}),
    "unknown": (80, {"TERM": "unknown"}),
    "without a name": (80, {"TERM": ""}),
    "no colours": (80, {"TERM": "xterm", "NO_COLOR": "1"}),
}


@pytest.mark.parametrize(("columns", "environment"), TERMINALS.values(), ids=TERMINALS)
@pytest.mark.parametrize("arguments", [SCORE, RANK], ids=["score", "rank"])
def test_every_probability_can_be_read(
    folder: Path, arguments: list[str], columns: int, environment: dict[str, str]
) -> None:
    status, seen = on_terminal(*arguments, cwd=folder, columns=columns, **environment)
    assert status == 0
    table = [line for line in CONTROL.sub("", seen).splitlines() if re.search(r"\b0\.[39]0\b", line)][:2]
    assert [re.findall(r"\b0\.\d\d\b", line)[0] for line in table] == sorted(
        ["0.30", "0.90"], reverse=arguments is RANK
    )
    assert "0.…" not in seen
    if columns >= 20:
        assert all(len(line) <= columns for line in CONTROL.sub("", seen).splitlines())


@pytest.mark.parametrize("name", [name for name in TERMINALS if name.startswith(("dumb", "unknown", "without"))])
def test_a_terminal_that_knows_little_gets_plain_text(folder: Path, name: str) -> None:
    columns, environment = TERMINALS[name]
    for arguments in (SCORE, RANK, ["score", "--json", "a_folder"], ["score", "a_folder", "no.py"], ["--help"]):
        _, seen = on_terminal(*arguments, cwd=folder, columns=columns, **environment)
        assert "\x1b" not in seen
        assert "\r" not in seen


COLOURS: dict[str, tuple[dict[str, str], bool]] = {
    "a terminal that knows colours": ({"TERM": "xterm"}, True),
    "NO_COLOR is set": ({"TERM": "xterm", "NO_COLOR": "1"}, False),
    "NO_COLOR is empty": ({"TERM": "xterm", "NO_COLOR": ""}, True),
    "a dumb terminal": ({"TERM": "dumb"}, False),
}


@pytest.mark.parametrize(("environment", "coloured"), COLOURS.values(), ids=COLOURS)
@pytest.mark.parametrize("arguments", [SCORE, RANK], ids=["score", "rank"])
def test_only_what_lies_below_the_threshold_has_a_colour(
    folder: Path, arguments: list[str], environment: dict[str, str], coloured: bool
) -> None:
    _, seen = on_terminal(*arguments, cwd=folder, columns=120, **environment)
    assert (COLOUR in seen) == coloured
    styles = set(re.findall(r"\x1b\[([0-9;]*)m", seen)) - {"0"}
    # Yellow, faint and bold.
    assert styles <= ({"33", "2", "1"} if coloured else set())
    assert re.search(r"\x1b\[[0-9;]*m0\.90", seen) is None


def test_headers_and_columns_give_way_in_order(folder: Path) -> None:
    headers = {}
    for columns in (200, 100, 60, 40, 20):
        _, seen = on_terminal(*SCORE, cwd=folder, columns=columns, TERM="dumb")
        headers[columns] = seen.splitlines()[0].split()
    assert headers == {
        200: ["probability", "function", "where", "drops", "at", "from", "to"],
        100: ["p", "function", "where", "drops", "at", "from", "to"],
        60: ["p", "function", "where", "drops", "at", "from", "to"],
        40: ["p", "function", "where"],
        20: ["p", "function"],
    }


def test_nothing_is_cut_where_there_is_no_terminal(folder: Path) -> None:
    done = in_shell("", *SCORE, cwd=folder)
    lines = done.stdout.decode().splitlines()
    assert lines[2].split() == ["0.90", LONG, "a_folder/another_folder/some_file.py:6"]
