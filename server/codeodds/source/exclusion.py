"""Which paths the user excluded: the patterns of every list that is named ``exclude``, and what a project says in its
own file, ``[tool.codeodds]`` in the nearest pyproject.toml that has one.

The rules are those of a ``.gitignore``, with VS Code's spellings added: ``{a,b}``, ``./``, backslashes between folders,
and absolute paths. The command line and the language server read both alike.
"""

from __future__ import annotations

import os
import re
import stat
import time
import tomllib
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import msgspec
from pathspec import GitIgnoreSpec

from codeodds.errors import SettingError

MAX_ALTERNATIVES = 256
"""Braces multiply: a pattern that stands for more patterns than this is not used."""

NAME = "pyproject.toml"
TABLE = "tool.codeodds"
MAX_BYTES = 2_000_000
"""Larger files are not read."""

Patterns = tuple[Annotated[str, msgspec.Meta(min_length=1, max_length=1_024)], ...]
"""The type of every list that is named ``exclude``."""

_DRIVE = re.compile(r"^/?([A-Za-z]):(?=/|$)")
_BRACES = re.compile(r"\{([^{}]*)\}")
_BRACKET = re.compile(r"\[[!^]?\]?[^\]]*\]")


class Globs:
    """A list of patterns that holds below one folder. The last pattern that matches decides."""

    def __init__(self, patterns: Sequence[str], base: str | None) -> None:
        """`base`: the folder, as `comparable` writes it; None where there is none: then patterns hold anywhere."""
        self._base = base if base is None else base.rstrip("/")
        self.problems: list[str] = []
        """One sentence for each pattern that can match nothing."""
        lines: list[str] = []
        for pattern in patterns:
            try:
                translated = list(self._translate(pattern))
                _compiled(translated)
            except ValueError as error:
                self.problems.append(f"the pattern {_quoted(pattern)} matches nothing: {error}")
            else:
                lines += translated
        self._spec = _compiled(lines)

    def check(self, path: str, *, folder: bool = False) -> bool | None:
        """Whether a path, written as by `comparable`, is excluded; False where a pattern with ``!`` takes it back in.

        None where no pattern says anything, and for a path outside the base. The folders around it are not looked at.
        """
        relative = self._relative(path)
        return None if relative is None else verdict(self._spec, relative + "/" * folder)

    def excludes(self, path: str) -> bool:
        """Whether a file or a folder around it is excluded."""
        relative = self._relative(path)
        if relative is None:
            return False
        around = [relative[: match.end()] for match in re.finditer("/", relative)]
        return any(verdict(self._spec, place) for place in (*around, relative))

    def _relative(self, path: str) -> str | None:
        if self._base is None:
            return path.lstrip("/")
        return path[len(self._base) + 1 :] if path.startswith(f"{self._base}/") else None

    def _translate(self, pattern: str) -> Iterable[str]:
        """The lines of a ``.gitignore`` that say the same. Raises: ValueError with the reason if there are none."""
        inverted = pattern.startswith("!")
        for alternative in _alternatives(pattern[inverted:].replace("\\", "/")):
            for line in self._anchored(alternative):
                yield f"!{line}" if inverted else re.sub(r"^(?=[#!])", r"\\", line)

    def _anchored(self, pattern: str) -> Iterable[str]:
        _check(pattern)
        drive = _DRIVE.match(pattern)
        if drive:
            pattern = f"/{drive[1].lower()}:{pattern[drive.end() :]}"
        here = pattern.startswith("./")
        pattern = re.sub(r"(?<=/)(?:\./)+|^(?:\./)+", "", re.sub(r"/{2,}", "/", pattern))
        if not pattern.startswith("/"):
            if here:
                yield f"/{pattern}"
            else:
                deep = "/" in pattern.rstrip("/") and self._base is None and not pattern.startswith("**/")
                yield f"**/{pattern}" if deep else pattern
            return
        if self._base:
            stem = re.sub(r"/(?:\*\*)?$", "", pattern)
            if f"{self._base}/".startswith(f"{stem}/"):
                yield "**"
            elif pattern.startswith(f"{self._base}/"):
                yield pattern[len(self._base) :]
        # It may be absolute, or start at the base as in a .gitignore.
        yield pattern


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


