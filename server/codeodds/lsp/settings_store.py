"""The settings of the whole server and of each workspace folder, and which hold for a document. Pure.

`documents` asks; `configuration` fills it from what the client sends.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec

from codeodds.lsp.globs import matches
from codeodds.lsp.settings import Settings, parse_settings

_LOCAL = ("file", "vscode-notebook-cell")
_DRIVE = re.compile(r"^/?([A-Za-z]):")


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
        new = [problem for problem in dict.fromkeys(problems) if problem not in self._problems]
        self._problems = set(problems)
        return new

    def for_document(self, uri: str) -> Settings:
        """The settings of the innermost folder that holds a document, or those of the server.

        `enable` is false for a document that `exclude` names, and while the store waits for the client's answer.
        """
        path = path_of(uri)
        root = next((root for root in self._roots if _is_within(path, root)), None)
        settings = self.base if root is None else self._folders.get(root, self.base)
        if self.waiting and settings.enable:
            return msgspec.structs.replace(settings, enable=False)
        if not settings.exclude or not settings.enable:
            return settings
        relative = path if root is None else path[len(root) :]
        if any(matches(relative.lstrip("/"), pattern) for pattern in settings.exclude):
            return msgspec.structs.replace(settings, enable=False)
        return settings


def path_of(uri: str) -> str:
    """A URI as a path that can be compared: ``file:///C%3A/a%20b`` and ``file:///c:/a b`` are the same.

    No trailing slash. The scheme and host stand in front unless it is a local file, or a cell of a notebook in one.
    """
    try:
        parts = urlsplit(uri)
    except ValueError:
        return uri
    path = unquote(parts.path).rstrip("/")
    path = _DRIVE.sub(lambda match: f"/{match[1].lower()}:", path)
    return path if parts.scheme in _LOCAL and not parts.netloc else f"{parts.scheme}://{parts.netloc}{path}"


def _is_within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")
