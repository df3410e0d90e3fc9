"""Which files `codeodds score` takes."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from codeodds.cli.exclusion import MAX_IGNORE_BYTES, Exclusion
from codeodds.cli.files import Found, find_files
from codeodds.errors import SettingError


def touch(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")


def names(root: Path, *paths: Path) -> list[str]:
    found = find_files(paths, Exclusion())
    return [str(item.path.relative_to(root)) for item in found if item.error is None]


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


def write(path: Path, text: str = "") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_environments_installed_packages_and_results_of_builds_are_passed_over(tmp_path: Path) -> None:
    touch(tmp_path, "a.py", "conda/conda-meta/history", "conda/lib/x.py", "venv/pyvenv.cfg", "venv/x.py")
    touch(tmp_path, "build/lib/x.py", "dist/x.py", "_build/x.py", "node_modules/m/x.py", "__pypackages__/x.py")
    touch(tmp_path, "lib/site-packages/x.py", "lib/dist-packages/x.py", "lib/b.py")
    touch(tmp_path, "src/build/__init__.py", "src/build/c.py")
    assert names(tmp_path, tmp_path) == ["a.py", "lib/b.py", "src/build/__init__.py", "src/build/c.py"]
    assert names(tmp_path, tmp_path / "build") == ["build/lib/x.py"]
    assert names(tmp_path, tmp_path / "conda" / "lib") == ["conda/lib/x.py"]


def test_gitignore_files_hold_and_the_innermost_decides(tmp_path: Path) -> None:
    write(tmp_path / ".git" / "HEAD")
    write(
        tmp_path / ".gitignore", "\ufeff# made\r\n*_pb2.py\r\n/gen/\r\nout/\r\nlocal/*\r\n!local/keep.py\r\n\\#a.py\r\n"
    )
    write(tmp_path / "sub" / ".gitignore", "!b_pb2.py\nd.py\n[z-a].py\n!\n")
    touch(tmp_path, "a_pb2.py", "gen/x.py", "sub/gen/y.py", "sub/out/x.py", "sub/b_pb2.py", "sub/c_pb2.py", "sub/d.py")
    touch(tmp_path, "local/x.py", "local/keep.py", "d.py", "#a.py")
    expected = ["d.py", "local/keep.py", "sub/b_pb2.py", "sub/gen/y.py"]
    assert names(tmp_path, tmp_path) == expected
    assert names(tmp_path, tmp_path / "sub") == expected[2:]
    # What is named is taken.
    assert names(tmp_path, tmp_path / "sub" / "out", tmp_path / "a_pb2.py") == ["sub/out/x.py", "a_pb2.py"]


def test_nothing_comes_back_out_of_an_ignored_folder_and_only_excludes_take_back_in(tmp_path: Path) -> None:
    write(tmp_path / ".gitignore", "gen/\n!gen/keep.py\n!.hidden/\n")
    touch(tmp_path, "a.py", "gen/keep.py", ".hidden/x.py")
    assert names(tmp_path, tmp_path) == ["a.py"]
    write(tmp_path / "pyproject.toml", '[tool.codeodds]\nexclude = ["!.hidden/", "!gen/"]\n')
    assert names(tmp_path, tmp_path) == ["a.py", ".hidden/x.py", "gen/keep.py"]


def test_ignore_files_above_hold_within_their_repository_alone(tmp_path: Path) -> None:
    write(tmp_path / ".gitignore", "*.py\n")
    write(tmp_path / "repository" / ".gitignore", "x.py\n")
    touch(tmp_path, "repository/sub/x.py", "repository/sub/y.py")
    sub = tmp_path / "repository" / "sub"
    assert names(tmp_path, sub) == ["repository/sub/x.py", "repository/sub/y.py"]
    # A worktree has a file in place of the folder.
    write(tmp_path / "repository" / ".git", "gitdir: elsewhere\n")
    assert names(tmp_path, sub) == ["repository/sub/y.py"]


def test_exclude_of_the_command_line_goes_before_that_of_the_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "pyproject.toml", '[tool.codeodds]\nexclude = ["gen", "src/old/**"]\n')
    touch(tmp_path, "gen/x.py", "src/gen/y.py", "src/old/x.py", "src/new/z.py", "a.py")
    monkeypatch.chdir(tmp_path / "src")
    everything = ["a.py", "src/new/z.py"]
    assert names(tmp_path, tmp_path) == everything

    def excluding(*patterns: str) -> list[str]:
        found = find_files([tmp_path], Exclusion(patterns))
        return [str(item.path.relative_to(tmp_path)) for item in found if item.error is None]

    assert excluding("a.py") == ["a.py", "src/new/z.py"]
    assert excluding("new") == ["a.py"]
    assert excluding("./new/**") == ["a.py"]
    assert excluding(f"{tmp_path}/{{a,b}}.py", "/new") == ["a.py"]
    assert excluding("!gen") == ["a.py", "src/gen/y.py", "src/new/z.py"]
    monkeypatch.chdir(tmp_path)
    assert excluding("a.py") == ["src/new/z.py"]
    assert excluding("!gen", "src/gen/") == ["a.py", "gen/x.py", "src/new/z.py"]


def test_a_nested_project_has_rules_of_its_own(tmp_path: Path) -> None:
    write(tmp_path / "pyproject.toml", '[tool.codeodds]\nexclude = ["x.py"]\n')
    write(tmp_path / "inner" / "pyproject.toml", '[tool.codeodds]\nexclude = ["y.py"]\n')
    write(tmp_path / "other" / "pyproject.toml", "[project]\n")
    touch(tmp_path, "x.py", "inner/x.py", "inner/y.py", "other/x.py", "other/y.py")
    assert names(tmp_path, tmp_path) == ["inner/x.py", "other/y.py"]


def test_rules_that_cannot_be_read_are_reported_and_the_folder_is_searched(tmp_path: Path) -> None:
    write(tmp_path / "a" / "pyproject.toml", "[tool.codeodds]\nexclude = 3\n")
    write(tmp_path / "b" / ".gitignore", "#" * (MAX_IGNORE_BYTES + 1))
    touch(tmp_path, "a/x.py", "b/y.py")
    os.mkfifo(tmp_path / ".gitignore")
    assert names(tmp_path, tmp_path) == ["a/x.py", "b/y.py"]
    problems = [found for found in find_files([tmp_path], Exclusion()) if found.error is not None]
    assert [found.path.name for found in problems] == ["a", "b"]
    assert [str(found.error).partition(":")[0] for found in problems] == ["is searched without rules of its own"] * 2
    # Named, its rules are those of the run.
    with pytest.raises(SettingError, match=r"\[tool.codeodds\] cannot be used"):
        list(find_files([tmp_path / "b", tmp_path / "a"], Exclusion()))


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        # What git lists of the files a.py, src/b.py, src/c/d.py.
        (["*", "!*/"], []),
        (["*", "!*/", "!b.py"], ["src/b.py"]),
        (["b.py", "!src/"], ["a.py", "src/c/d.py"]),
        (["src", "!src/**"], ["a.py"]),
        (["src/*", "!src/**"], ["a.py", "src/b.py", "src/c/d.py"]),
        (["src/**", "!src/b.py"], ["a.py", "src/b.py"]),
        (["src/c", "!src/", "!src/c/d.py"], ["a.py", "src/b.py"]),
        (["**/", "!src/"], ["a.py", "src/b.py"]),
        (["/*", "!/src/", "/src/*", "!/src/c/"], ["src/c/d.py"]),
    ],
)
def test_ignore_files_mean_what_they_mean_to_git(tmp_path: Path, lines: list[str], expected: list[str]) -> None:
    touch(tmp_path, "a.py", "src/b.py", "src/c/d.py")
    write(tmp_path / ".gitignore", "\n".join(lines) + "\n")
    assert names(tmp_path, tmp_path) == expected


def test_rules_can_be_left_aside(tmp_path: Path) -> None:
    write(tmp_path / ".gitignore", "*.py\n")
    write(tmp_path / "a" / "pyproject.toml", "[tool.codeodds]\nexclude = 3\n")
    touch(tmp_path, "a/x.py", "b.py", "build/y.py")
    assert [found.path.name for found in find_files([tmp_path])] == ["b.py", "x.py"]
