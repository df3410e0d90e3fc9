"""Samples next tokens: several rows that go on from one prefix, as one batch. Numpy only.

A row ends at a token that ends a text, at the limit of tokens, or where whoever asked says so; the others go on without
it. Each row has random numbers of its own, so that none depends on how many others there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from codeodds.engine.api import Cancellation, Sampled, Writing
from codeodds.engine.batch import not_finite
from codeodds.engine.keyvalues import KeyValues
from codeodds.types import FloatArray, IntArray


class NextTokens(Protocol):
    """What sampling needs of a runtime; `codeodds.engine.language.Language` has it."""

    def next_tokens(
        self, ids: IntArray, past: KeyValues, cancellation: Cancellation | None = None
    ) -> tuple[FloatArray, KeyValues]: ...


class Vocabulary(Protocol):
    """What sampling needs of a tokenizer; `codeodds.bundle.tokenization.CodeTokenizer` has it."""

    @property
    def ends(self) -> frozenset[int]:
        """Tokens that end a text: none of them is ever part of one."""
        ...

    @property
    def known(self) -> IntArray:
        """Ids that stand for something; a graph may have more."""
        ...

    def continuation(self, before: IntArray, ids: Sequence[int]) -> str:
        """The text that tokens add behind others."""
        ...


@dataclass(slots=True)
class _Row:
    random: np.random.Generator
    ids: list[int] = field(default_factory=list)
    text: str = ""
    finished: bool = False


def write_rows(
    model: NextTokens,
    vocabulary: Vocabulary,
    prefix: tuple[IntArray, KeyValues],
    writing: Writing,
    batches: Sequence[Sequence[int]],
    cancellation: Cancellation,
) -> list[Sampled]:
    """Sample `writing.samples` rows, those of each of `batches` beside each other.

    `prefix`: the prompt's tokens, int64 [n], and the keys and values of those before the last one or two, batch 1.

    Raises: Superseded when cancelled; EngineError if the runtime fails, or gives what is no probability.
    """
    ids, memory = prefix
    rows = [_Row(np.random.default_rng((writing.seed, index))) for index in range(writing.samples)]
    logs, memory = model.next_tokens(ids[None, memory.tokens :], memory, cancellation)
    for batch in batches:
        chosen = [rows[index] for index in batch]
        for _ in _write_batch(model, vocabulary, ids, (logs[0], memory), chosen, writing, cancellation):
            writing.progress([Sampled(row.text, row.finished) for row in rows])
    return [Sampled(row.text, row.finished) for row in rows]


def _write_batch(
    model: NextTokens,
    vocabulary: Vocabulary,
    before: IntArray,
    start: tuple[FloatArray, KeyValues],
    rows: list[_Row],
    writing: Writing,
    cancellation: Cancellation,
) -> Iterator[None]:
    """Yields after each token. `start`: log-probabilities of the first token, float32 [vocabulary], and the memory."""
    logs = np.repeat(start[0][None], len(rows), axis=0)
    memory = start[1].repeat(len(rows))
    while True:
        going_on = []
        for place, row in enumerate(rows):
            token = choose(logs[place], vocabulary.known, writing, row.random)
            if token in vocabulary.ends:
                row.finished = True
                continue
            row.ids.append(token)
            row.text = vocabulary.continuation(before, row.ids)
            if len(row.ids) < writing.max_tokens and not writing.stop(row.text):
                going_on.append(place)
        yield
        if not going_on:
            return
        cancellation.raise_if_cancelled()
        if len(going_on) < len(rows):
            memory = KeyValues(tuple(tensor[going_on] for tensor in memory.tensors))
            rows = [rows[place] for place in going_on]
        newest = np.asarray([[row.ids[-1]] for row in rows], dtype=np.int64)
        logs, memory = model.next_tokens(newest, memory, cancellation)


def choose(logs: FloatArray, known: IntArray, writing: Writing, random: np.random.Generator) -> int:
    """One of the tokens `known`, int64, by log-probabilities float32 [vocabulary].

    Tokens below `min_p` times the probability of the most probable one are out (min-p sampling, Nguyen et al., 2024,
    arXiv 2407.01082), measured before the temperature, so that heat makes no implausible token possible.

    Raises: EngineError if they are no log-probabilities.
    """
    found: npt.NDArray[np.float64] = logs[known].astype(np.float64)
    most = found.max()
    if not np.isfinite(most):
        raise not_finite()
    if writing.temperature == 0:
        return int(known[found.argmax()])
    least = most + np.log(writing.min_p) if writing.min_p > 0 else -np.inf
    kept = np.flatnonzero(found >= least)
    weights = np.cumsum(np.exp((found[kept] - most) / writing.temperature))
    place = np.searchsorted(weights, random.random() * weights[-1], side="right")
    return int(known[kept[min(int(place), len(kept) - 1)]])
