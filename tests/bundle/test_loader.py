"""Every way in which a bundle can be spoilt gives one error that names the file and the remedy."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from codeodds.bundle.loader import default_bundle_path, load_bundle, read_manifest
from codeodds.bundle.manifest import encode
from codeodds.errors import BundleCorrupt, BundleError, BundleMissing, BundleUnsupported
from codeodds.types import ScoringUnit
from tests.engine.tiny import MAX_TOKENS, manifest, seal

Change = Callable[[dict[str, Any]], object]
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"


def change_manifest(folder: Path, change: Change) -> None:
    place = folder / "manifest.json"
    content = json.loads(place.read_bytes())
    change(content)
    place.write_text(json.dumps(content), encoding="utf-8")


def test_a_sound_bundle_loads(bundle_folder: Path) -> None:
    bundle = load_bundle(bundle_folder)
    assert bundle.root == bundle_folder
    assert bundle.manifest.name == "tiny"
    assert bundle.graph_path == bundle_folder / "model.onnx"
    assert bundle.golden_path == bundle_folder / "golden.json"
    assert len(bundle.tokenizer.encode(ScoringUnit("def f():\n", "    return 1\n")).ids) > 5
    assert read_manifest(bundle_folder) == bundle.manifest


def test_a_committed_manifest_is_written_again_as_it_was(default_bundle: Path) -> None:
    """Fields that were added since are left out where they say nothing."""
    content = (default_bundle / "manifest.json").read_bytes()
    assert encode(read_manifest(default_bundle)) == content
    assert content.count(b"\n") <= 150, "what a server needs, and no figures"


def test_folder_missing(tmp_path: Path) -> None:
    with pytest.raises(BundleMissing, match=r"nowhere: .* does not exist; .*--model .*CODEODDS_MODEL"):
        load_bundle(tmp_path / "nowhere")


def test_a_file_in_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BundleMissing, match="is a file, not a bundle's folder"):
        load_bundle(tmp_path / "file")


def test_manifest_missing(tmp_path: Path) -> None:
    with pytest.raises(BundleMissing, match=r"manifest\.json: the file is missing.*--model"):
        load_bundle(tmp_path)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[1", b'{"format": 2, "name": "\xff"}'])
def test_manifest_is_not_json(bundle_folder: Path, content: bytes) -> None:
    (bundle_folder / "manifest.json").write_bytes(content)
    with pytest.raises(BundleCorrupt, match=r"manifest\.json: .*again"):
        load_bundle(bundle_folder)


@pytest.mark.parametrize("content", [b"[]", b"{}", b'{"format": "1"}', b"null"])
def test_manifest_without_a_format(bundle_folder: Path, content: bytes) -> None:
    (bundle_folder / "manifest.json").write_bytes(content)
    with pytest.raises(BundleCorrupt, match=r"manifest\.json: no format number"):
        load_bundle(bundle_folder)


def test_a_later_format_asks_for_an_upgrade(bundle_folder: Path) -> None:
    change_manifest(bundle_folder, lambda content: content.update(format=3, new_field=1))
    with pytest.raises(
        BundleUnsupported, match=r"manifest\.json: format 3 was made for a newer codeodds .*; upgrade codeodds"
    ):
        load_bundle(bundle_folder)


@pytest.mark.parametrize("number", [1, 0, -1])
def test_an_earlier_format_asks_for_an_export(bundle_folder: Path, number: int) -> None:
    """Format 1 had the figures in the manifest."""
    change_manifest(bundle_folder, lambda content: content.update(format=number, metrics=[]))
    words = (
        rf"manifest\.json: format {number} is older .* \(2\); delete the folder and fetch or export the bundle again"
    )
    with pytest.raises(BundleUnsupported, match=words):
        load_bundle(bundle_folder)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda content: content["graph"].update(layers="two"), r"\$\.graph\.layers"),
        (lambda content: content.pop("calibration"), "calibration"),
        (lambda content: content.update(extra=1), "extra"),
        (lambda content: content.update(rendering="other"), r"\$\.rendering"),
        (lambda content: content["files"][0].update(sha256="12"), r"\$\.files\[0\]\.sha256"),
    ],
)
def test_manifest_breaks_its_schema(
    bundle_folder: Path, change: Callable[[dict[str, Any]], object], place: str
) -> None:
    change_manifest(bundle_folder, change)
    with pytest.raises(BundleCorrupt, match=rf"manifest\.json: .*{place}"):
        load_bundle(bundle_folder)


@pytest.mark.parametrize("name", ["model.onnx", "weights-0.bin", "tokenizer.json", "golden.json"])
def test_a_listed_file_is_missing(bundle_folder: Path, name: str) -> None:
    (bundle_folder / name).unlink()
    with pytest.raises(BundleMissing, match=rf"{name}: the file is missing from the bundle; fetch or export"):
        load_bundle(bundle_folder)


def test_a_folder_in_place_of_a_file(bundle_folder: Path) -> None:
    (bundle_folder / "model.onnx").unlink()
    (bundle_folder / "model.onnx").mkdir()
    with pytest.raises(BundleMissing, match=r"model\.onnx: the file is missing"):
        load_bundle(bundle_folder)


def test_wrong_size(bundle_folder: Path) -> None:
    with (bundle_folder / "weights-0.bin").open("ab") as file:
        file.write(b"x")
    with pytest.raises(BundleCorrupt, match=r"weights-0\.bin: 5120001 bytes, but the manifest says 5120000"):
        load_bundle(bundle_folder, verify_hashes=False)


def test_wrong_content(bundle_folder: Path) -> None:
    place = bundle_folder / "weights-0.bin"
    content = bytearray(place.read_bytes())
    content[-1] ^= 1
    place.write_bytes(content)
    with pytest.raises(BundleCorrupt, match=r"weights-0\.bin: the content changed \(SHA-256 .*\); fetch or export"):
        load_bundle(bundle_folder)
    assert load_bundle(bundle_folder, verify_hashes=False).manifest.name == "tiny"


@pytest.mark.parametrize("name", ["manifest.json", "weights-0.bin"])
def test_git_lfs_pointer(bundle_folder: Path, name: str) -> None:
    (bundle_folder / name).write_bytes(POINTER)
    with pytest.raises(BundleMissing, match=rf"{name}: only a git-lfs pointer.*`git lfs pull`"):
        load_bundle(bundle_folder)


@pytest.mark.parametrize(
    "path", ["../secret", "a/../../secret", "/etc/passwd", "C:\\x", "C:x", "..\\x", "\\\\host\\x", "", ".", "a\0b"]
)
def test_a_path_that_leads_out(bundle_folder: Path, path: str) -> None:
    def escape(content: dict[str, Any]) -> None:
        content["files"].append({"path": path, "sha256": "0" * 64, "bytes": 1})

    change_manifest(bundle_folder, escape)
    with pytest.raises(BundleCorrupt, match="leads out of the bundle's folder"):
        load_bundle(bundle_folder)


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content["graph"].update(file="../model.onnx"),
        lambda content: content.update(tokenizer="/tokenizer.json"),
        lambda content: content.update(golden="../golden.json"),
    ],
)
def test_a_role_that_leads_out(bundle_folder: Path, change: Change) -> None:
    change_manifest(bundle_folder, change)
    with pytest.raises(BundleCorrupt, match="leads out of the bundle's folder"):
        load_bundle(bundle_folder)


def test_a_role_whose_file_is_not_listed(bundle_folder: Path) -> None:
    change_manifest(bundle_folder, lambda content: content["graph"].update(file="other.onnx"))
    with pytest.raises(BundleCorrupt, match=r"the graph file 'other\.onnx' is not listed under `files`"):
        load_bundle(bundle_folder)


def test_tokenizer_with_more_ids_than_the_graph(bundle_folder: Path) -> None:
    seal(bundle_folder, manifest(vocabulary=100))
    with pytest.raises(BundleUnsupported, match=r"tokenizer\.json: has token id \d+, .* ids below 100"):
        load_bundle(bundle_folder)


def test_tokenizer_that_is_none(bundle_folder: Path) -> None:
    (bundle_folder / "tokenizer.json").write_text('{"model": 1}', encoding="utf-8")
    seal(bundle_folder, manifest(vocabulary=1000))
    with pytest.raises(BundleUnsupported, match=r"tokenizer\.json: the tokenizers package cannot read"):
        load_bundle(bundle_folder)


def test_every_error_is_a_bundle_error_on_one_line(bundle_folder: Path) -> None:
    (bundle_folder / "golden.json").unlink()
    with pytest.raises(BundleError) as caught:
        load_bundle(bundle_folder)
    assert "\n" not in str(caught.value)


def test_default_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, default_bundle: Path) -> None:
    monkeypatch.setenv("CODEODDS_MODEL", str(tmp_path))
    assert default_bundle_path() == tmp_path
    monkeypatch.setenv("CODEODDS_MODEL", "")
    assert default_bundle_path() == default_bundle


def test_safe_length_reaches_the_tokenizer(bundle_folder: Path) -> None:
    tokenizer = load_bundle(bundle_folder).tokenizer
    assert tokenizer.encode(ScoringUnit("", "é" * (MAX_TOKENS // 2))).ids.shape == (MAX_TOKENS,)
