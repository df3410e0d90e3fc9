"""Opens a bundle and checks everything that can be checked without the runtime, before anything is scored.

Each failure is one error that names the file and the remedy. The graph's tensors are checked by `codeodds.engine.onnx`.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath, PureWindowsPath

import msgspec

from codeodds.bundle.manifest import FORMAT, MANIFEST_FILE, File, Manifest, decode
from codeodds.bundle.tokenization import CodeTokenizer
from codeodds.errors import BundleCorrupt, BundleMissing, BundleUnsupported

ENVIRONMENT_VARIABLE = "CODEODDS_MODEL"
"""Folder of the bundle to use when none is given."""

_LFS_POINTER = b"version https://git-lfs.github.com/spec/"
_AGAIN = "fetch or export the bundle again"


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle whose files are all there and hold what the manifest says."""

    root: Path
    manifest: Manifest
    tokenizer: CodeTokenizer = field(repr=False, compare=False)
    """Already opened: the check of its ids needs it."""

    @property
    def graph_path(self) -> Path:
        return self.root / self.manifest.graph.file

    @property
    def golden_path(self) -> Path:
        return self.root / self.manifest.golden


def default_bundle_path() -> Path:
    """The folder that the environment variable CODEODDS_MODEL names, else `models/default` of the checkout."""
    named = os.environ.get(ENVIRONMENT_VARIABLE)
    if named:
        return Path(named).expanduser()
    return Path(__file__).resolve().parents[3] / "models" / "default"


def load_bundle(path: Path, *, verify_hashes: bool = True) -> Bundle:
    """Open the bundle in the folder `path`.

    `verify_hashes=False` skips reading every file in full (about 0.3 s for 150 MB); sizes are compared in any case.

    Raises: BundleMissing (no folder, manifest or listed file), BundleCorrupt (a file does not hold what it should),
    BundleUnsupported (another manifest format, or a tokenizer that does not fit the graph).
    """
    manifest = read_manifest(path)
    for file in manifest.files:
        _check_file(path, file, verify_hashes)
    return Bundle(path, manifest, _open_tokenizer(path, manifest))


def read_manifest(path: Path) -> Manifest:
    """Read and check the manifest of the bundle in the folder `path`, without looking at the other files.

    Raises: BundleMissing, BundleCorrupt, BundleUnsupported.
    """
    if not path.is_dir():
        what = "is a file, not a bundle's folder" if path.exists() else "does not exist"
        raise BundleMissing(
            f"{path}: the model bundle's folder {what}; give one with --model or the variable {ENVIRONMENT_VARIABLE}"
        )
    place = path / MANIFEST_FILE
    content = _read(place)
    _check_format(place, content)
    try:
        manifest = decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BundleCorrupt(f"{place}: {error}; {_AGAIN}") from error
    _check_paths(place, manifest)
    return manifest


def _read(place: Path) -> bytes:
    if not place.exists():
        raise BundleMissing(
            f"{place}: the file is missing, so this folder is no model bundle; give another with --model "
            f"or the variable {ENVIRONMENT_VARIABLE}"
        )
    try:
        content = place.read_bytes()
    except OSError as error:
        raise BundleMissing(f"{place}: cannot be read ({error.strerror}); check its permissions") from error
    _reject_pointer(place, content[: len(_LFS_POINTER)])
    return content


class _Format(msgspec.Struct):
    format: int


def _check_format(place: Path, content: bytes) -> None:
    """The number comes first: a later format must be called that, not have its new fields called wrong."""
    try:
        found = msgspec.json.decode(content, type=_Format).format
    except msgspec.ValidationError as error:
        raise BundleCorrupt(f"{place}: no format number ({error}); {_AGAIN}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BundleCorrupt(f"{place}: not JSON ({error}); {_AGAIN}") from error
    if found > FORMAT:
        raise BundleUnsupported(
            f"{place}: format {found} was made for a newer codeodds (this version reads {FORMAT}); upgrade codeodds"
        )
    if found < FORMAT:
        raise BundleUnsupported(
            f"{place}: format {found} is older than this version reads ({FORMAT}); delete the folder and {_AGAIN}"
        )


def _check_paths(place: Path, manifest: Manifest) -> None:
    listed = [file.path for file in manifest.files]
    named = {"graph": manifest.graph.file, "tokenizer": manifest.tokenizer, "golden scores": manifest.golden}
    if manifest.graph.upper is not None:
        named["upper graph"] = manifest.graph.upper.file
    for path in [*listed, *named.values()]:
        if not _is_inside(path):
            raise BundleCorrupt(
                f"{place}: the path {path!r} leads out of the bundle's folder; {_AGAIN} from a source that you trust"
            )
    for role, path in named.items():
        if path not in listed:
            raise BundleCorrupt(f"{place}: the {role} file {path!r} is not listed under `files`; {_AGAIN}")


def _is_inside(path: str) -> bool:
    """Whether a manifest's path stays in the bundle, on any system. Links may lead out: download caches use them."""
    windows = PureWindowsPath(path)
    return (
        path not in ("", ".")
        and "\\" not in path
        and "\0" not in path
        and not windows.drive
        and not windows.is_absolute()
        and not PurePosixPath(path).is_absolute()
        and ".." not in PurePosixPath(path).parts
    )


def _check_file(root: Path, file: File, verify_hash: bool) -> None:
    place = root / file.path
    if not place.is_file():
        raise BundleMissing(f"{place}: the file is missing from the bundle; {_AGAIN}")
    try:
        with place.open("rb") as stream:
            _reject_pointer(place, stream.read(len(_LFS_POINTER)))
            size = stream.seek(0, os.SEEK_END)
            if size != file.bytes:
                raise BundleCorrupt(f"{place}: {size} bytes, but the manifest says {file.bytes}; {_AGAIN}")
            if verify_hash:
                stream.seek(0)
                _check_hash(place, hashlib.file_digest(stream, "sha256").hexdigest(), file.sha256)
    except OSError as error:
        raise BundleMissing(f"{place}: cannot be read ({error.strerror}); check its permissions") from error


def _check_hash(place: Path, found: str, expected: str) -> None:
    if found != expected:
        raise BundleCorrupt(
            f"{place}: the content changed (SHA-256 {found[:12]}…, the manifest says {expected[:12]}…); {_AGAIN}"
        )


def _reject_pointer(place: Path, start: bytes) -> None:
    if start == _LFS_POINTER:
        raise BundleMissing(f"{place}: only a git-lfs pointer, not the file itself; run `git lfs pull`")


def _open_tokenizer(root: Path, manifest: Manifest) -> CodeTokenizer:
    place = root / manifest.tokenizer
    tokenizer = CodeTokenizer.from_file(place, manifest.max_tokens)
    if tokenizer.largest_id >= manifest.graph.vocabulary:
        raise BundleUnsupported(
            f"{place}: has token id {tokenizer.largest_id}, but the graph knows ids below {manifest.graph.vocabulary}; "
            "export the bundle again with the tokenizer of its model"
        )
    return tokenizer
