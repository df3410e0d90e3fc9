"""What the policy tests know of the project: where its files are, and what each module imports."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SERVER = ROOT / "server"
TRAINER = ROOT / "trainer"


def modules(root: Path) -> dict[str, Path]:
    """Dotted name to file, for every module below a source root."""
    found = {}
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def imports(path: Path) -> frozenset[str]:
    """Every module that a file names in an import, at any depth, those for type checking included.

    ``from a import b`` counts as ``a`` and as ``a.b``, because b may be a module.
    """
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return frozenset(names)


def importers(package: str, of: tuple[str, ...]) -> Iterator[str]:
    """``module imports name`` for each module below `package` that imports one of `of`, or something inside it."""
    root = TRAINER if package.startswith("codeodds_trainer") else SERVER
    for module, path in modules(root).items():
        if module == package or module.startswith(package + "."):
            for name in sorted(imports(path)):
                if any(name == banned or name.startswith(banned + ".") for banned in of):
                    yield f"{module} imports {name}"


def tracked_files() -> list[Path]:
    """The files that git knows, or all of them outside hidden folders where there is no git."""
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listing.returncode == 0:
        return [ROOT / name for name in listing.stdout.decode("utf-8").split("\0") if name]
    return [path for path in ROOT.rglob("*") if path.is_file() and not path.relative_to(ROOT).parts[0].startswith(".")]
