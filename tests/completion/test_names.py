"""Names at a place, with the real Jedi: what it knows, and what it must not do."""

from __future__ import annotations

import py_compile
import sys
from pathlib import Path

import pytest

from codeodds.completion.names import NOT_INSTALLED, Name, NameFinder, Names
from codeodds.errors import CompletionError

SHELF = """\
import os


class Shelf:
    def __init__(self):
        self.zeta = 1
        self.Zoo = 2
        self._other = 3

    def zip(self, zone):
        return zone

    def fill(self, zebra, *, depth=0):
        self.z
        ze
        self.fill(1, de
        'self.z'
        "os
"""

MOST = 20


@pytest.fixture(scope="module")
def finder() -> NameFinder:
    return NameFinder()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where Jedi would keep what it parsed."""
    jedi = pytest.importorskip("jedi")
    monkeypatch.setattr(jedi.settings, "cache_directory", tmp_path / "cache")
    return tmp_path / "cache"


def at(finder: NameFinder, text: str, end: str, most: int = MOST, project: Path | None = None) -> Names:
    """The names behind the first line that ends with `end`."""
    lines = text.split("\n")
    (line, *_) = (number for number, line in enumerate(lines) if line.endswith(end))
    path = None if project is None else project / "document.py"
    return finder.find(text, (line, len(lines[line])), path, project, most)


def test_attributes_come_in_jedis_order_whatever_their_case(finder: NameFinder) -> None:
    found = at(finder, SHELF, "        self.z")
    assert found == Names((Name("zeta", "statement"), Name("zip", "function"), Name("Zoo", "statement")), 1, False)
    assert at(finder, SHELF, "        self.z", most=2) == Names(found.names[:2], 1, True)


def test_names_and_keyword_arguments(finder: NameFinder) -> None:
    assert at(finder, SHELF, " ze") == Names((Name("zebra", "param"), Name("ZeroDivisionError", "class")), 2)
    assert Name("depth=", "param") in at(finder, SHELF, "(1, de").names


def test_files_that_could_stand_in_a_string_are_no_names(finder: NameFinder) -> None:
    assert at(finder, SHELF, '"os').names == ()


@pytest.mark.parametrize("text", ["", "(((", "def f(:\n\tself.", "\x00\x01 x.", "x = '\ud800'; x.", "é.\u0301"])
def test_no_text_is_too_broken(finder: NameFinder, text: str) -> None:
    lines = text.split("\n")
    assert len(finder.find(text, (len(lines) - 1, len(lines[-1])), None, None, 3).names) <= 3


def test_a_place_outside_the_text_is_an_error_that_quotes_nothing(finder: NameFinder) -> None:
    with pytest.raises(CompletionError, match=r"^Jedi failed: ValueError$"):
        finder.find("secret", (7, 0), None, None, MOST)
    assert at(finder, SHELF, " ze").typed == 2


def test_modules_of_the_project_are_read_and_never_run(finder: NameFinder, tmp_path: Path, cache: Path) -> None:
    marker = tmp_path / "ran"
    harm = f"import pathlib\npathlib.Path({str(marker)!r}).touch()\nnumber_of_runs = 1\n"
    project = tmp_path / "project"
    (project / ".jedi").mkdir(parents=True)
    (project / ".jedi" / "project.json").write_text(f'[1, {{"environment_path": "{project / "python"}"}}]')
    (project / "python").write_text(f"#!/bin/sh\ntouch {marker}\n")
    (project / "python").chmod(0o755)
    (project / "module.py").write_text(harm)
    (project / "compiled_source.py").write_text(harm)
    py_compile.compile(str(project / "compiled_source.py"), cfile=str(project / "compiled.pyc"))
    text = "import module, compiled\n\ncompiled.nu\nmodule.nu\n"
    assert at(finder, text, "compiled.nu", project=project) == Names()
    assert at(finder, text, "module.nu", project=project) == Names((Name("number_of_runs", "statement"),), 2)
    assert not marker.exists()
    assert not cache.exists()


def test_without_jedi_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jedi", None)
    with pytest.raises(CompletionError) as raised:
        NameFinder().find("x", (0, 1), None, None, MOST)
    assert str(raised.value) == NOT_INSTALLED
    assert "'pip install jedi'" in NOT_INSTALLED
