"""Asks Jedi which names can stand at a place. The one file that knows Jedi, an optional dependency.

Jedi reads code and infers; it runs none of the user's:

- The text goes through `jedi.Script`, never through `jedi.Interpreter`.
- Modules of the project are read as source. Jedi would import compiled modules on the search path to look into them:
  here only those of the standard library are on it, and a helper process imports them, without the user's
  ``PYTHONPATH``.
- No other Python is started, and no ``.jedi/project.json`` of the project is read, which could name one.
- Parsed files stay in memory. Jedi would pickle them into a folder of the user's.

So packages that are not in the project itself are not known.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codeodds.errors import CompletionError

NOT_INSTALLED = (
    "complete_names needs Jedi, which is not installed: install it beside the server ('pip install jedi', or "
    "codeodds with its extra 'completion'), or set complete_names to false"
)


@dataclass(frozen=True, slots=True)
class Name:
    """One candidate."""

    text: str
    """What would stand in the document: a name, or a keyword argument with its ``=``."""
    kind: str
    """As Jedi calls it: ``function``, ``class``, ``module``, ``statement``, ``param``, ``keyword`` and others."""


@dataclass(frozen=True, slots=True)
class Names:
    """The candidates at a place, in Jedi's order."""

    names: tuple[Name, ...] = ()
    typed: int = 0
    """Code points before the place that each candidate would replace."""
    more: bool = False
    """Whether some were left out at the end."""


class NameFinder:
    """Jedi with its helper process. Not safe for concurrent calls; opening and asking may take seconds at first."""

    def __init__(self) -> None:
        self._jedi: Any = None
        self._environment: Any = None

    def find(self, text: str, place: tuple[int, int], path: Path | None, project: Path | None, most: int) -> Names:
        """At most `most` names that can stand at a place of a document.

        `place`: line and code point in it, both from 0. `path`: of the document, for relative imports. `project`: the
        folder that modules are looked for in; None for none.

        Raises: CompletionError if Jedi is not installed, or fails; its message quotes no code.
        """
        try:
            self._open()
            line, character = place
            script = self._jedi.Script(
                text.encode("utf-8", "replace").decode("utf-8"),
                path=path,
                environment=self._environment,
                project=self._jedi.Project(
                    project or standard_library()[0],
                    sys_path=standard_library(),
                    smart_sys_path=project is not None,
                ),
            )
            found = script.complete(line + 1, character)
            typed = found[0].get_completion_prefix_length() if found else 0
            names = [Name(item.name_with_symbols, item.type) for item in found]
        except CompletionError:
            raise
        except Exception as error:
            # Jedi fails on some code in ways of its own, and its messages may quote it. A new helper starts next time.
            self._environment = None
            raise CompletionError(f"Jedi failed: {type(error).__name__}") from None
        # In strings Jedi offers files and keys; neither is a name.
        names = [name for name in names if name.text.removesuffix("=").isidentifier()]
        return Names(tuple(names[:most]), typed, len(names) > most)

    def _open(self) -> None:
        if self._jedi is None:
            self._jedi = _import_jedi()
        if self._environment is None:
            variables = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
            self._environment = self._jedi.create_environment(sys.executable, safe=False, env_vars=variables)


def standard_library() -> list[str]:
    """Its folders, in the order in which they are searched."""
    folder = sysconfig.get_path("stdlib")
    return [folder, str(Path(folder) / "lib-dynload")]


def _import_jedi() -> Any:
    """Raises: CompletionError if it is not there."""
    try:
        import jedi
        import parso.cache
    except ImportError:
        raise CompletionError(NOT_INSTALLED) from None
    # There is no setting against its pickles. A test looks for files.
    parso.cache._save_to_file_system = lambda *_, **__: None
    parso.cache._remove_cache_and_update_lock = lambda *_, **__: None
    parso.cache._load_from_file_system = lambda *_, **__: None
    jedi.settings.auto_import_modules = []
    return jedi
