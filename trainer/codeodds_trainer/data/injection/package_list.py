"""Which packages functions come from, and which split each belongs to: a YAML file that can be committed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from codeodds_trainer.ground.errors import DataError

STDLIB = "stdlib"
"""The name that stands for the standard library of the running Python."""


class Package(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One package; all its functions are in one split."""

    name: str
    """As on the package index; `stdlib` for the standard library of the running Python."""
    version: str = ""
    """Exact; empty for `stdlib` alone."""
    licence: str
    """SPDX identifier."""
    split: Literal["train", "valid", "test"]
    most: Annotated[int, msgspec.Meta(ge=1)] = 40
    """At most this many of its functions."""


def read_package_list(path: Path) -> list[Package]:
    """Raises: DataError for a file that is missing, not YAML, not such a list, or that has a package twice."""
    try:
        packages = msgspec.yaml.decode(path.read_bytes(), type=list[Package])
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); give a list of packages") from error
    except msgspec.MsgspecError as error:
        raise DataError(f"{path}: {error}; see models/packages.yaml") from error
    seen: set[str] = set()
    for package in packages:
        if package.name in seen:
            raise DataError(f"{path}: {package.name} stands there twice; a package has one version and one split")
        if (package.name == STDLIB) == bool(package.version):
            raise DataError(f"{path}: {package.name} needs a `version`, unless it is {STDLIB}, which has none")
        seen.add(package.name)
    return packages
