"""Files are whole or absent; a full disk is one sentence, and the command goes on afterwards."""

from __future__ import annotations

import errno
import resource
import subprocess
import sys

import pytest
import torch

from codeodds_trainer.ground.disk import open_lines, storage_reason, write_whole
from tests.trainer.tiny_models import save_base, save_programs, save_recipe


def test_a_torn_line_is_cut_off(tmp_path):
    store = tmp_path / "new" / "rows.jsonl"
    for content in (b"1\n", b"2\n3", b"4\n"):
        with open_lines(store) as file:
            file.write(content)
    assert store.read_bytes() == b"1\n2\n4\n"


def test_what_cannot_be_written_leaves_the_older_file(tmp_path, monkeypatch):
    target = tmp_path / "summary.json"
    write_whole(target, b"old")

    def refuse(path, content):
        path.touch()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(type(target), "write_bytes", refuse)
    with pytest.raises(OSError, match="No space left"):
        write_whole(target, b"new")
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_every_library_has_its_own_words_for_a_full_disk(tmp_path):
    from safetensors import SafetensorError

    assert storage_reason(OSError(errno.ENOSPC, "No space left on device", "a.bin")) == "No space left on device: a.bin"
    assert storage_reason(OSError("4288 requested and 4032 written")) == "4288 requested and 4032 written"
    reason = storage_reason(
        SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")
    )
    assert reason == "No space left on device (os error 28)"
    with pytest.raises(RuntimeError) as caught:
        torch.save(torch.zeros(100_000), "/dev/full")
    assert storage_reason(caught.value) == "torch could not write a checkpoint"
    assert storage_reason(RuntimeError("shapes do not match")) is None


def fit(folder, file_size=resource.RLIM_INFINITY):
    command = ["fit", folder / "recipe.yaml", "--data", folder, "--run", folder / "run"]
    return subprocess.run(
        [sys.executable, "-m", "codeodds_trainer.cli", *command],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (file_size, resource.RLIM_INFINITY)),
    )


def test_a_run_that_met_a_limit_goes_on_when_there_is_room(tmp_path):
    save_programs(tmp_path / "toy.jsonl")
    save_recipe(tmp_path / "recipe.yaml", save_base(tmp_path / "base"))
    refused = fit(tmp_path, file_size=20_000)
    assert refused.returncode == 2
    assert "Traceback" not in refused.stderr
    assert "a file cannot be written or read (File too large" in refused.stderr
    finished = fit(tmp_path)
    assert finished.returncode == 0, finished.stderr
    assert (tmp_path / "run" / "summary.json").exists()


def test_a_run_folder_belongs_to_one_recipe(tmp_path, monkeypatch, capsys):
    from codeodds_trainer.cli.main import main

    recipe = save_recipe(tmp_path / "recipe.yaml", tmp_path / "nowhere")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "recipe.yaml").write_text("another: recipe\n")
    monkeypatch.setattr(
        sys, "argv", ["codeodds-train", "fit", str(recipe), "--data", str(tmp_path), "--run", str(tmp_path / "run")]
    )
    with pytest.raises(SystemExit):
        main()
    assert "holds a run of another recipe" in capsys.readouterr().err
