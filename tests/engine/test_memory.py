"""Memory that a run no longer needs goes back to the system."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from codeodds.engine import scorer as scorer_module
from codeodds.engine.memory import LARGE_BYTES
from codeodds.engine.scorer import LONG_RUN_TOKENS, open_scorer
from codeodds.types import ScoringUnit

HELD = """
import ctypes
from codeodds.engine.memory import keep_large_blocks_apart

class Info(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in "arena ordblks smblks hblks hblkhd a b c d e".split()]

library = ctypes.CDLL(None)
library.mallinfo2.restype = Info
library.malloc.restype = ctypes.c_void_p
library.free.argtypes = [ctypes.c_void_p]
keep_large_blocks_apart()
# By itself glibc would serve every block below this size from its heap from now on.
library.free(library.malloc({four}))
before = library.mallinfo2().hblkhd
library.malloc({one})
print(library.mallinfo2().hblkhd - before)
"""


def has_glibc() -> bool:
    return sys.platform == "linux" and bool(os.confstr("CS_GNU_LIBC_VERSION"))


@pytest.mark.skipif(not has_glibc(), reason="what glibc does")
@pytest.mark.parametrize(("size", "mapped"), [(LARGE_BYTES + 4096, True), (LARGE_BYTES // 2, False)])
def test_large_blocks_are_mapped_by_themselves(size: int, mapped: bool) -> None:
    program = HELD.format(four=4 * LARGE_BYTES, one=size)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert (int(done.stdout) >= size) == mapped


def test_only_a_long_run_gives_its_memory_back(tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    monkeypatch.setattr(scorer_module, "give_back", lambda: calls.append("given back"))
    scorer = open_scorer(tiny_bundle)
    monkeypatch.setattr(scorer_module, "LONG_RUN_TOKENS", 60)
    assert LONG_RUN_TOKENS > 60
    short = scorer.score(ScoringUnit("def f(a):\n", "    return a\n"))
    assert (short.computed_tokens < 60, calls) == (True, [])
    body = "    a = a + 1\n" * 12
    long = scorer.score(ScoringUnit("def g(a):\n", body))
    assert (long.computed_tokens >= 60, calls) == (True, ["given back"])
    # The next keystroke runs a few tokens of it.
    scorer.score(ScoringUnit("def g(a):\n", body + "    return a\n"))
    assert calls == ["given back"]
