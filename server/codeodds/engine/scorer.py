"""Scores units with a bundle: text to tokens, only the new tokens through the model, logits to probabilities.

The scores of a unit are the same whatever was scored before it and however its tokens were cut into chunks.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from codeodds.bundle.calibration import calibrate
from codeodds.bundle.loader import Bundle, default_bundle_path, load_bundle
from codeodds.bundle.manifest import Calibration, Manifest
from codeodds.bundle.tokenization import EncodedUnit
from codeodds.engine.api import (
    MEMORY_LIMIT_MB,
    Cancellation,
    MeasuredOdds,
    MeasuredThreshold,
    Sampled,
    Scorer,
    ScorerInfo,
    Writing,
)
from codeodds.engine.batch import BATCH_LIMIT_MB, Runtime, not_finite, run_batch, shared_prefix, split_rows
from codeodds.engine.cache import CachedRun, PrefixCache
from codeodds.engine.keyvalues import bytes_per_token
from codeodds.engine.memory import give_back, keep_large_blocks_apart
from codeodds.engine.values import parts_of
from codeodds.errors import BundleUnsupported, SettingError, UnitError
from codeodds.types import FloatArray, IntArray, Score, ScoringUnit

if TYPE_CHECKING:
    from codeodds.engine.language import Language

CHUNK_TOKENS = 64
"""Tokens per run. Bounds the memory of activations, and what a cancelled request throws away. Any size from 16
to 400 was measured to take the same time per token."""

MIN_RUN_TOKENS = 2
"""A run never has fewer tokens than this, and always an even number. onnxruntime multiplies two rows at a time, and a
row that is left over with another kernel, whose rounding differs: under 8-bit activations (MatMulNBits, accuracy level
4) that moved logits by up to 0.2, while even runs agree bit for bit. So the last cached token runs again with a single
new one, and an odd run gets one more token at its end, whose results are dropped: no token reads what follows it."""

UNMEASURED_LOW_PROBABILITY = 0.5
"""Used for a bundle without thresholds; its precision is unknown and reported as None."""


LONG_RUN_TOKENS = 512
"""After so many new tokens the process gives the memory of the run back: 5 to 25 ms beside half a second and more."""


class OnnxScorer:
    """The scorer of a bundle. Not safe for concurrent calls; see `codeodds.engine.api.Scorer`."""

    def __init__(
        self,
        bundle: Bundle,
        model: Runtime,
        *,
        memory_limit_mb: float = MEMORY_LIMIT_MB,
        chunk_tokens: int = CHUNK_TOKENS,
    ) -> None:
        """`memory_limit_mb` bounds the prefix cache, in units of 1,000,000 bytes; `chunk_tokens` is at least 2."""
        self._bundle = bundle
        self._model = model
        self._chunk_tokens = chunk_tokens
        self._cache = PrefixCache(memory_limit_mb)
        self._info = scorer_info(bundle.manifest)
        upper = bundle.manifest.graph.upper
        self._width = 0 if upper is None else upper.width

    @property
    def info(self) -> ScorerInfo:
        return self._info

    def score(self, unit: ScoringUnit, cancellation: Cancellation | None = None) -> Score:
        """Score one unit; tokens that the cache knows do not run again.

        Raises: UnitEmpty, UnitTooLong, UnitNotText; Superseded when cancelled (the chunks that had run stay in the
        cache); EngineError if the runtime fails.
        """
        cancellation = cancellation or Cancellation()
        cancellation.raise_if_cancelled()
        encoded = self._bundle.tokenizer.encode(unit)
        run, cached = self._run(encoded.ids, encoded.solution_start, cancellation)
        return self._score(unit, encoded, run.logits[: len(encoded.ids)], cached)

    def score_batch(
        self, units: Sequence[ScoringUnit], cancellation: Cancellation | None = None
    ) -> list[Score | UnitError]:
        """Score several units; the tokens with which all of them start run once, or come from the cache.

        Raises: Superseded when cancelled (the shared tokens that had run stay in the cache); EngineError if the runtime
        fails.
        """
        cancellation = cancellation or Cancellation()
        cancellation.raise_if_cancelled()
        outcomes: list[Score | UnitError | None] = [None] * len(units)
        rows: list[tuple[int, EncodedUnit]] = []
        for index, unit in enumerate(units):
            try:
                rows.append((index, self._bundle.tokenizer.encode(unit)))
            except UnitError as error:
                outcomes[index] = error
        shared = shared_prefix([encoded.ids for _, encoded in rows])
        prefix, cached = self._nothing(), 0
        if shared:
            prefix, cached = self._run(rows[0][1].ids[:shared], shared, cancellation)
            prefix = prefix.cut(shared)
        lengths = [len(encoded.ids) for _, encoded in rows]
        for batch in split_rows(lengths, self._bytes_per_token(), BATCH_LIMIT_MB):
            tails = [rows[place][1].ids[shared:] for place in batch]
            found = run_batch(self._model, prefix, tails, self._chunk_tokens, cancellation)
            for place, logits in zip(batch, found, strict=True):
                index, encoded = rows[place]
                known = cached if place == 0 else shared
                outcomes[index] = self._score(units[index], encoded, np.concatenate([prefix.logits, logits]), known)
        return [outcome for outcome in outcomes if outcome is not None]

    def write(self, writing: Writing, cancellation: Cancellation | None = None) -> list[Sampled]:
        """Sample ways to go on after a prompt, whose tokens run once, or come from the cache.

        Raises: BundleUnsupported for a bundle without a language model; UnitTooLong, UnitNotText, UnitEmpty for the
        prompt; Superseded when cancelled; EngineError if the runtime fails.
        """
        # Scoring needs none of this.
        from codeodds.engine.sampling import write_rows

        cancellation = cancellation or Cancellation()
        cancellation.raise_if_cancelled()
        language = self.language
        ids = self._bundle.tokenizer.encode_prompt(writing.prompt)
        room = self._info.max_tokens - len(ids)
        writing = replace(writing, max_tokens=min(writing.max_tokens, room))
        tokens = [len(ids) + writing.max_tokens] * writing.samples
        batches = split_rows(tokens, language.bytes_per_token, BATCH_LIMIT_MB)
        prefix = ids, language.prompt(ids, cancellation)
        return write_rows(language, self._bundle.tokenizer, prefix, writing, list(batches), cancellation)

    @cached_property
    def language(self) -> Language:
        """What says how likely tokens are.

        Raises: BundleUnsupported for a bundle without a language model.
        """
        # Scoring needs none of this.
        from codeodds.engine.language import Language

        if self._bundle.manifest.graph.upper is None:
            raise BundleUnsupported(
                f"{self._bundle.root}: this bundle scores code and cannot write it: it holds no language model; export "
                "one with export.language_model, or ask an endpoint instead"
            )
        return Language(self._bundle.manifest.graph, self._model, self._bundle.tokenizer, self._prefix)

    def _prefix(self, ids: IntArray, problem_tokens: int, cancellation: Cancellation) -> CachedRun:
        """What the lower graph says of tokens, exactly those."""
        return self._run(ids, problem_tokens, cancellation)[0].cut(len(ids))

    def clear_cache(self) -> None:
        """Forget every prefix, so that the next score runs in full."""
        self._cache.clear()

    def _score(self, unit: ScoringUnit, encoded: EncodedUnit, logits: FloatArray, cached: int) -> Score:
        """`logits`: of all tokens; `cached`: how many of them did not run."""
        raw = logits[encoded.solution_start :].copy()
        parts = parts_of(unit, raw, encoded.offsets)
        return replace(
            self._read(raw, encoded.offsets),
            cached_tokens=cached,
            computed_tokens=len(encoded.ids) - cached,
            parts=tuple(None if part is None else self._read(part.raw, part.offsets) for part in parts),
        )

    def _read(self, raw: FloatArray, offsets: IntArray) -> Score:
        """What the logits of a solution's tokens say."""
        return Score(values=calibrate(self._bundle.manifest.calibration, raw), raw=raw, offsets=offsets)

    def _run(self, ids: IntArray, problem_tokens: int, cancellation: Cancellation) -> tuple[CachedRun, int]:
        """The run of a token sequence, and how many of its tokens the cache knew. The run may hold more tokens, where
        the cache knows them. `problem_tokens`: how many of the tokens state the task.
        """
        known, shared = self._cache.longest_prefix(ids)
        if known is not None and shared == len(ids):
            return known, shared
        kept = min(shared, max(len(ids) - MIN_RUN_TOKENS, 0))
        run = self._nothing() if known is None else known.cut(kept)
        try:
            while len(run.ids) < len(ids):
                run = self._extend(run, self._next_chunk(ids[len(run.ids) :]), cancellation)
        finally:
            if len(run.ids) > shared and len(run.ids) >= MIN_RUN_TOKENS:
                self._cache.put(run, replaces=known if _supersedes(known, shared, problem_tokens) else None)
            if len(run.ids) - kept >= LONG_RUN_TOKENS:
                give_back()
        return run, kept

    def _bytes_per_token(self) -> int:
        """Of the keys and values of one token."""
        return bytes_per_token(self._bundle.manifest.graph, self._bundle.manifest.graph.layers)

    def _next_chunk(self, ids: IntArray) -> IntArray:
        """What to run of the tokens left. The last chunk may be one longer than the others, so that none has one."""
        return ids if len(ids) <= self._chunk_tokens + 1 else ids[: self._chunk_tokens]

    def _nothing(self) -> CachedRun:
        nothing = np.zeros(0, dtype=np.float32)
        hidden = np.zeros((0, self._width), dtype=np.float32)
        return CachedRun(np.zeros(0, dtype=np.int64), nothing, self._model.empty_memory(), hidden)

    def _extend(self, run: CachedRun, ids: IntArray, cancellation: Cancellation) -> CachedRun:
        cancellation.raise_if_cancelled()
        even = ids if len(ids) % 2 == 0 else np.append(ids, ids[-1])
        hidden = np.zeros((1, len(even), 0), dtype=np.float32)
        if self._width:
            values, hidden, memory = self._model.run_lower(even[None], run.memory, cancellation)
        else:
            values, memory = self._model.run(even[None], run.memory, cancellation)
        values = values[:, : len(ids)]
        if not np.isfinite(values).all():
            # Kept in the cache, it would spoil every later score that shares the prefix.
            raise not_finite()
        return run.extend(ids, values[0], memory.cut(len(run.ids) + len(ids)), hidden[0, : len(ids)])


