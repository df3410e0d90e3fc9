"""The prefix cache: what was computed for token sequences seen before, found again by the tokens alone. Pure numpy.

A decoder's logits, keys and values at a token depend on the tokens up to it and on nothing else. So a prefix that a new
sequence shares with a cached one need not run again, whichever document either came from.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from codeodds.engine.keyvalues import KeyValues
from codeodds.types import FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class CachedRun:
    """The results of running one token sequence."""

    ids: IntArray
    """int64 [n]."""

    logits: FloatArray
    """The value head's output at each token, float32 [n]."""

    memory: KeyValues
    """Keys and values of the n tokens, batch size 1."""

    hidden: FloatArray
    """What an upper graph reads of each token, float32 [n, width]; width 0 where there is no such graph."""

    @property
    def nbytes(self) -> int:
        return self.ids.nbytes + self.logits.nbytes + self.hidden.nbytes + self.memory.nbytes

    def cut(self, tokens: int) -> CachedRun:
        """The results of the first `tokens` tokens."""
        if tokens >= len(self.ids):
            return self
        kept = (self.ids[:tokens].copy(), self.logits[:tokens].copy(), self.memory.cut(tokens))
        return CachedRun(*kept, self.hidden[:tokens].copy())

    def extend(self, ids: IntArray, logits: FloatArray, memory: KeyValues, hidden: FloatArray) -> CachedRun:
        """The results after more tokens ran. `memory` covers the old tokens and the new."""
        return CachedRun(
            np.concatenate([self.ids, ids]),
            np.concatenate([self.logits, logits]),
            memory,
            np.concatenate([self.hidden, hidden]),
        )


class PrefixCache:
    """Runs in order of use; the least recently used go first when the memory limit is reached."""

    def __init__(self, memory_limit_mb: float) -> None:
        """`memory_limit_mb`: in units of 1,000,000 bytes; 0 caches nothing."""
        self._limit = int(memory_limit_mb * 1_000_000)
        self._runs: list[CachedRun] = []

    def __len__(self) -> int:
        return len(self._runs)

    @property
    def nbytes(self) -> int:
        """Bytes held; never above the limit."""
        return sum(run.nbytes for run in self._runs)

    def longest_prefix(self, ids: IntArray) -> tuple[CachedRun | None, int]:
        """The run that shares most leading tokens with `ids`, and how many; (None, 0) if none shares any.

        The run found counts as used now.
        """
        best, most = -1, 0
        for index, run in enumerate(self._runs):
            shared = common_prefix(run.ids, ids)
            if shared and shared >= most:
                best, most = index, shared
        if best < 0:
            return None, 0
        found = self._runs.pop(best)
        self._runs.append(found)
        return found, most

    def put(self, run: CachedRun, *, replaces: CachedRun | None = None) -> None:
        """Keep a run, in place of `replaces` if that is still held.

        A run that alone exceeds the limit is cut to the longest prefix that fits.
        """
        self._runs = [kept for kept in self._runs if kept is not replaces]
        if run.nbytes > self._limit:
            run = run.cut(self._limit * len(run.ids) // run.nbytes)
        if len(run.ids) == 0:
            return
        self._runs.append(run)
        held = self.nbytes
        while held > self._limit:
            held -= self._runs.pop(0).nbytes

    def clear(self) -> None:
        """Forget everything."""
        self._runs.clear()


def common_prefix(one: IntArray, other: IntArray) -> int:
    """How many leading tokens are equal."""
    length = min(len(one), len(other))
    different = one[:length] != other[:length]
    return int(different.argmax()) if different.any() else length
