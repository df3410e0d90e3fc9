"""What `[tool.codeodds]` in a pyproject.toml may say, and which file counts."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from codeodds.errors import SettingError
from codeodds.source.exclusion import MAX_BYTES, Projects, comparable


def excluded(projects: Projects, path: Path) -> bool:
    exclusions = projects.exclusions(path.parent)
    return exclusions is not None and exclusions.excludes(comparable(os.fspath(path)))


def test_the_nearest_file_with_a_table_counts(tmp_path: Path) -> None:
    (tmp_path / "a" / "b" / "c").mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text('[tool.codeodds]\nexclude = ["x.py", "a/y.py"]\n')
    (tmp_path / "a" / "b" / "pyproject.toml").write_text('[tool.other]\nexclude = ["z.py"]\n')
    projects = Projects()
    assert excluded(projects, tmp_path / "x.py")
    assert excluded(projects, tmp_path / "a" / "b" / "c" / "x.py")
    assert excluded(projects, tmp_path / "a" / "y.py")
    assert not excluded(projects, tmp_path / "a" / "b" / "z.py")
    (tmp_path / "a" / "pyproject.toml").write_text('[tool.codeodds]\nexclude = ["y.py"]\n')
    assert not excluded(Projects(), tmp_path / "a" / "b" / "c" / "x.py")
    assert excluded(Projects(), tmp_path / "a" / "b" / "y.py")


def test_no_file_no_table_and_an_empty_one_exclude_nothing(tmp_path: Path) -> None:
    assert not excluded(Projects(), tmp_path / "a.py")
    for text in ("", "[tool.ruff]\n", "[tool.codeodds]\n", "[tool.codeodds]\nexclude = []\n"):
        (tmp_path / "pyproject.toml").write_text(text)
        assert not excluded(Projects(), tmp_path / "a.py")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[tool.codeodds]\nexclude = 3\n", "[tool.codeodds] cannot be used: Expected `array`, got `int`"),
        ('[tool.codeodds]\nexclude = "a"\n', "[tool.codeodds] cannot be used: Expected `array`, got `str`"),
        ("[tool.codeodds]\nexclude = [1]\n", "Expected `str`, got `int` - at `$.exclude[0]`"),
        ('[tool.codeodds]\nexclude = [""]\n', "Expected `str` of length >= 1 - at `$.exclude[0]`"),
        ('[tool.codeodds]\nexclude = ["../a"]\n', "the pattern `../a` matches nothing: it leads out of its folder"),
        ('[tool.codeodds]\nexcludes = ["a"]\n', "has 'excludes', which is not known; it may have exclude"),
        ("[tool]\ncodeodds = 3\n", "[tool.codeodds] cannot be used: Expected `object`, got `int`"),
        ("tool = 3\n", "tool is not a table; write [tool.codeodds]"),
        ("[tool.codeodds\n", "is not valid TOML: Expected ']' at the end of a table declaration"),
        ("[tool.codeodds]\nexclude = ['\udcff']\n", "is not valid TOML: 'utf-8' codec can't decode byte 0xff"),
        ("x = " + "[" * 5000, "is not valid TOML: it is nested too deeply"),
        ("#" * (MAX_BYTES + 1), "above 2,000,000 it is not read: make it smaller"),
    ],
)
def test_a_file_that_cannot_be_used_gives_one_clear_error(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(SettingError) as caught:
        Projects().exclusions(tmp_path)
    assert str(caught.value).startswith(str(path))
    assert why in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_pipe_of_that_name_is_passed_over(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pyproject.toml")
    assert Projects().exclusions(tmp_path) is None