def open_scorer(path: Path | None = None, *, threads: int = 2, memory_limit_mb: float = MEMORY_LIMIT_MB) -> Scorer:
    """Load a bundle and start the runtime. Slow (up to seconds): call it off an event loop.

    `path`: the bundle's folder; None means the default bundle. `threads`: at least 1; no more are used than the process
    has cores. `memory_limit_mb`: limit of the prefix cache, 0 or more.

    Raises: BundleMissing, BundleCorrupt, BundleUnsupported; EngineError if the memory is too short; SettingError for a
    number out of range.
    """
    if threads < 1:
        raise SettingError(f"threads = {threads} is below 1; use 1 or more, at most the machine's cores")
    if memory_limit_mb < 0:
        raise SettingError(f"memory_limit_mb = {memory_limit_mb} is negative; use 0 (no cache) or more")
    bundle = load_bundle(default_bundle_path() if path is None else path)
    from codeodds.engine.onnx import OnnxModel

    keep_large_blocks_apart()
    model = OnnxModel(bundle.graph_path, bundle.manifest.graph, min(threads, _cores()))
    return OnnxScorer(bundle, model, memory_limit_mb=memory_limit_mb)


def scorer_info(manifest: Manifest) -> ScorerInfo:
    """What front ends need of the manifest. The first threshold is the default one."""
    threshold = manifest.thresholds[0] if manifest.thresholds else None
    return ScorerInfo(
        name=manifest.name,
        version=manifest.version,
        max_tokens=manifest.max_tokens,
        min_solution_tokens=manifest.display.min_solution_tokens,
        low_probability=UNMEASURED_LOW_PROBABILITY if threshold is None else threshold.probability,
        low_precision=None if threshold is None else threshold.precision,
        min_prefix_fraction=manifest.display.min_prefix_fraction,
        calibration=_calibration_name(manifest.calibration),
        odds=None
        if manifest.odds is None
        else MeasuredOdds(manifest.odds.log_odds, manifest.odds.right_flagged, manifest.odds.slips_found),
        thresholds=tuple(MeasuredThreshold(row.probability, row.precision, row.recall) for row in manifest.thresholds),
    )


def _calibration_name(calibration: Calibration) -> str:
    """For example ``platt-1f0c2a9b``: other parameters have another name."""
    digest = hashlib.sha256(msgspec.json.encode(calibration)).hexdigest()
    return f"{calibration.method}-{digest[:8]}"


def _supersedes(known: CachedRun | None, shared: int, problem_tokens: int) -> bool:
    """Whether a new run makes the one it grew from useless.

    It does if it contains it, or if both have the problem in common: then it is the same function after a keystroke,
    and keeping every keystroke would push other functions out of the cache.
    """
    return known is not None and shared >= min(len(known.ids), max(problem_tokens, 1))


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
