"""Runs several token sequences that share a prefix: the prefix once, the rest as one padded batch. Numpy only.

Rows are padded on the right. A decoder's results at a token depend on the tokens before it and on nothing else, so that
padding changes no value, and rows that share a prefix share its keys and values too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np

from codeodds.engine.api import Cancellation
from codeodds.engine.cache import CachedRun, common_prefix
from codeodds.engine.keyvalues import KeyValues
from codeodds.errors import EngineError
from codeodds.types import FloatArray, IntArray

BATCH_LIMIT_MB = 64.0
"""At most this much memory for the keys and values of the rows of one batch, in units of 1,000,000 bytes. While a run
grows them, both the old and the new ones are held."""

BATCH_RUN_TOKENS = 1_024
"""At most this many tokens in one run, all rows together: bounds the memory of activations, and what a cancelled
request throws away."""

SHORTEST_STEP = 16
"""A run is as long as the shortest row that is left, so that little is padding, but never shorter than this."""

_FACTOR = 2
"""Lengths of runs are multiples of it; `codeodds.engine.scorer.MIN_RUN_TOKENS` says why."""


class Model(Protocol):
    """What the scorer needs of a runtime; `codeodds.engine.onnx.OnnxModel` has it."""

    def empty_memory(self, batch: int = 1) -> KeyValues: ...

    def run(
        self, ids: IntArray, past: KeyValues, cancellation: Cancellation | None = None
    ) -> tuple[FloatArray, KeyValues]: ...


class Runtime(Model, Protocol):
    """What the scorer needs of a runtime; `codeodds.engine.onnx.OnnxModel` has it and says more."""

    def empty_upper_memory(self, batch: int = 1) -> KeyValues: ...

    def run_lower(
        self, ids: IntArray, past: KeyValues, cancellation: Cancellation | None = None, mask: IntArray | None = None
    ) -> tuple[FloatArray, FloatArray, KeyValues]: ...

    def run_upper(
        self,
        hidden: FloatArray,
        past: KeyValues,
        positions: IntArray,
        cancellation: Cancellation | None = None,
        mask: IntArray | None = None,
    ) -> tuple[FloatArray, KeyValues]: ...


def shared_prefix(rows: Sequence[IntArray]) -> int:
    """How many leading tokens all rows have in common; 0 without rows."""
    if not rows:
        return 0
    return min(common_prefix(rows[0], row) for row in rows)


def split_rows(lengths: Sequence[int], bytes_per_token: int, limit_mb: float = BATCH_LIMIT_MB) -> Iterator[list[int]]:
    """Indexes of the rows of each batch: rows of similar length together, the longest first.

    `lengths`: tokens of each row, prefix included. `bytes_per_token`: of the keys and values of one token. Within a
    batch every row takes as much memory as the longest. A row that alone exceeds the limit is a batch by itself.
    """
    order = sorted(range(len(lengths)), key=lambda index: -lengths[index])
    while order:
        tokens = limit_mb * 1_000_000 / max(bytes_per_token, 1)
        fitting = int(tokens // max(lengths[order[0]], 1))
        count = min(max(fitting, 1), BATCH_RUN_TOKENS // SHORTEST_STEP)
        batch, order = order[:count], order[count:]
        yield batch


def run_batch(
    model: Model, prefix: CachedRun, rows: Sequence[IntArray], chunk_tokens: int, cancellation: Cancellation
) -> list[FloatArray]:
    """Logits of each row's tokens behind the prefix, float32 [tokens of the row].

    `rows`: int64, the tokens behind the prefix; a row may be empty. `chunk_tokens`: most tokens of a row in one run.

    Raises: Superseded when cancelled; EngineError if the runtime fails.
    """
    logits: list[list[FloatArray]] = [[] for _ in rows]
    left = [index for index, row in enumerate(rows) if len(row)]
    memory = prefix.memory.repeat(len(left))
    done = 0
    while left:
        cancellation.raise_if_cancelled()
        lengths = [len(rows[index]) - done for index in left]
        step = _step(lengths, chunk_tokens)
        ids = np.stack([_padded(rows[index][done : done + step], step) for index in left])
        values, memory = model.run(ids, memory, cancellation)
        for index, length, found in zip(left, lengths, values, strict=True):
            logits[index].append(found[: min(length, step)])
        going_on = [place for place, length in enumerate(lengths) if length > step]
        if len(going_on) < len(left):
            memory = KeyValues(tuple(tensor[going_on] for tensor in memory.tensors))
        left = [left[place] for place in going_on]
        done += step
    joined = [np.concatenate(parts) if parts else np.zeros(0, dtype=np.float32) for parts in logits]
    if not all(np.isfinite(row).all() for row in joined):
        raise not_finite()
    return joined


def not_finite() -> EngineError:
    """The error for a value that no other value should ever meet."""
    return EngineError(
        "the model returned a value that is not a finite number; the bundle does not suit this machine: "
        "check it with its golden scores and export it again"
    )


def _step(lengths: Sequence[int], chunk_tokens: int) -> int:
    """How many tokens of each row to run next: even, and no more than the limits allow."""
    most = max(min(chunk_tokens, BATCH_RUN_TOKENS // len(lengths)), _FACTOR)
    wanted = min(max(min(lengths), SHORTEST_STEP), max(lengths), most)
    even = wanted + wanted % _FACTOR
    return even if even <= most else even - _FACTOR


def _padded(ids: IntArray, length: int) -> IntArray:
    """The last token again and again: any token of the vocabulary will do."""
    return np.pad(ids, (0, length - len(ids)), mode="edge")
