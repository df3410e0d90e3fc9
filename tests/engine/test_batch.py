"""Batches on a tiny bundle with a real graph: a score in a batch is the score by itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codeodds.bundle.loader import load_bundle
from codeodds.engine.api import Cancellation
from codeodds.engine.batch import BATCH_RUN_TOKENS, shared_prefix, split_rows
from codeodds.engine.keyvalues import KeyValues
from codeodds.engine.onnx import OnnxModel
from codeodds.engine.scorer import OnnxScorer
from codeodds.errors import EngineError, Superseded, UnitEmpty, UnitError, UnitNotText, UnitTooLong
from codeodds.types import FloatArray, IntArray, Score, ScoringUnit
from tests.engine.tiny import MAX_TOKENS

PROBLEM = 'import math\n\n\ndef mean(values):\n    """Return the arithmetic mean."""\n'
BODIES = (
    "    return sum(values) / len(values)\n",
    "    total = 0\n    for value in values:\n        total += value\n    return total / len(values)\n",
    "    return math.fsum(values) / len(values)\n",
    "    return 0\n",
)
TOLERANCE = 1e-5


class RecordingModel:
    """Notes the shape of each run."""

    def __init__(
        self, model: OnnxModel, cancel_at: int | None = None, cancellation: Cancellation | None = None
    ) -> None:
        self._model, self._cancel_at, self._cancellation = model, cancel_at, cancellation
        self.shapes: list[tuple[int, int]] = []

    def empty_memory(self, batch: int = 1) -> KeyValues:
        return self._model.empty_memory(batch)

    def run(
        self, ids: IntArray, past: KeyValues, cancellation: Cancellation | None = None
    ) -> tuple[FloatArray, KeyValues]:
        if len(self.shapes) == self._cancel_at and self._cancellation is not None:
            self._cancellation.cancel()
        self.shapes.append((ids.shape[0], ids.shape[1]))
        return self._model.run(ids, past, cancellation)


def open_tiny(
    path: Path, memory_limit_mb: float = 64, chunk_tokens: int = 64, model: RecordingModel | None = None
) -> OnnxScorer:
    bundle = load_bundle(path)
    real = model or OnnxModel(bundle.graph_path, bundle.manifest.graph, threads=1)
    return OnnxScorer(bundle, real, memory_limit_mb=memory_limit_mb, chunk_tokens=chunk_tokens)


def recording(path: Path, cancel_at: int | None = None, cancellation: Cancellation | None = None) -> RecordingModel:
    bundle = load_bundle(path)
    return RecordingModel(OnnxModel(bundle.graph_path, bundle.manifest.graph, threads=1), cancel_at, cancellation)


def assert_same(found: Score | UnitError, wanted: Score) -> None:
    assert isinstance(found, Score)
    np.testing.assert_allclose(found.raw, wanted.raw, rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(found.values, wanted.values, rtol=0, atol=TOLERANCE)
    np.testing.assert_array_equal(found.offsets, wanted.offsets)


@pytest.fixture(scope="module")
def alone(tiny_bundle_of_precision: Path) -> OnnxScorer:
    """Never caches, one chunk, one unit at a time: the slow reference."""
    return open_tiny(tiny_bundle_of_precision, memory_limit_mb=0, chunk_tokens=10_000)


@pytest.fixture(scope="module")
def model_of_precision(tiny_bundle_of_precision: Path) -> RecordingModel:
    return recording(tiny_bundle_of_precision)


@settings(max_examples=25)
@given(
    problem=st.sampled_from(["", "x", PROBLEM]),
    bodies=st.lists(st.text("ab(x) =\n+é", min_size=1, max_size=120), min_size=1, max_size=6),
    chunk_tokens=st.integers(2, 80),
    warm=st.booleans(),
)
def test_a_score_in_a_batch_is_the_score_alone(
    alone: OnnxScorer,
    model_of_precision: RecordingModel,
    tiny_bundle_of_precision: Path,
    problem: str,
    bodies: list[str],
    chunk_tokens: int,
    warm: bool,
) -> None:
    scorer = OnnxScorer(load_bundle(tiny_bundle_of_precision), model_of_precision, chunk_tokens=chunk_tokens)
    units = [ScoringUnit(problem, body) for body in bodies]
    if warm:
        scorer.score(ScoringUnit(problem, BODIES[1]))
    for unit, found in zip(units, scorer.score_batch(units), strict=True):
        assert_same(found, alone.score(unit))


def test_the_shared_prefix_runs_once_and_the_rest_as_one_batch(tiny_bundle: Path) -> None:
    model = recording(tiny_bundle)
    scorer = open_tiny(tiny_bundle, model=model)
    units = [ScoringUnit(PROBLEM, body) for body in BODIES]
    scores = scorer.score_batch(units)
    assert model.shapes[0][0] == 1
    assert max(rows for rows, _ in model.shapes) == 4
    assert all(length % 2 == 0 for _, length in model.shapes)
    assert isinstance(scores[0], Score)
    assert isinstance(scores[1], Score)
    assert scores[0].cached_tokens == 0
    assert scores[1].cached_tokens > 0
    singles = [shape for shape in model.shapes if shape[0] == 1]
    model.shapes.clear()
    again = scorer.score_batch(units)
    assert len([shape for shape in model.shapes if shape[0] == 1]) < len(singles), "the prefix came from the cache"
    for one, other in zip(again, scores, strict=True):
        assert isinstance(other, Score)
        assert_same(one, other)


def test_a_batch_leaves_the_prefix_for_later_scores(tiny_bundle: Path) -> None:
    scorer = open_tiny(tiny_bundle)
    scorer.score_batch([ScoringUnit(PROBLEM, body) for body in BODIES])
    score = scorer.score(ScoringUnit(PROBLEM, "    return 1\n"))
    assert score.cached_tokens > 0
    assert_same(score, open_tiny(tiny_bundle, memory_limit_mb=0).score(ScoringUnit(PROBLEM, "    return 1\n")))


def test_units_that_can_not_be_judged_are_said_in_their_place(tiny_bundle: Path) -> None:
    scorer = open_tiny(tiny_bundle)
    units = [
        ScoringUnit(PROBLEM, BODIES[0]),
        ScoringUnit(PROBLEM, ""),
        ScoringUnit(PROBLEM, "x = 1\n" * MAX_TOKENS),
        ScoringUnit(PROBLEM, "'\ud800'\n"),
        ScoringUnit(PROBLEM, BODIES[1]),
    ]
    outcomes = scorer.score_batch(units)
    kinds = [type(outcome) for outcome in outcomes]
    assert kinds == [Score, UnitEmpty, UnitTooLong, UnitNotText, Score]
    assert_same(outcomes[4], open_tiny(tiny_bundle, memory_limit_mb=0).score(units[4]))
    assert scorer.score_batch([]) == []
    assert [type(outcome) for outcome in scorer.score_batch(units[1:3])] == [UnitEmpty, UnitTooLong]


def test_equal_units_and_units_within_each_other(tiny_bundle: Path) -> None:
    units = [ScoringUnit(PROBLEM, BODIES[1][:40]), ScoringUnit(PROBLEM, BODIES[1]), ScoringUnit(PROBLEM, BODIES[1])]
    reference = open_tiny(tiny_bundle, memory_limit_mb=0)
    for unit, found in zip(units, open_tiny(tiny_bundle).score_batch(units), strict=True):
        assert_same(found, reference.score(unit))
    for unit, found in zip(units[1:], open_tiny(tiny_bundle).score_batch(units[1:]), strict=True):
        assert_same(found, reference.score(unit))


def test_a_cancelled_batch_keeps_the_prefix(tiny_bundle: Path) -> None:
    cancellation = Cancellation()
    model = recording(tiny_bundle, cancel_at=3, cancellation=cancellation)
    scorer = open_tiny(tiny_bundle, model=model, chunk_tokens=40)
    units = [ScoringUnit(PROBLEM, body * 3) for body in BODIES]
    with pytest.raises(Superseded):
        scorer.score_batch(units, cancellation)
    score = scorer.score(units[0])
    assert score.cached_tokens > 0
    assert_same(score, open_tiny(tiny_bundle, memory_limit_mb=0).score(units[0]))
    with pytest.raises(Superseded):
        scorer.score_batch(units, cancellation)


class BrokenModel:
    def empty_memory(self, batch: int = 1) -> KeyValues:
        return KeyValues.empty(1, 1, 1, "float32", batch)

    def run(
        self, ids: IntArray, past: KeyValues, cancellation: Cancellation | None = None
    ) -> tuple[FloatArray, KeyValues]:
        return np.full(ids.shape, np.nan, dtype=np.float32), past


def test_values_that_are_no_numbers_are_an_error(tiny_bundle: Path) -> None:
    scorer = OnnxScorer(load_bundle(tiny_bundle), BrokenModel())
    with pytest.raises(EngineError, match="not a finite number"):
        scorer.score_batch([ScoringUnit("", "a = 1\n"), ScoringUnit("", "b = 2\n")])


@given(
    lengths=st.lists(st.integers(1, 5_000), max_size=200),
    bytes_per_token=st.integers(1, 100_000),
    limit_mb=st.floats(0.1, 200),
)
def test_batches_hold_each_row_once_and_stay_within_the_limit(
    lengths: list[int], bytes_per_token: int, limit_mb: float
) -> None:
    batches = list(split_rows(lengths, bytes_per_token, limit_mb))
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
    for batch in batches:
        longest = max(lengths[index] for index in batch)
        assert len(batch) == 1 or len(batch) * longest * bytes_per_token <= limit_mb * 1_000_000
        assert len(batch) <= BATCH_RUN_TOKENS


def test_a_small_limit_of_memory_changes_no_score(tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    units = [ScoringUnit(PROBLEM, body) for body in BODIES]
    wanted = open_tiny(tiny_bundle).score_batch(units)
    monkeypatch.setattr("codeodds.engine.scorer.BATCH_LIMIT_MB", 0.03)
    model = recording(tiny_bundle)
    found = open_tiny(tiny_bundle, model=model).score_batch(units)
    assert max(rows for rows, _ in model.shapes) < 4
    for one, other in zip(found, wanted, strict=True):
        assert isinstance(other, Score)
        assert_same(one, other)


@given(rows=st.lists(st.lists(st.integers(0, 2), max_size=6), max_size=5))
def test_shared_prefix_is_the_longest_that_all_rows_have(rows: list[list[int]]) -> None:
    arrays = [np.asarray(row, dtype=np.int64) for row in rows]
    shared = shared_prefix(arrays)
    if not rows:
        assert shared == 0
        return
    assert all(row[:shared] == rows[0][:shared] for row in rows)
    longer = [row[: shared + 1] for row in rows]
    assert any(len(row) <= shared for row in longer) or any(row != longer[0] for row in longer)
