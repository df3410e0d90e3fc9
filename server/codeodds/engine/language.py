"""How likely tokens are, by a bundle's language model: of a text as it stands, and of texts that differ from it in one
place. Numpy only.

The lower graph's results come from the scorer's prefix cache, so that a text that was scored runs through the upper
graph alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from codeodds.bundle.manifest import Graph
from codeodds.bundle.tokenization import CodeTokenizer
from codeodds.engine.api import Cancellation, Reading
from codeodds.engine.batch import Runtime, not_finite
from codeodds.engine.cache import CachedRun, common_prefix
from codeodds.engine.keyvalues import KeyValues, bytes_per_token
from codeodds.types import FloatArray, IntArray

RUN_TOKENS = 64
"""Tokens of one text in one run, and with them rows of the vocabulary in memory: 13 MB at 50,000 tokens."""
BATCH_TOKENS = 128
"""Tokens of one run of several texts, all together."""
LIKELIEST = 3
"""So many of the likeliest tokens of each place are kept."""

_NOWHERE = np.zeros(0, dtype=np.int64)

Prefix = Callable[[IntArray, int, Cancellation], CachedRun]


class Language:
    """The language model of one bundle. Not safe for concurrent calls."""

    def __init__(self, graph: Graph, model: Runtime, tokenizer: CodeTokenizer, prefix: Prefix) -> None:
        """`prefix`: gives what the lower graph says of tokens, of which so many state the task."""
        assert graph.upper is not None
        self.tokenizer = tokenizer
        self.bytes_per_token = bytes_per_token(graph, graph.layers + graph.upper.layers)
        self._lower_layers = graph.layers
        self._model = model
        self._prefix = prefix
        self._problem = np.zeros(0, dtype=np.int64), model.empty_upper_memory()

    def read(self, ids: IntArray, start: int, asked: Sequence[tuple[int, int]], cancellation: Cancellation) -> Reading:
        """Read a text once.

        `ids`: int64 [n]. `start`: the first token that is asked about, at least 1. `asked`: other tokens, each with the
        place in whose stead it would stand (`start` or later).

        Raises: Superseded when cancelled; EngineError if the runtime fails.
        """
        run = self._prefix(ids, start, cancellation)
        own, asked_logs = np.zeros(len(ids), dtype=np.float32), np.zeros(len(asked), dtype=np.float32)
        likeliest = np.zeros((len(ids), LIKELIEST), dtype=np.int64)
        likeliest_logs = np.zeros((len(ids), LIKELIEST), dtype=np.float32)
        places = np.asarray([place for place, _ in asked], dtype=np.int64)
        tokens = np.asarray([token for _, token in asked], dtype=np.int64)
        # The token before the first one that is asked about answers for it.
        memory = self._problem_memory(run, max(start - 1, 0), cancellation)
        done = memory.tokens
        while done < len(ids):
            cancellation.raise_if_cancelled()
            end = min(done + RUN_TOKENS, len(ids))
            answers = np.arange(min(end, len(ids) - 1) - done, dtype=np.int64)
            logs, memory = self._model.run_upper(run.hidden[None, done:end], memory, answers, cancellation)
            _reject_not_finite(logs)
            rows, behind = logs[0], np.arange(done + 1, done + 1 + len(answers))
            own[behind] = rows[answers, ids[behind]]
            likeliest[behind], likeliest_logs[behind] = _likeliest(rows)
            here = (places > done) & (places <= done + len(answers))
            asked_logs[here] = rows[places[here] - done - 1, tokens[here]]
            done = end
        return Reading(ids, own, likeliest, likeliest_logs, asked_logs, run.memory, memory)

    def read_rows(
        self, reading: Reading, rows: Sequence[tuple[int, IntArray]], cancellation: Cancellation
    ) -> list[tuple[FloatArray, IntArray]]:
        """Read texts that start as one that was read.

        `rows`: for each, how many tokens it has in common with that text, and those that follow, int64 [m], at least
        one. Returns for each: the log-probabilities of its tokens behind the first, float32 [m - 1], and the likeliest
        token behind each, int64 [m].

        Raises: Superseded when cancelled; EngineError if the runtime fails.
        """
        found: list[tuple[FloatArray, IntArray]] = [(np.zeros(0, np.float32), np.zeros(0, np.int64))] * len(rows)
        order = sorted(range(len(rows)), key=lambda index: -len(rows[index][1]))
        while order:
            cancellation.raise_if_cancelled()
            longest = len(rows[order[0]][1])
            count = max(1, BATCH_TOKENS // longest)
            batch, order = order[:count], order[count:]
            for index, result in zip(
                batch, self._read_batch(reading, [rows[i] for i in batch], cancellation), strict=True
            ):
                found[index] = result
        return found

    def _read_batch(
        self, reading: Reading, rows: Sequence[tuple[int, IntArray]], cancellation: Cancellation
    ) -> list[tuple[FloatArray, IntArray]]:
        starts = np.asarray([start for start, _ in rows], dtype=np.int64)
        most, longest = int(starts.max()), max(len(ids) for _, ids in rows)
        # Rows share the memory of the longest start; what a shorter one has not in common is masked.
        mask = (np.arange(most) < starts[:, None]).astype(np.int64)
        lower, upper = (reading.lower.cut(most).repeat(len(rows)), reading.upper.cut(most).repeat(len(rows)))
        even = longest + longest % 2
        padded = np.stack([np.pad(ids, (0, even - len(ids)), mode="edge") for _, ids in rows])
        step = max(2, BATCH_TOKENS // len(rows) // 2 * 2)
        own, best = [], []
        for done in range(0, even, step):
            cancellation.raise_if_cancelled()
            ids = padded[:, done : done + step]
            _, hidden, lower = self._model.run_lower(ids, lower, cancellation, mask)
            places = np.arange(ids.shape[1], dtype=np.int64)
            logs, upper = self._model.run_upper(hidden, upper, places, cancellation, mask)
            _reject_not_finite(logs)
            mask = np.pad(mask, ((0, 0), (0, ids.shape[1])), constant_values=1)
            following = padded[:, done + 1 : done + 1 + ids.shape[1]]
            own.append(np.take_along_axis(logs[:, : following.shape[1]], following[..., None], axis=-1)[..., 0])
            best.append(logs.argmax(axis=-1))
        whole, likeliest = np.concatenate(own, axis=1), np.concatenate(best, axis=1)
        return [(whole[row, : len(ids) - 1], likeliest[row, : len(ids)]) for row, (_, ids) in enumerate(rows)]

    def prompt(self, ids: IntArray, cancellation: Cancellation) -> KeyValues:
        """What both graphs remember of a text but for its last tokens, as `next_tokens` takes it; batch 1.

        Raises: Superseded when cancelled; EngineError if the runtime fails.
        """
        kept = max(len(ids) - 2, 0)
        run = self._prefix(ids, len(ids), cancellation)
        memory = self._model.empty_upper_memory()
        for done in range(0, kept, RUN_TOKENS):
            cancellation.raise_if_cancelled()
            hidden = run.hidden[None, done : min(done + RUN_TOKENS, kept)]
            _, memory = self._model.run_upper(hidden, memory, _NOWHERE, cancellation)
        return KeyValues(run.memory.cut(kept).tensors + memory.tensors)

    def next_tokens(
        self, ids: IntArray, past: KeyValues, cancellation: Cancellation | None = None
    ) -> tuple[FloatArray, KeyValues]:
        """Run tokens, int64 [batch, sequence], after those that `past` remembers, in both graphs. Returns: the
        log-probabilities of the token behind the last, float32 [batch, vocabulary], and the memory of all.

        Raises: Superseded when cancelled; EngineError if the runtime fails.
        """
        border = 2 * self._lower_layers
        _, hidden, lower = self._model.run_lower(ids, KeyValues(past.tensors[:border]), cancellation)
        last = np.asarray([ids.shape[1] - 1], dtype=np.int64)
        logs, upper = self._model.run_upper(hidden, KeyValues(past.tensors[border:]), last, cancellation)
        return logs[:, 0], KeyValues(lower.tensors + upper.tensors)

    def _problem_memory(self, run: CachedRun, kept: int, cancellation: Cancellation) -> KeyValues:
        """What the upper graph remembers of the first `kept` tokens; kept for the next text with the same ones."""
        known, memory = self._problem
        shared = min(common_prefix(known, run.ids), kept)
        memory = memory.cut(shared)
        for done in range(shared, kept, RUN_TOKENS):
            cancellation.raise_if_cancelled()
            hidden = run.hidden[None, done : min(done + RUN_TOKENS, kept)]
            _, memory = self._model.run_upper(hidden, memory, _NOWHERE, cancellation)
        self._problem = run.ids[:kept].copy(), memory
        return memory


def _likeliest(logs: FloatArray) -> tuple[IntArray, FloatArray]:
    """`logs`: [places, vocabulary]. Returns the likeliest tokens, [places, LIKELIEST], and their log-probabilities."""
    found = np.argpartition(logs, -LIKELIEST, axis=-1)[:, -LIKELIEST:]
    values = np.take_along_axis(logs, found, axis=-1)
    order = np.argsort(-values, axis=-1)
    return np.take_along_axis(found, order, axis=-1), np.take_along_axis(values, order, axis=-1)


def _reject_not_finite(logs: FloatArray) -> None:
    if np.isnan(logs).any():
        raise not_finite()
