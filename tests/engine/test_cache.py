"""The prefix cache, without a model."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from codeodds.engine.cache import CachedRun, PrefixCache, common_prefix
from codeodds.engine.keyvalues import KeyValues

LAYERS, HEADS, SIZE = 2, 2, 8
BYTES_PER_TOKEN = 8 + 4 + 2 * LAYERS * HEADS * SIZE * 4


def run_of(*ids: int) -> CachedRun:
    """A run whose logit and memory at each token tell its id."""
    tokens = np.asarray(ids, dtype=np.int64)
    tensor = np.broadcast_to(tokens[None, None, :, None], (1, HEADS, len(ids), SIZE)).astype(np.float32)
    memory = KeyValues(tuple(tensor.copy() for _ in range(2 * LAYERS)))
    return CachedRun(tokens, tokens.astype(np.float32), memory, np.zeros((len(tokens), 0), np.float32))


def ids_of(*ids: int) -> np.ndarray:
    return np.asarray(ids, dtype=np.int64)


def test_common_prefix() -> None:
    assert common_prefix(ids_of(1, 2, 3), ids_of(1, 2, 4, 5)) == 2
    assert common_prefix(ids_of(1, 2), ids_of(1, 2, 4, 5)) == 2
    assert common_prefix(ids_of(1), ids_of(2)) == 0
    assert common_prefix(ids_of(), ids_of(2)) == 0


def test_finds_the_run_with_the_longest_common_prefix() -> None:
    cache = PrefixCache(1)
    first, second = run_of(1, 2, 3, 4), run_of(1, 2, 5, 6)
    cache.put(first)
    cache.put(second)
    assert cache.longest_prefix(ids_of(1, 2, 3, 9)) == (first, 3)
    assert cache.longest_prefix(ids_of(1, 2, 5)) == (second, 3)
    assert cache.longest_prefix(ids_of(7, 2, 5)) == (None, 0)


def test_a_tie_goes_to_the_run_used_last() -> None:
    cache = PrefixCache(1)
    first, second = run_of(1, 2, 3), run_of(1, 2, 4)
    cache.put(first)
    cache.put(second)
    assert cache.longest_prefix(ids_of(1, 2, 9)) == (second, 2)
    cache.longest_prefix(ids_of(1, 2, 3))
    assert cache.longest_prefix(ids_of(1, 2, 9)) == (first, 2)


def test_put_replaces_the_run_it_names() -> None:
    cache = PrefixCache(1)
    old, other = run_of(1, 2, 3), run_of(5, 6)
    cache.put(old)
    cache.put(other)
    cache.put(run_of(1, 2, 4), replaces=old)
    assert len(cache) == 2
    assert cache.longest_prefix(ids_of(1, 2, 3))[1] == 2


def test_least_recently_used_run_goes_first() -> None:
    cache = PrefixCache(memory_limit_mb=2 * 3 * BYTES_PER_TOKEN / 1e6)
    cache.put(run_of(1, 1, 1))
    cache.put(run_of(2, 2, 2))
    cache.longest_prefix(ids_of(1, 1, 1))
    cache.put(run_of(3, 3, 3))
    assert cache.longest_prefix(ids_of(1))[1] == 1
    assert cache.longest_prefix(ids_of(2))[1] == 0
    assert cache.longest_prefix(ids_of(3))[1] == 1


def test_a_run_above_the_limit_is_cut_to_what_fits() -> None:
    cache = PrefixCache(memory_limit_mb=(4 * BYTES_PER_TOKEN + 10) / 1e6)
    cache.put(run_of(1, 2, 3, 4, 5, 6))
    assert cache.longest_prefix(ids_of(1, 2, 3, 4, 5, 6))[1] == 4
    assert cache.nbytes == 4 * BYTES_PER_TOKEN


def test_a_limit_of_zero_keeps_nothing() -> None:
    cache = PrefixCache(0)
    cache.put(run_of(1, 2))
    assert len(cache) == 0


def test_clear() -> None:
    cache = PrefixCache(1)
    cache.put(run_of(1, 2))
    cache.clear()
    assert cache.nbytes == 0


@given(
    st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=12), max_size=20),
    st.integers(0, 30 * BYTES_PER_TOKEN),
)
def test_never_holds_more_than_its_limit(sequences: list[list[int]], limit: int) -> None:
    cache = PrefixCache(limit / 1e6)
    for ids in sequences:
        known, shared = cache.longest_prefix(ids_of(*ids))
        assert known is None or common_prefix(known.ids, ids_of(*ids)) == shared
        cache.put(run_of(*ids))
        assert cache.nbytes <= limit


def test_cut_copies_what_it_keeps() -> None:
    whole = run_of(1, 2, 3, 4)
    part = whole.cut(2)
    assert part.ids.tolist() == [1, 2]
    assert part.logits.tolist() == [1.0, 2.0]
    assert part.memory.tokens == 2
    assert part.memory.tensors[3][0, 1, :, 0].tolist() == [1.0, 2.0]
    assert part.nbytes == 2 * BYTES_PER_TOKEN
    assert all(tensor.base is None for tensor in part.memory.tensors)
    assert whole.cut(4) is whole


HIDDEN = np.zeros((1, 0), dtype=np.float32)


def test_extend_appends() -> None:
    longer = run_of(1, 2).extend(ids_of(3), np.asarray([3.0], dtype=np.float32), run_of(1, 2, 3).memory, HIDDEN)
    assert longer.ids.tolist() == [1, 2, 3]
    assert longer.logits.tolist() == [1.0, 2.0, 3.0]
    assert longer.memory.tokens == 3
