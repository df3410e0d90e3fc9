"""A bundle that is written to while it is in use: one error, then the model is opened anew, and the process lives."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from codeodds.engine.memory import MappedFiles
from codeodds.engine.scorer import open_scorer
from codeodds.engine.worker import ScoringWorker
from codeodds.errors import BundleCorrupt, ModelChanged
from codeodds.types import ScoringUnit

WAIT_S = 60
UNITS = [ScoringUnit("def f(a):\n", f"    b = a + {number}\n    return b\n") for number in range(9)]


@pytest.fixture
def bundle(tiny_bundle: Path, tmp_path: Path) -> Path:
    """One that a test may spoil."""
    return shutil.copytree(tiny_bundle, tmp_path / "bundle")


def test_a_file_that_was_written_to_is_named(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("a.bin", "b.bin")]
    for file in files:
        file.write_bytes(b"12345")
    mapped = MappedFiles(files)
    mapped.check()
    with files[1].open("r+b") as file:
        file.truncate(2)
    with pytest.raises(ModelChanged, match=r"b\.bin: the file was overwritten"):
        mapped.check()


def test_files_that_were_deleted_or_replaced_are_still_those_that_were_mapped(tmp_path: Path) -> None:
    file, other = tmp_path / "a.bin", tmp_path / "new"
    file.write_bytes(b"12345")
    mapped = MappedFiles([file])
    other.write_bytes(b"1")
    other.replace(file)
    mapped.check()
    file.unlink()
    mapped.check()


def test_a_worker_opens_the_model_anew_after_its_files_were_overwritten(bundle: Path) -> None:
    worker = ScoringWorker(lambda: open_scorer(bundle, threads=1))
    try:
        first = worker.submit("0", UNITS[0]).result(WAIT_S)
        weights = [file for file in bundle.iterdir() if file.suffix in (".bin", ".onnx")]
        contents = [file.read_bytes() for file in weights]
        for file in weights:
            with file.open("r+b") as opened:
                opened.truncate(0)
        with pytest.raises(ModelChanged):
            worker.submit("1", UNITS[1]).result(WAIT_S)
        with pytest.raises(BundleCorrupt):
            worker.submit("2", UNITS[2]).result(WAIT_S)
        for file, content in zip(weights, contents, strict=True):
            file.write_bytes(content)
        again = worker.submit("0", UNITS[0]).result(WAIT_S)
        assert again.values.tolist() == first.values.tolist()
        assert worker.counters.loads == 2
    finally:
        worker.close()


def test_a_bundle_that_was_deleted_is_used_until_it_is_opened_again(bundle: Path) -> None:
    worker = ScoringWorker(lambda: open_scorer(bundle, threads=1))
    try:
        worker.submit("0", UNITS[0]).result(WAIT_S)
        shutil.rmtree(bundle)
        assert len(worker.submit("1", UNITS[1]).result(WAIT_S).values) > 0
    finally:
        worker.close()