def verdict(spec: GitIgnoreSpec, path: str) -> bool | None:
    """What the last pattern says that matches a path itself; None if none does. Folders end in a slash.

    The library's own verdict counts a pattern that matches a folder around the path as well. git asks for each folder
    by itself, which matters where a later pattern takes one back in.
    """
    for pattern in reversed(spec.patterns):
        found = pattern.match_file(path)
        if found is None:
            continue
        match, expression = found.match, found.match.re.pattern
        ends = match.end() == len(path)
        if "ps_d" not in match.re.groupindex:
            # ``a/**`` means what is in the folder, not the folder.
            itself = not (ends and expression.endswith("/"))
        else:
            # ``**/`` means every folder, and its expression finds the first slash.
            itself = match["ps_d"] is None or ends or (path.endswith("/") and not expression.startswith("^"))
        if itself:
            return pattern.include
    return None


def comparable(path: str) -> str:
    """An absolute path of this system as `Globs` and `codeodds.lsp.settings.store.path_of` write it: ``/c:/a/b``."""
    if os.sep != "/":
        path = path.replace(os.sep, "/")
    return with_small_drive(path).rstrip("/")


def with_small_drive(path: str) -> str:
    """``C:/a`` as ``/c:/a``; a path without a drive as it is."""
    return _DRIVE.sub(lambda match: f"/{match[1].lower()}:", path)


def _compiled(lines: list[str]) -> GitIgnoreSpec:
    """Raises: ValueError if one of them is none."""
    try:
        with warnings.catch_warnings():
            # Of brackets within brackets, which Python may read otherwise one day.
            warnings.simplefilter("ignore", FutureWarning)
            spec = GitIgnoreSpec.from_lines(lines)
    except re.error:
        raise ValueError("a range between its brackets runs backwards") from None
    except ValueError:
        raise ValueError("it names no file") from None
    if any(pattern.include is None for pattern in spec.patterns):
        raise ValueError("its brackets are not closed" if any("[" in line for line in lines) else "it names no file")
    return spec


def _alternatives(pattern: str) -> list[str]:
    """Braces written out: ``a.{b,c}`` as ``a.b`` and ``a.c``. Within brackets they stand for themselves."""
    masked = _BRACKET.sub(lambda match: match.group().translate(_MASK), pattern)
    done, pending = [], [masked]
    while pending:
        text = pending.pop()
        match = _BRACES.search(text)
        if match is None:
            if "{" in text or "}" in text:
                raise ValueError("its braces are not closed")
            done.append(text.translate(_UNMASK))
        else:
            pending += [text[: match.start()] + part + text[match.end() :] for part in match[1].split(",")]
        if len(done) + len(pending) > MAX_ALTERNATIVES:
            raise ValueError(f"its braces stand for more than {MAX_ALTERNATIVES} patterns; write it more simply")
    return done[::-1]


_MASK = {ord(character): 0xE000 + number for number, character in enumerate("{},")}
_UNMASK = {code: chr(character) for character, code in _MASK.items()}


def _check(pattern: str) -> None:
    """Raises: ValueError with the reason if a pattern can match no path."""
    if not pattern.strip("/ \t"):
        raise ValueError("it names no file")
    if "${" in pattern or pattern.startswith("$"):
        raise ValueError("variables are not replaced; write the path out")
    if pattern.startswith("~"):
        raise ValueError("~ is not replaced by the home folder; write the path out")
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", pattern):
        raise ValueError("it is a URI; write a path")
    if pattern.startswith("//"):
        raise ValueError("it is the path of another machine; start it with **/")
    if ".." in pattern.split("/"):
        raise ValueError("it leads out of its folder with ..; write an absolute path")


def _quoted(pattern: str) -> str:
    shown = pattern if len(pattern) <= 60 else f"{pattern[:60]}..."
    return f"`{shown}`"


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
