"""From the paths on the command line to the files to score."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

SKIPPED_FOLDERS = frozenset({"__pycache__", "node_modules", "site-packages"})


class Found(NamedTuple):
    """A file to score, or a folder that could not be used."""

    path: Path
    error: str | None = None


def find_files(paths: Iterable[Path]) -> Iterator[Found]:
    """Each file once, in the order given; folders are searched for ``*.py`` in alphabetical order.

    Hidden folders, virtual environments and folders of installed packages are passed over, unless they are named
    themselves. A named file is taken whatever its suffix. Whether it can be read is found out by reading it.
    """
    seen: set[str] = set()
    for path in paths:
        found = _search(path) if path.is_dir() else iter([Found(path)])
        for item in found:
            identity = os.path.realpath(item.path)
            if identity not in seen:
                seen.add(identity)
                yield item


def _search(folder: Path) -> Iterator[Found]:
    problems: list[OSError] = []
    count = 0
    for place, folders, names in os.walk(folder, onerror=problems.append):
        folders[:] = sorted(name for name in folders if not _is_skipped(place, name))
        for name in sorted(names):
            path = Path(place, name)
            if name.endswith(".py") and path.is_file():
                count += 1
                yield Found(path)
    for problem in problems:
        yield Found(
            Path(os.fsdecode(problem.filename)), f"cannot be searched: {problem.strerror}; check its permissions"
        )
    if not count and not problems:
        yield Found(
            folder, "holds no .py file outside hidden folders and virtual environments; name the files themselves"
        )


def _is_skipped(place: str, name: str) -> bool:
    return name.startswith(".") or name in SKIPPED_FOLDERS or os.path.exists(os.path.join(place, name, "pyvenv.cfg"))
