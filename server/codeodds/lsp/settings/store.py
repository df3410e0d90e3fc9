"""The settings of the whole server and of each workspace folder, and which hold for a document.

`documents` asks; `configuration` fills it from what the client sends. What a project's own file excludes is added.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec

from codeodds.errors import SettingError
from codeodds.lsp.settings.fields import SECTION, Settings, parse_settings
from codeodds.source.exclusion import Globs, Projects, with_small_drive

PROJECT_RECHECK_S = 2.0
"""A pyproject.toml that was changed is noticed at the next edit after so many seconds."""

_LOCAL = ("file", "vscode-notebook-cell")
_DRIVE = re.compile(r"/[a-z]:")


class SettingsStore:
    """What the client wants, by folder."""

    def __init__(self) -> None:
        self.base = Settings()
        """Holds where no folder says otherwise."""
        self.waiting = False
        """Whether the client was asked and has not answered yet: until then nothing is scored by itself."""
        self._folders: dict[str, Settings] = {}
        self._roots: list[str] = []
        self._problems: set[str] = set()
        self._globs: dict[tuple[str | None, tuple[str, ...]], Globs] = {}
        self._projects = Projects(PROJECT_RECHECK_S)
        self._told: set[str] = set()
        self.on_problem: Callable[[str], None] = lambda message: None
        """Told once of each pyproject.toml that cannot be used."""

    def replace(self, base: Any, folders: Mapping[str, Any]) -> list[str]:
        """Take over what a client sent: in general, and by the URI of each folder; null for a folder means nothing.

        Returns one sentence for each value that could not be used and that was not reported before.
        """
        self.base, problems = parse_settings(base)
        self._folders = {}
        self._roots = sorted((path_of(uri) for uri in folders), key=len, reverse=True)
        for uri, value in folders.items():
            if value is not None:
                self._folders[path_of(uri)], more = parse_settings(value)
                problems += more
        self._globs = {}
        problems += [
            f"setting {SECTION}.exclude: {problem}"
            for root, settings in ((None, self.base), *self._folders.items())
            for problem in self._excluded(root, settings).problems
        ]
        new = [problem for problem in dict.fromkeys(problems) if problem not in self._problems]
        self._problems = set(problems)
        return new

    def for_document(self, uri: str) -> Settings:
        """The settings of the innermost folder that holds a document, or those of the server.

        `enable` is false for a document that `exclude` names, here or in the project's pyproject.toml, and while the
        store waits for the client's answer.
        """
        path = path_of(uri)
        root = next((root for root in self._roots if _is_within(path, root)), None)
        settings = self.base if root is None else self._folders.get(root, self.base)
        if settings.enable and (self.waiting or self._is_excluded(path, root, settings)):
            return msgspec.structs.replace(settings, enable=False)
        return settings

    def _is_excluded(self, path: str, root: str | None, settings: Settings) -> bool:
        if settings.exclude and self._excluded(root, settings).excludes(path):
            return True
        if not path.startswith("/"):
            return False
        local = path[1:] if _DRIVE.match(path) else path
        try:
            project = self._projects.exclusions(Path(PurePosixPath(local).parent))
        except SettingError as error:
            if str(error) not in self._told:
                self._told.add(str(error))
                self.on_problem(f"{error}; until then nothing is excluded by it")
            return False
        return project is not None and project.excludes(path)

    def _excluded(self, root: str | None, settings: Settings) -> Globs:
        key = root, settings.exclude
        if key not in self._globs:
            self._globs[key] = Globs(settings.exclude, root)
        return self._globs[key]


def path_of(uri: str) -> str:
    """A URI as a path that can be compared: ``file:///C%3A/a%20b`` and ``file:///c:/a b`` are the same.

    No trailing slash. The scheme and host stand in front unless it is a local file, or a cell of a notebook in one.
    """
    try:
        parts = urlsplit(uri)
    except ValueError:
        return uri
    path = with_small_drive(unquote(parts.path).rstrip("/"))
    return path if parts.scheme in _LOCAL and not parts.netloc else f"{parts.scheme}://{parts.netloc}{path}"


def _is_within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")
