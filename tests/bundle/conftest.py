"""A bundle whose graph is never opened: the loader's checks need no runtime."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.tiny import manifest, seal
from tests.trainer.tiny_models import train_tokenizer


@pytest.fixture
def bundle_folder(tmp_path: Path) -> Path:
    """A complete bundle that a test may spoil."""
    folder = tmp_path / "bundle"
    folder.mkdir()
    tokenizer = train_tokenizer()
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "model.onnx").write_bytes(b"a graph")
    (folder / "weights-0.bin").write_bytes(bytes(range(256)) * 20_000)
    (folder / "golden.json").write_text('{"tolerance": 0.001, "rows": []}', encoding="utf-8")
    seal(folder, manifest(tokenizer.get_vocab_size()))
    return folder
