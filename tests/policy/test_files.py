"""Rules on the files of the repository."""

from __future__ import annotations

from tests.policy.project import ROOT, SERVER, TRAINER, modules, tracked_files

MAX_FILE_BYTES = 95 * 10**6
MAX_SOURCE_LINES = 400


def test_no_file_is_too_large_for_a_git_host() -> None:
    large = {str(path): path.stat().st_size for path in tracked_files() if path.is_file()}
    assert {path: size for path, size in large.items() if size > MAX_FILE_BYTES} == {}


def test_no_source_file_is_too_long() -> None:
    lengths = {}
    for root in (SERVER, TRAINER):
        for module, path in modules(root).items():
            lengths[module] = len(path.read_text("utf-8").splitlines())
    assert {module: length for module, length in lengths.items() if length > MAX_SOURCE_LINES} == {}


def test_no_module_is_named_for_nothing_in_particular() -> None:
    vague = {"utils", "util", "helpers", "misc", "common"}
    names = [name for root in (SERVER, TRAINER) for name in modules(root) if name.rpartition(".")[2] in vague]
    assert names == []


def test_pinned_versions_name_no_particular_build() -> None:
    pins = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    lines = [line for line in pins if line and not line.startswith("#")]
    assert all("==" in line for line in lines)
    assert [line for line in lines if "+" in line or "@" in line] == []
