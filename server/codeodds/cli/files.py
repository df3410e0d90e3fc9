"""From the paths on the command line to the files to score."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from codeodds.cli.exclusion import Exclusion, Scope, nothing_but_installed_and_built


class Found(NamedTuple):
    """A file to score, or what kept a folder from being searched as it should be."""

    path: Path
    error: str | None = None


def find_files(paths: Iterable[Path], exclusion: Exclusion | None = None) -> Iterator[Found]:
    """Each file once, in the order given; folders are searched for ``*.py`` in alphabetical order.

    A named file is taken whatever its suffix, and whatever excludes it. Whether it can be read is found out by reading
    it. `exclusion`: None leaves people's rules aside. Raises: SettingError if the pyproject.toml that holds for a named
    folder cannot be used.
    """
    # What is wrong with the rules is said before the first file is taken.
    known = [(path, _rules(path, exclusion) if path.is_dir() else None) for path in paths]
    seen: set[str] = set()
    for path, rules in known:
        for item in iter([Found(path)]) if rules is None else _search(path, *rules):
            identity = os.path.realpath(item.path)
            if item.error is not None or identity not in seen:
                seen.add(identity)
                yield item


def _rules(folder: Path, exclusion: Exclusion | None) -> tuple[Scope, list[str]]:
    return (nothing_but_installed_and_built(folder), []) if exclusion is None else exclusion.at(folder)


def _search(folder: Path, first: Scope, unusable: list[str]) -> Iterator[Found]:
    problems: list[OSError] = []
    count, errors = 0, len(unusable)
    scopes = {os.fspath(folder): first}
    yield from _unusable(folder, unusable)
    for place, folders, names in os.walk(folder, onerror=problems.append):
        scope = scopes.pop(place)
        folders[:] = sorted(name for name in folders if not scope.excludes(name, folder=True))
        for name in folders:
            inner = os.path.join(place, name)
            if not os.path.islink(inner):
                scopes[inner], unusable = scope.enter(name)
                errors += len(unusable)
                yield from _unusable(Path(inner), unusable)
        for name in sorted(names):
            path = Path(place, name)
            if name.endswith(".py") and not scope.excludes(name, folder=False) and path.is_file():
                count += 1
                yield Found(path)
    for denied in problems:
        yield Found(Path(os.fsdecode(denied.filename)), f"cannot be searched: {denied.strerror}; check its permissions")
    if not count and not problems and not errors:
        yield Found(
            folder,
            "holds no .py file outside what is excluded, hidden, installed or built; name the files themselves",
        )


def _unusable(folder: Path, problems: list[str]) -> Iterator[Found]:
    for problem in problems:
        yield Found(folder, f"is searched without rules of its own: {problem}")
