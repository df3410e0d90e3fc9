"""Which files `codeodds score` takes."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from codeodds.cli.files import Found, find_files


def touch(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")


def names(root: Path, *paths: Path) -> list[str]:
    return [str(found.path.relative_to(root)) for found in find_files(paths) if found.error is None]


def test_a_folder_is_searched_in_alphabetical_order(tmp_path: Path) -> None:
    touch(tmp_path, "b.py", "a.py", "c/d.py", "notes.txt", "stub.pyi")
    assert names(tmp_path, tmp_path) == ["a.py", "b.py", "c/d.py"]


def test_hidden_folders_and_environments_are_passed_over(tmp_path: Path) -> None:
    touch(tmp_path, "a.py", ".git/x.py", "env/pyvenv.cfg", "env/x.py", "__pycache__/x.py", "lib/site-packages/x.py")
    assert names(tmp_path, tmp_path) == ["a.py"]


def test_a_hidden_folder_that_is_named_is_searched(tmp_path: Path) -> None:
    touch(tmp_path, ".hidden/a.py")
    assert names(tmp_path, tmp_path / ".hidden") == [".hidden/a.py"]


def test_named_files_keep_their_order_and_come_once(tmp_path: Path) -> None:
    touch(tmp_path, "b.py", "a.txt")
    paths = [tmp_path / "b.py", tmp_path / "a.txt", tmp_path, tmp_path / "b.py"]
    assert names(tmp_path, *paths) == ["b.py", "a.txt"]


def test_a_link_in_a_circle_ends(tmp_path: Path) -> None:
    touch(tmp_path, "a.py")
    (tmp_path / "again").symlink_to(tmp_path)
    assert names(tmp_path, tmp_path) == ["a.py"]


def test_what_is_no_regular_file_is_passed_over_in_a_folder(tmp_path: Path) -> None:
    touch(tmp_path, "a.py", "folder.py/b.py")
    os.mkfifo(tmp_path / "pipe.py")
    (tmp_path / "dangling.py").symlink_to(tmp_path / "nowhere")
    assert names(tmp_path, tmp_path) == ["a.py", "folder.py/b.py"]


def test_a_missing_file_is_left_to_the_reader(tmp_path: Path) -> None:
    missing = tmp_path / "missing.py"
    assert list(find_files([missing])) == [Found(missing)]


def test_a_folder_without_python_says_so(tmp_path: Path) -> None:
    (found,) = find_files([tmp_path])
    assert found.path == tmp_path
    assert found.error is not None
    assert "holds no .py file" in found.error


def test_a_folder_that_may_not_be_read_says_so_and_the_others_are_searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(tmp_path, "closed/a.py", "open/b.py")
    scandir = os.scandir

    def refuse(path: str) -> object:
        if Path(path).name == "closed":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        return scandir(path)

    # The mode of the folder would not do: root may read everything.
    monkeypatch.setattr(os, "scandir", refuse)
    assert list(find_files([tmp_path])) == [
        Found(tmp_path / "open" / "b.py"),
        Found(tmp_path / "closed", "cannot be searched: Permission denied; check its permissions"),
    ]
