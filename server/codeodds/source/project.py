"""What a project says in its own file: ``[tool.codeodds]`` in the nearest pyproject.toml that has one.

The command line and the language server read it alike. It holds one setting, which patterns of paths to pass over.
"""

from __future__ import annotations

import os
import stat
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import msgspec

from codeodds.errors import SettingError
from codeodds.source.globs import Globs, comparable

NAME = "pyproject.toml"
TABLE = "tool.codeodds"
MAX_BYTES = 2_000_000
"""Larger files are not read."""

Patterns = tuple[Annotated[str, msgspec.Meta(min_length=1, max_length=1_024)], ...]
"""The type of every list that is named ``exclude``."""


class ProjectSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table."""

    exclude: Patterns = ()


@dataclass(frozen=True, slots=True)
class _Read:
    stamp: tuple[int, int]
    """Time and size of the file, by which a change of it is noticed."""
    result: Globs | SettingError | None
    """None where the file has no table."""


class Projects:
    """Finds the exclusions that hold for a folder. Files are read when they are first needed, and when they changed."""

    def __init__(self, recheck_s: float = float("inf")) -> None:
        """`recheck_s`: what is known of a folder is looked at again after so many seconds."""
        self._recheck_s = recheck_s
        self._files: dict[Path, _Read] = {}
        self._folders: dict[Path, tuple[float, Globs | SettingError | None]] = {}

    def exclusions(self, folder: Path) -> Globs | None:
        """Those of the nearest pyproject.toml with a table, from an absolute folder upwards.

        Raises: SettingError if the first that counts cannot be read, or holds what it cannot.
        """
        now = time.monotonic()
        known = self._folders.get(folder)
        if known is None or now - known[0] >= self._recheck_s:
            found = next((found for place in (folder, *folder.parents) if (found := self._read(place))), None)
            known = self._folders[folder] = (now, found)
        if isinstance(known[1], SettingError):
            raise known[1]
        return known[1]

    def _read(self, folder: Path) -> Globs | SettingError | None:
        path = folder / NAME
        try:
            status = path.stat()
        except (OSError, ValueError):
            return None
        if not stat.S_ISREG(status.st_mode):
            return None
        stamp = (status.st_mtime_ns, status.st_size)
        known = self._files.get(path)
        if known is None or known.stamp != stamp:
            try:
                result = _exclusions(path, status.st_size)
            except SettingError as error:
                known = _Read(stamp, error)
            else:
                known = _Read(stamp, result)
            self._files[path] = known
        return known.result


def _exclusions(path: Path, size: int) -> Globs | SettingError | None:
    """Raises: SettingError."""
    shown = os.fspath(path).encode("utf-8", "replace").decode("utf-8")
    table = _table(path, shown, size)
    if table is None:
        return None
    if isinstance(table, dict) and (unknown := sorted(table.keys() - ProjectSettings.__struct_fields__)):
        raise SettingError(f"{shown}: [{TABLE}] has {unknown[0]!r}, which is not known; it may have exclude")
    try:
        settings = msgspec.convert(table, ProjectSettings)
    except msgspec.ValidationError as error:
        raise SettingError(
            f'{shown}: [{TABLE}] cannot be used: {error}; write it as exclude = ["generated", "tests/data/**"]'
        ) from None
    globs = Globs(settings.exclude, comparable(os.fspath(path.parent)))
    if globs.problems:
        raise SettingError(f"{shown}: [{TABLE}] exclude: {globs.problems[0]}")
    return globs


def _table(path: Path, shown: str, size: int) -> Any:
    """The table, or None. Raises: SettingError if the file cannot be read as TOML."""
    if size > MAX_BYTES:
        raise SettingError(f"{shown} has {size:,} bytes; above {MAX_BYTES:,} it is not read: make it smaller")
    try:
        document = tomllib.loads(path.read_bytes().decode("utf-8"))
    except OSError as error:
        raise SettingError(f"{shown} cannot be read ({error.strerror}); check its permissions") from None
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else error
        raise SettingError(f"{shown} is not valid TOML: {reason}; correct it") from None
    tool = document.get("tool", {})
    if not isinstance(tool, dict):
        raise SettingError(f"{shown}: tool is not a table; write [{TABLE}]")
    return tool.get("codeodds")
