"""What a search of folders passes over. What is named on the command line itself is never passed over.

Of these the first that says anything decides: ``--exclude``, ``exclude`` of the project's pyproject.toml, the
``.gitignore`` files from the innermost outwards, and at last what no project writes itself: environments, installed
packages, results of builds, hidden folders. Only the first two can take something back in.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pathspec import GitIgnoreSpec

from codeodds.errors import SettingError, SourceError
from codeodds.source.exclusion import Globs, Projects, comparable, verdict

INSTALLED = frozenset({"__pycache__", "__pypackages__", "dist-packages", "node_modules", "site-packages"})
"""Folders that are passed over by their names."""

BUILT = frozenset({"_build", "build", "buck-out", "dist"})
"""Folders of the results of builds; one that is a package of Python is source."""

ENVIRONMENT_MARKS = ("pyvenv.cfg", "conda-meta")
"""What lies in the folder of an environment, whatever its name is."""

IGNORE_FILE = ".gitignore"
MAX_IGNORE_BYTES = 2_000_000


def nothing_but_installed_and_built(folder: Path) -> Scope:
    """What holds in a folder where nobody's rules count."""
    place = Path(os.path.abspath(folder))
    return Scope(comparable(os.fspath(place)), place, None, None, None, ())


class Exclusion:
    """What one run of the command line excludes."""

    def __init__(self, patterns: Sequence[str] = ()) -> None:
        """`patterns`: those of ``--exclude``, which start at the current folder.

        Raises: SettingError for a pattern that can match nothing.
        """
        globs = Globs(patterns, comparable(os.getcwd()))
        if globs.problems:
            raise SettingError(f"--exclude: {globs.problems[0]}")
        self._globs = globs
        self._projects = Projects()

    def at(self, folder: Path) -> tuple[Scope, list[str]]:
        """What holds in a folder that was named, and one sentence for each ``.gitignore`` that cannot be used.

        A rule that excludes the folder itself does not hold below it.

        Raises: SettingError if the pyproject.toml for it cannot be used.
        """
        place = Path(os.path.abspath(folder))
        here = comparable(os.fspath(place))
        project = self._projects.exclusions(place)
        ignores: list[_Ignore] = []
        problems: list[str] = []
        for path in _repository(place):
            try:
                ignores += _read_ignore(path)
            except SourceError as error:
                problems.append(str(error))
        scope = Scope(
            here,
            place,
            self._projects,
            None if self._globs.excludes(here) else self._globs,
            None if project is None or project.excludes(here) else project,
            tuple(ignore for ignore in ignores if not ignore.ignores(here)),
        )
        return scope, problems


@dataclass(frozen=True, slots=True)
class _Ignore:
    """One ``.gitignore``."""

    base: str
    """Its folder, with a slash at the end."""
    spec: GitIgnoreSpec

    def check(self, path: str, *, folder: bool) -> bool | None:
        return verdict(self.spec, path[len(self.base) :] + "/" * folder)

    def ignores(self, folder: str) -> bool:
        """Whether it excludes a folder at or below its own, or one around that."""
        relative = f"{folder}/"[len(self.base) :]
        return any(verdict(self.spec, relative[: match.end()]) for match in re.finditer("/", relative))


@dataclass(frozen=True, slots=True)
class Scope:
    """What is excluded in one folder."""

    here: str
    place: Path
    projects: Projects | None
    """None where files of rules are not read."""
    command_line: Globs | None
    project: Globs | None
    ignores: tuple[_Ignore, ...]
    """The outermost first."""

    def excludes(self, name: str, *, folder: bool) -> bool:
        """Whether something in the folder is passed over. Folders around it were asked for before."""
        path = f"{self.here}/{name}"
        for globs in (self.command_line, self.project):
            if globs is not None and (verdict := globs.check(path, folder=folder)) is not None:
                return verdict
        for ignore in reversed(self.ignores):
            if (verdict := ignore.check(path, folder=folder)) is not None:
                if verdict:
                    return True
                break
        return folder and _is_nobodys_source(self.place, name)

    def enter(self, name: str) -> tuple[Scope, list[str]]:
        """What holds in a folder of this one, and one sentence for each file of rules in it that cannot be used."""
        place = self.place / name
        problems: list[str] = []
        if self.projects is None:
            return replace(self, here=f"{self.here}/{name}", place=place), problems
        project, ignores = self.project, self.ignores
        try:
            # A table further out was found already, and may be off because the named folder is excluded by it.
            if (place / "pyproject.toml").is_file():
                inner = self.projects.exclusions(place)
                if inner is not self.projects.exclusions(self.place):
                    project = inner
        except SettingError as error:
            problems.append(str(error))
        try:
            ignores = (*ignores, *_read_ignore(place))
        except SourceError as error:
            problems.append(str(error))
        return replace(self, here=f"{self.here}/{name}", place=place, project=project, ignores=ignores), problems


def _is_nobodys_source(place: Path, name: str) -> bool:
    if name.startswith(".") or name in INSTALLED:
        return True
    folder = os.path.join(place, name)
    if name in BUILT:
        return not os.path.exists(os.path.join(folder, "__init__.py"))
    return any(os.path.exists(os.path.join(folder, mark)) for mark in ENVIRONMENT_MARKS)


def _repository(place: Path) -> list[Path]:
    """The folders from the root of the git repository down to this one; this one alone where there is none."""
    around = [place, *place.parents]
    root = next((number for number, folder in enumerate(around) if (folder / ".git").exists()), 0)
    return around[root::-1]


def _read_ignore(folder: Path) -> list[_Ignore]:
    """The rules of a folder's own file; none if it has no such file. Raises: SourceError if it cannot be read."""
    path = folder / IGNORE_FILE
    if not path.is_file():
        return []
    try:
        content = path.read_bytes() if path.stat().st_size <= MAX_IGNORE_BYTES else None
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}; check its permissions") from None
    if content is None:
        raise SourceError(f"{path} has more than {MAX_IGNORE_BYTES:,} bytes and is not read; make it smaller")
    lines = os.fsdecode(content.removeprefix(b"\xef\xbb\xbf")).split("\n")
    # git passes over what it finds no pattern in.
    usable = [line for line in (line.removesuffix("\r") for line in lines) if _is_usable(line)]
    return [_Ignore(f"{comparable(os.fspath(folder))}/", _spec(usable))]


def _is_usable(line: str) -> bool:
    try:
        _spec([line])
    except (ValueError, re.error):
        return False
    return True


def _spec(lines: list[str]) -> GitIgnoreSpec:
    with warnings.catch_warnings():
        # Of brackets within brackets, which Python may read otherwise one day.
        warnings.simplefilter("ignore", FutureWarning)
        return GitIgnoreSpec.from_lines(lines)
