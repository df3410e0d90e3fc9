"""The difference that another body makes, as a unified diff of the document. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

CONTEXT_LINES = 3

_HUNK = re.compile(r"^@@ -(\d+)(,\d+)? \+(\d+)(,\d+)? @@")
_NO_NEWLINE = "\\ No newline at end of file\n"


def unified_diff(lines: Sequence[str], span: tuple[int, int], new: str, names: tuple[str, str]) -> str:
    """The diff that replaces whole lines of a document; empty if nothing changes.

    `lines`: the document without line ends; a last empty one stands for a line end at its end. `span`: the first line
    to replace, from 0, and the one behind the last. `new`: what takes their place. `names`: of both sides. Only the
    lines around are compared, but the numbers are those of the document.
    """
    first, last = span
    before = max(first - CONTEXT_LINES, 0)
    behind = min(last + CONTEXT_LINES, len(lines))
    ends = behind == len(lines)
    old = "\n".join(lines[before:behind]) + ("" if ends else "\n")
    head = "".join(f"{line}\n" for line in lines[before:first])
    tail = "\n".join(lines[last:behind]) + ("" if ends else "\n")
    changed = head + new + tail
    found = difflib.unified_diff(_kept(old), _kept(changed), *names, n=CONTEXT_LINES)
    return "".join(_moved(line, before) for line in found)


def _kept(text: str) -> list[str]:
    """Lines with their ends; at LF alone, as documents count."""
    parts = text.split("\n")
    return [f"{part}\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def _moved(line: str, offset: int) -> str:
    match = _HUNK.match(line)
    if match is not None:
        old, old_count, new, new_count = match.groups("")
        return f"@@ -{int(old) + offset}{old_count} +{int(new) + offset}{new_count} @@\n"
    return line if line.endswith("\n") else f"{line}\n{_NO_NEWLINE}"
