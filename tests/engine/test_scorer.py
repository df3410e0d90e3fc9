"""The scorer on a tiny bundle with a real graph: the cache must never change a score."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codeodds.bundle.calibration import calibrate
from codeodds.bundle.golden import check_golden, record_golden, write_golden
from codeodds.bundle.loader import load_bundle
from codeodds.bundle.manifest import Threshold
from codeodds.engine.api import Cancellation
from codeodds.engine.keyvalues import KeyValues
from codeodds.engine.onnx import OnnxModel
from codeodds.engine.scorer import OnnxScorer, open_scorer, scorer_info
from codeodds.errors import EngineError, SettingError, Superseded, UnitEmpty, UnitNotText, UnitTooLong
from codeodds.types import FloatArray, IntArray, ScoringUnit
from tests.engine.tiny import CALIBRATION, MAX_TOKENS, Precision, manifest

PROBLEM = 'import math\n\n\ndef mean(values):\n    """Return the arithmetic mean."""\n'
SOLUTION = "    total = 0\n    for value in values:\n        total += value\n    return total / len(values)\n"
UNIT = ScoringUnit(PROBLEM, SOLUTION)


def open_tiny(path: Path, chunk_tokens: int = 256, memory_limit_mb: float = 64) -> OnnxScorer:
    bundle = load_bundle(path)
    model = OnnxModel(bundle.graph_path, bundle.manifest.graph, threads=1)
    return OnnxScorer(bundle, model, memory_limit_mb=memory_limit_mb, chunk_tokens=chunk_tokens)


@pytest.fixture(scope="module")
def exact(tiny_bundle_of_precision: Path) -> OnnxScorer:
    """Never caches, one chunk: the slow reference."""
    return open_tiny(tiny_bundle_of_precision, chunk_tokens=10_000, memory_limit_mb=0)


@pytest.fixture(scope="module")
def model_of_precision(tiny_bundle_of_precision: Path) -> OnnxModel:
    bundle = load_bundle(tiny_bundle_of_precision)
    return OnnxModel(bundle.graph_path, bundle.manifest.graph, threads=1)


EDITS = st.lists(
    st.tuples(
        st.booleans(),  # In the problem or in the solution.
        st.integers(0, 200),  # Where.
        st.integers(0, 30),  # How many characters to delete.
        st.text("ab(x) =\n+é", max_size=20),  # What to insert.
    ),
    min_size=1,
    max_size=8,
)


def edit(unit: ScoringUnit, script: tuple[bool, int, int, str]) -> ScoringUnit:
    in_problem, where, deleted, inserted = script
    text = unit.problem if in_problem else unit.solution
    where = where % (len(text) + 1)
    text = text[:where] + inserted + text[where + deleted :]
    return ScoringUnit(text, unit.solution) if in_problem else ScoringUnit(unit.problem, text or "x")


@settings(max_examples=30)
@given(scripts=EDITS, chunk_tokens=st.integers(2, 80))
def test_incremental_score_equals_a_fresh_one(
    exact: OnnxScorer,
    model_of_precision: OnnxModel,
    tiny_bundle_of_precision: Path,
    tiny_precision: Precision,
    scripts: list[tuple[bool, int, int, str]],
    chunk_tokens: int,
) -> None:
    scorer = OnnxScorer(load_bundle(tiny_bundle_of_precision), model_of_precision, chunk_tokens=chunk_tokens)
    unit = UNIT
    scorer.score(unit)
    for script in scripts:
        unit = edit(unit, script)
        found, wanted = scorer.score(unit), exact.score(unit)
        np.testing.assert_allclose(found.raw, wanted.raw, rtol=0, atol=tiny_precision.tolerance)
        np.testing.assert_allclose(found.values, wanted.values, rtol=0, atol=tiny_precision.tolerance)
        np.testing.assert_array_equal(found.offsets, wanted.offsets)
        assert wanted.cached_tokens == 0
        assert found.cached_tokens + found.computed_tokens == wanted.computed_tokens


def test_the_model_tells_units_apart(exact: OnnxScorer) -> None:
    """Otherwise the equality above would hold for any cache."""
    raw = exact.score(UNIT).raw
    assert float(np.std(raw)) > 0.01
    assert abs(exact.score(ScoringUnit("x\n", SOLUTION)).raw[-1] - raw[-1]) > 0.01


def test_only_new_tokens_run(tiny_bundle: Path) -> None:
    scorer = open_tiny(tiny_bundle)
    first = scorer.score(UNIT)
    assert first.cached_tokens == 0
    longer = scorer.score(ScoringUnit(PROBLEM, SOLUTION + "x=1"))
    assert longer.computed_tokens == 3
    assert longer.cached_tokens == first.computed_tokens
    again = scorer.score(UNIT)
    assert again.computed_tokens == 0
    np.testing.assert_array_equal(again.raw, first.raw)


class RecordingModel:
    """Notes how many tokens each run has."""

    def __init__(self, model: OnnxModel) -> None:
        self._model = model
        self.lengths: list[int] = []

    def empty_memory(self, batch: int = 1) -> KeyValues:
        return self._model.empty_memory(batch)

    def run(
        self, ids: IntArray, past: KeyValues, cancellation: Cancellation | None = None
    ) -> tuple[FloatArray, KeyValues]:
        self.lengths.append(ids.shape[1])
        return self._model.run(ids, past, cancellation)


def test_every_run_has_an_even_number_of_tokens(tiny_bundle: Path) -> None:
    bundle = load_bundle(tiny_bundle)
    model = RecordingModel(OnnxModel(bundle.graph_path, bundle.manifest.graph, threads=1))
    for chunk_tokens in (2, 3, 7):
        scorer = OnnxScorer(bundle, model, chunk_tokens=chunk_tokens)
        for start in range(7):
            scorer.score(ScoringUnit("", SOLUTION[start:]))
        for length in range(2, len(SOLUTION)):
            scorer.score(ScoringUnit("", SOLUTION[:length].lstrip() or "x=1"))
    assert min(model.lengths) == 2
    assert max(model.lengths) == 8
    assert all(length % 2 == 0 for length in model.lengths)


class LeftOverRowModel(RecordingModel):
    """Rounds the last row of an odd run differently, as the 4-bit kernels do: they multiply two rows at a time."""

    def run(
        self, ids: IntArray, past: KeyValues, cancellation: Cancellation | None = None
    ) -> tuple[FloatArray, KeyValues]:
        values, memory = super().run(ids, past, cancellation)
        if ids.shape[1] % 2:
            values[:, -1] += 0.05
        return values, memory


@settings(max_examples=20)
@given(scripts=EDITS, chunk_tokens=st.integers(2, 80))
def test_a_left_over_row_never_counts(
    tiny_bundle: Path, scripts: list[tuple[bool, int, int, str]], chunk_tokens: int
) -> None:
    bundle = load_bundle(tiny_bundle)
    model = LeftOverRowModel(OnnxModel(bundle.graph_path, bundle.manifest.graph, threads=1))
    scorer = OnnxScorer(bundle, model, chunk_tokens=chunk_tokens)
    exact = open_tiny(tiny_bundle, chunk_tokens=10_000, memory_limit_mb=0)
    unit = UNIT
    for script in scripts:
        unit = edit(unit, script)
        np.testing.assert_allclose(scorer.score(unit).raw, exact.score(unit).raw, atol=1e-4)


def test_the_added_token_is_dropped(tiny_bundle: Path) -> None:
    scorer = open_tiny(tiny_bundle)
    scorer.score(UNIT)
    (run,) = scorer._cache._runs
    assert (
        len(run.ids) == len(run.logits) == run.memory.tokens == len(load_bundle(tiny_bundle).tokenizer.encode(UNIT).ids)
    )


def test_text_of_a_single_token(tiny_bundle: Path) -> None:
    scorer = open_tiny(tiny_bundle)
    first = scorer.score(ScoringUnit("", "x"))
    assert first.computed_tokens == 1
    assert scorer.score(ScoringUnit("", "x")).raw.tolist() == first.raw.tolist()
    assert scorer.score(ScoringUnit("", "x=1")).cached_tokens == 0


def test_score_holds_the_solution_only(tiny_bundle: Path) -> None:
    score = open_tiny(tiny_bundle).score(UNIT)
    assert score.raw.dtype == score.values.dtype == np.float32
    assert score.offsets.dtype == np.int64
    assert len(score.raw) == len(score.values) == len(score.offsets)
    assert "".join(SOLUTION[start:end] for start, end in score.offsets.tolist()) == SOLUTION
    np.testing.assert_array_equal(score.values, calibrate(CALIBRATION, score.raw))


def test_typing_keeps_one_run_per_function(tiny_bundle: Path) -> None:
    scorer = open_tiny(tiny_bundle)
    other = ScoringUnit("def other(x):\n", "    return x\n")
    scorer.score(other)
    for length in range(1, len(SOLUTION) + 1):
        scorer.score(ScoringUnit(PROBLEM, SOLUTION[:length]))
    assert len(scorer._cache) == 2
    assert scorer.score(other).computed_tokens == 0


def test_functions_of_one_file_keep_a_run_each(tiny_bundle: Path) -> None:
    scorer = open_tiny(tiny_bundle)
    units = [ScoringUnit(f"import math\n\n\ndef f{n}(x):\n", f"    return x + {n}\n") for n in range(5)]
    for unit in units:
        scorer.score(unit)
    assert [scorer.score(unit).computed_tokens for unit in units] == [0] * 5


def test_units_without_a_problem(tiny_bundle: Path) -> None:
    scorer = open_tiny(tiny_bundle)
    first = scorer.score(ScoringUnit("", "return 1\n"))
    assert first.offsets[0].tolist()[0] == 0
    scorer.score(ScoringUnit("", "x = 1\n"))
    assert scorer.score(ScoringUnit("", "return 1\n")).computed_tokens == 0


def test_cache_stays_below_its_limit(tiny_bundle: Path) -> None:
    scorer = open_tiny(tiny_bundle, memory_limit_mb=0.1)
    for number in range(20):
        scorer.score(ScoringUnit(f"def f{number}():\n", SOLUTION))
        assert 0 < scorer._cache.nbytes <= 100_000


class CancellingModel:
    """Cancels the request before the run of the given number, from 0."""

    def __init__(self, model: OnnxModel, cancellation: Cancellation, run: int) -> None:
        self._model, self._cancellation, self._left = model, cancellation, run

    def empty_memory(self, batch: int = 1) -> KeyValues:
        return self._model.empty_memory(batch)

    def run(
        self, ids: IntArray, past: KeyValues, cancellation: Cancellation | None = None
    ) -> tuple[FloatArray, KeyValues]:
        if self._left == 0:
            self._cancellation.cancel()
        self._left -= 1
        return self._model.run(ids, past, cancellation)


def test_cancelled_score_keeps_the_chunks_that_ran(tiny_bundle: Path) -> None:
    bundle = load_bundle(tiny_bundle)
    model = OnnxModel(bundle.graph_path, bundle.manifest.graph, threads=1)
    cancellation = Cancellation()
    scorer = OnnxScorer(bundle, CancellingModel(model, cancellation, run=2), chunk_tokens=10)
    with pytest.raises(Superseded):
        scorer.score(UNIT, cancellation)
    score = scorer.score(UNIT)
    assert score.cached_tokens == 20
    np.testing.assert_allclose(score.raw, open_tiny(tiny_bundle).score(UNIT).raw, rtol=0, atol=1e-4)


def test_cancelled_before_it_starts(tiny_bundle: Path) -> None:
    scorer, cancellation = open_tiny(tiny_bundle), Cancellation()
    cancellation.cancel()
    with pytest.raises(Superseded, match="newer version"):
        scorer.score(UNIT, cancellation)
    assert scorer.score(UNIT).cached_tokens == 0


def test_terminated_run_leaves_the_model_usable(tiny_bundle: Path) -> None:
    """The cancellation comes from another thread while the graph runs; whichever is first, nothing breaks."""
    bundle = load_bundle(tiny_bundle)
    model = OnnxModel(bundle.graph_path, bundle.manifest.graph, threads=1)
    ids = np.zeros((4, 3000), dtype=np.int64)
    wanted, _ = model.run(ids[:1, :50], model.empty_memory())
    cancellation = Cancellation()
    timer = threading.Timer(0.05, cancellation.cancel)
    timer.start()
    with pytest.raises(Superseded):
        run_for_ever(model, ids, cancellation)
    timer.join()
    found, memory = model.run(ids[:1, :50], model.empty_memory(), Cancellation())
    np.testing.assert_array_equal(found, wanted)
    assert memory.tokens == 50


def run_for_ever(model: OnnxModel, ids: IntArray, cancellation: Cancellation) -> None:
    while True:
        model.run(ids, model.empty_memory(batch=4), cancellation)


class BrokenModel:
    """Returns what a broken kernel would."""

    def empty_memory(self, batch: int = 1) -> KeyValues:
        return KeyValues.empty(1, 1, 1, "float32", batch)

    def run(
        self, ids: IntArray, past: KeyValues, cancellation: Cancellation | None = None
    ) -> tuple[FloatArray, KeyValues]:
        return np.full(ids.shape, np.nan, dtype=np.float32), past


def test_a_value_that_is_no_number_is_an_error_and_is_not_cached(tiny_bundle: Path) -> None:
    scorer = OnnxScorer(load_bundle(tiny_bundle), BrokenModel())
    with pytest.raises(EngineError, match="not a finite number"):
        scorer.score(UNIT)
    assert len(scorer._cache) == 0


def test_ids_outside_the_vocabulary_are_an_engine_error(tiny_bundle: Path) -> None:
    bundle = load_bundle(tiny_bundle)
    model = OnnxModel(bundle.graph_path, bundle.manifest.graph, threads=1)
    with pytest.raises(EngineError, match="onnxruntime failed on 1 tokens"):
        model.run(np.asarray([[10_000]], dtype=np.int64), model.empty_memory())


@pytest.mark.parametrize(
    ("unit", "error"),
    [
        (ScoringUnit(PROBLEM, ""), UnitEmpty),
        (ScoringUnit(PROBLEM, "x = 1\n" * MAX_TOKENS), UnitTooLong),
        (ScoringUnit(PROBLEM, "x" * 50_000), UnitTooLong),
        (ScoringUnit(PROBLEM, "x\n" * 100_000), UnitTooLong),
        (ScoringUnit(PROBLEM, "x = '\0'\n"), UnitNotText),
        (ScoringUnit("'\ud800'\n", "x\n"), UnitNotText),
    ],
)
def test_units_that_cannot_be_judged_leave_the_scorer_usable(
    tiny_bundle: Path, unit: ScoringUnit, error: type[Exception]
) -> None:
    scorer = open_tiny(tiny_bundle)
    with pytest.raises(error):
        scorer.score(unit)
    assert len(scorer.score(UNIT).raw) > 0


def test_open_scorer(tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODEODDS_MODEL", str(tiny_bundle))
    scorer = open_scorer(threads=10_000, memory_limit_mb=1)
    assert scorer.info.name == "tiny"
    assert scorer.score(UNIT).probability == open_scorer(tiny_bundle).score(UNIT).probability


@pytest.mark.parametrize(("threads", "memory_limit_mb"), [(0, 1), (1, -1)])
def test_settings_out_of_range(tiny_bundle: Path, threads: int, memory_limit_mb: int) -> None:
    with pytest.raises(SettingError, match=r"threads = 0|memory_limit_mb = -1"):
        open_scorer(tiny_bundle, threads=threads, memory_limit_mb=memory_limit_mb)


def test_info_without_thresholds_says_that_nothing_was_measured() -> None:
    info = scorer_info(manifest(300))
    assert (info.low_probability, info.low_precision) == (0.5, None)
    assert (info.max_tokens, info.min_solution_tokens) == (MAX_TOKENS, 12)


def test_info_takes_the_first_threshold() -> None:
    described = manifest(300)
    described.thresholds.append(Threshold(probability=0.3, precision=0.9, recall=0.2, measured_on="test"))
    described.thresholds.append(Threshold(probability=0.6, precision=0.7, recall=0.5, measured_on="test"))
    assert scorer_info(described).low_probability == 0.3
    assert scorer_info(described).low_precision == 0.9
    assert scorer_info(described).thresholds == ((0.3, 0.9, 0.2), (0.6, 0.7, 0.5))


def test_info_names_the_calibration_and_the_prefix_fraction() -> None:
    described = manifest(300)
    info = scorer_info(described)
    assert info.min_prefix_fraction == described.display.min_prefix_fraction
    assert re.fullmatch(r"platt-[0-9a-f]{8}", info.calibration)
    assert scorer_info(manifest(300)).calibration == info.calibration
    other = msgspec.structs.replace(described.calibration, bias=described.calibration.bias + 1)
    assert scorer_info(msgspec.structs.replace(described, calibration=other)).calibration != info.calibration


def test_golden_scores_hold_and_a_change_is_found(tiny_bundle: Path, tmp_path: Path) -> None:
    scorer, place = open_tiny(tiny_bundle), tmp_path / "golden.json"
    golden = record_golden(scorer, [UNIT, ScoringUnit("", "return 1\n")], tolerance=1e-3)
    write_golden(golden, place)
    assert check_golden(open_tiny(tiny_bundle, chunk_tokens=3), place) == []
    golden.rows[1].raw[0] += 0.01
    write_golden(golden, place)
    mismatches = check_golden(scorer, place)
    assert [mismatch.row for mismatch in mismatches] == [1]
    assert "raw at solution token 0" in mismatches[0].reason
