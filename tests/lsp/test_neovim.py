"""Neovim as a second real client, with its own idea of positions, versions and edits.

Needs ``nvim`` (0.7 or newer, for example from the system's packages).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from codeodds.source.functions import Function, find_functions
from codeodds.source.nested import with_nested
from tests.lsp.client import FAKE_SERVER
from tests.lsp.test_fuzz import reference

NVIM = shutil.which("nvim")
SCRIPT = Path(__file__).with_name("neovim.lua")
TEXT = """\
import os

def good(a):
    '''Emoji: 🎉🎉'''
    b = a + 1
    return b

class C:
    def bad(self, x="é🎉"):
        y = '🎉' + BUG + x
        return y
"""


@pytest.fixture
def seen(tmp_path: Path, request: pytest.FixtureRequest) -> dict[str, Any]:
    """What Neovim saw."""
    assert NVIM is not None
    file, result = tmp_path / "with space é.py", tmp_path / "result.json"
    file.write_text(TEXT, "utf-8")
    task = {"command": FAKE_SERVER, "seed": request.param, "edits": 200, "result": str(result)}
    environment = {**os.environ, "CODEODDS_TASK": json.dumps(task), "XDG_STATE_HOME": str(tmp_path)}
    command = [NVIM, "--headless", "-u", "NONE", "-i", "NONE", "-n", str(file), "-c", f"luafile {SCRIPT}"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=180, check=False)
    assert result.exists(), done.stderr
    found: dict[str, Any] = json.loads(result.read_text("utf-8"))
    assert "failure" not in found, found
    return found


@pytest.mark.skipif(
    NVIM is None, reason="nvim is not installed; .ci/run installs it, so that this is never left out there"
)
@pytest.mark.parametrize("seen", range(3), indirect=True)
def test_neovim_shows_the_scores_of_the_text_that_it_holds(seen: dict[str, Any]) -> None:
    (first,) = seen["first"]
    assert (first["line"], first["severity"], first["source"]) == (9, 4, "codeodds")
    assert seen["again"] == seen["first"]
    assert seen["offset_encoding"] == "utf-16"
    assert "30 %" in seen["hover"]["value"]
    assert seen["exit"] == 0
    text = "\n".join(seen["text"]) + "\n"
    names = [name for function in map(with_nested, find_functions(text)) for name in names_of(function)]
    assert [item["name"] for item in seen["score"]["functions"]] == names
    assert names[0] == "added"
    for item, probability in zip(seen["score"]["functions"], reference(text), strict=True):
        assert item.get("probability") == (None if probability is None else pytest.approx(probability, abs=1e-6))


def names_of(function: Function) -> list[str]:
    """Of a function and those within it."""
    return [function.name, *(inner.name for inner in function.nested)]
