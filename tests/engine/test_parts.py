"""A function within a function is read from the values of the outer one: what it would get alone, without a run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from codeodds.bundle.calibration import calibrate
from codeodds.bundle.loader import load_bundle
from codeodds.engine.fake import FakeScorer
from codeodds.engine.memo import ScoreMemo
from codeodds.engine.onnx import OnnxModel
from codeodds.engine.scorer import OnnxScorer, open_scorer
from codeodds.engine.values import parts_of
from codeodds.source.functions import find_functions
from codeodds.source.nested import with_nested
from codeodds.types import ScoringUnit
from tests.engine.tiny import CALIBRATION

TEXT = (
    "import math\n\n\ndef mean(values):\n    total = 0\n\n"
    "    def add(value):\n        nonlocal total\n        total += value\n        return total\n\n"
    "    for value in values:\n        add(value)\n    return total / len(values)\n"
)
(OUTER,) = map(with_nested, find_functions(TEXT))
(INNER,) = OUTER.nested


def open_tiny(path: Path) -> OnnxScorer:
    bundle = load_bundle(path)
    model = OnnxModel(bundle.graph_path, bundle.manifest.graph, threads=1)
    return OnnxScorer(bundle, model, memory_limit_mb=0)


def test_a_part_gets_the_score_that_it_would_get_alone(tiny_bundle: Path) -> None:
    score = open_tiny(tiny_bundle).score(OUTER.unit)
    alone = open_tiny(tiny_bundle).score(INNER.unit)
    (part,) = score.parts
    assert part is not None
    # The last token may hold blank lines behind the body, which the text alone does not have.
    whole = len(alone.raw) - 1
    np.testing.assert_allclose(part.raw[:whole], alone.raw[:whole], atol=1e-5)
    np.testing.assert_allclose(part.values[:whole], alone.values[:whole], atol=1e-5)
    np.testing.assert_array_equal(part.offsets[:whole], alone.offsets[:whole])
    assert (part.cached_tokens, part.computed_tokens, part.parts) == (0, 0, ())
    np.testing.assert_array_equal(part.values, calibrate(CALIBRATION, part.raw))


def test_parts_change_nothing_of_the_whole_and_come_with_a_batch_too(tiny_bundle: Path) -> None:
    plain = ScoringUnit(OUTER.unit.problem, OUTER.unit.solution)
    scorer = open_tiny(tiny_bundle)
    score, without = scorer.score(OUTER.unit), scorer.score(plain)
    np.testing.assert_array_equal(score.raw, without.raw)
    assert (len(score.parts), without.parts) == (1, ())
    (batched,) = scorer.score_batch([OUTER.unit])
    assert batched.parts[0].raw == pytest.approx(score.parts[0].raw, abs=1e-5)  # type: ignore[union-attr]


def test_the_committed_bundle_reads_a_part_as_it_would_alone(default_bundle: Path) -> None:
    scorer = open_scorer(default_bundle, memory_limit_mb=0)
    (part,) = scorer.score(OUTER.unit).parts
    alone = scorer.score(INNER.unit)
    assert part is not None
    whole = len(alone.raw) - 1
    np.testing.assert_allclose(part.values[:whole], alone.values[:whole], atol=1e-4)


def test_a_token_on_a_border_belongs_to_the_part_and_a_part_may_have_none() -> None:
    offsets = np.asarray([[0, 3], [3, 5], [5, 8], [8, 9]])
    raw = np.arange(4, dtype=np.float32)
    unit = ScoringUnit("p", "012345678", ((4, 6), (9, 9), (3, 5)))
    straddling, nothing, exact = parts_of(unit, raw, offsets)
    assert straddling is not None
    assert straddling.unit == ScoringUnit("p0123", "45")
    assert straddling.raw.tolist() == [1, 2]
    assert straddling.offsets.tolist() == [[0, 1], [1, 2]]
    assert nothing is None
    assert exact is not None
    assert exact.raw.tolist() == [1]


def test_the_fake_scorer_reads_parts_from_the_values_of_the_whole() -> None:
    scorer = FakeScorer()
    unit = replace(OUTER.unit, solution=OUTER.unit.solution.replace("total += value", "BUG += values"))
    start, end = OUTER.unit.parts[0]
    score = scorer.score(replace(unit, parts=((0, start), (start, end))))
    assert len(scorer.calls) == 1
    before, inside = score.parts
    assert before is not None
    assert inside is not None
    assert (before.probability, inside.probability) == (pytest.approx(0.9), pytest.approx(0.3))


def test_parts_count_for_what_is_remembered() -> None:
    memo, plain = ScoreMemo(), ScoreMemo()
    score = FakeScorer().score(OUTER.unit)
    part = score.parts[0]
    assert part is not None
    memo.put(OUTER.unit, score)
    plain.put(OUTER.unit, replace(score, parts=()))
    assert memo.nbytes - plain.nbytes == part.values.nbytes + part.raw.nbytes + part.offsets.nbytes
    memo.put(OUTER.unit, replace(score, parts=()))
    assert memo.nbytes == plain.nbytes
