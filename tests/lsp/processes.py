"""Which processes there are, and who started them. Linux alone."""

from __future__ import annotations

from pathlib import Path


def alive() -> set[int]:
    """Those that have not ended."""
    return set(_parents())


def descendants(process: int) -> set[int]:
    """Those that a process started, and that these started."""
    parents = _parents()
    found: set[int] = set()
    while more := {child for child, parent in parents.items() if parent in found | {process}} - found:
        found |= more
    return found


def _parents() -> dict[int, int]:
    found = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            # The name before the last parenthesis may hold anything.
            state, parent, *_ = (folder / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if state != "Z":
            found[int(folder.name)] = int(parent)
    return found
