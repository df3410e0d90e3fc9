"""Diffs of a body are diffs of the document: applied, they give the document with the other body."""

from __future__ import annotations

import subprocess
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from codeodds.ranking.diff import unified_diff

DOCUMENT = "a = 1\nb = 2\nc = 3\nd = 4\n\n\ndef f(x):\n    y = x\n    return y\n\n\ne = 5\nf = 6\ng = 7\n"


def test_numbers_are_those_of_the_document() -> None:
    found = unified_diff(DOCUMENT.split("\n"), (7, 9), "    return x\n", ("f", "f (alternative 1)"))
    assert found == (
        "--- f\n+++ f (alternative 1)\n@@ -5,8 +5,7 @@\n \n \n def f(x):\n-    y = x\n-    return y\n+    return x\n"
        " \n \n e = 5\n"
    )


def test_no_change_is_no_diff() -> None:
    assert unified_diff(DOCUMENT.split("\n"), (7, 9), "    y = x\n    return y\n", ("f", "g")) == ""


def test_a_missing_line_end_is_said() -> None:
    found = unified_diff(["def f(x):", "    return x"], (1, 2), "    return 1\n", ("f", "g"))
    assert found == (
        "--- f\n+++ g\n@@ -1,2 +1,2 @@\n def f(x):\n-    return x\n\\ No newline at end of file\n+    return 1\n"
    )


def test_patch_applies_it(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(DOCUMENT)
    found = unified_diff(DOCUMENT.split("\n"), (7, 9), "    return x\n", ("a.py", "a.py"))
    done = subprocess.run(["git", "apply", "-p0", "-"], input=found.encode(), cwd=tmp_path, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "a.py").read_text() == DOCUMENT.replace("    y = x\n    return y\n", "    return x\n")


def apply(lines: list[str], diff: str) -> str:
    """A small reader of unified diffs: the reference."""
    text = "\n".join(lines)
    source = [f"{line}\n" for line in text.split("\n")[:-1]] + ([lines[-1]] if lines[-1] else [])
    result: list[str] = []
    position = 0
    for line in diff.split("\n")[2:-1]:
        if line.startswith("@@"):
            first = line.split()[1].split(",")
            start = int(first[0][1:]) - (0 if first[1:] == ["0"] else 1)
            result += source[position:start]
            position = start
        else:
            if line[0] in "- ":
                assert source[position].removesuffix("\n") == line[1:]
                position += 1
            if line[0] in "+ ":
                result.append(f"{line[1:]}\n")
    return "".join(result + source[position:])


LINES = st.lists(st.sampled_from(["a", "b", "", "c"]), min_size=1, max_size=14)


@given(
    lines=LINES, first=st.integers(0, 14), length=st.integers(0, 6), body=st.lists(st.sampled_from("abx"), min_size=1)
)
def test_any_diff_leads_to_the_changed_document(lines: list[str], first: int, length: int, body: list[str]) -> None:
    lines = [*lines, ""]
    first = min(first, len(lines) - 1)
    last = min(first + length, len(lines) - 1)
    new = "".join(f"{line}\n" for line in body)
    wanted = "\n".join(lines[:first]) + ("\n" if first else "") + new + "\n".join(lines[last:])
    diff = unified_diff(lines, (first, last), new, ("a", "b"))
    assert (apply(lines, diff) if diff else "\n".join(lines)) == wanted
