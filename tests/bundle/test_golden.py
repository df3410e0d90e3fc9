"""Golden scores, with the fake scorer."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from codeodds.bundle.golden import Golden, GoldenRow, check_golden, read_golden, record_golden, write_golden
from codeodds.engine.fake import FakeScorer
from codeodds.errors import BundleCorrupt
from codeodds.types import Score, ScoringUnit

UNITS = [ScoringUnit("def f():\n", "    return BUG\n"), ScoringUnit("", "x")]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    path = tmp_path / "golden.json"
    write_golden(record_golden(FakeScorer(), UNITS, tolerance=0.01), path)
    return path


def test_what_was_recorded_is_found_again(place: Path) -> None:
    assert check_golden(FakeScorer(), place) == []
    golden = read_golden(place)
    assert [row.solution for row in golden.rows] == ["    return BUG\n", "x"]
    assert golden.rows[0].probability == [0.9, 0.9, 0.9, 0.3, 0.3]


def test_other_values_are_a_mismatch(place: Path) -> None:
    mismatches = check_golden(FakeScorer({"BUG": 0.65}), place)
    assert [(mismatch.row, mismatch.reason.split(",")[0]) for mismatch in mismatches] == [
        (0, "raw at solution token 3 is -1.09861")
    ]


@pytest.mark.parametrize(
    ("raw", "golden", "same"),
    [
        (-149.2, -141.5, True), (-3.16, -3.43, True), (0.03, 0.0, True), (0.05, 0.0, False), (-3.0, -3.43, False),
        (-1000.0, 1000.0, False), (np.nan, -141.5, False),
    ],
)  # fmt: skip
def test_logits_differ_by_what_they_say(tmp_path: Path, raw: float, golden: float, same: bool) -> None:
    place = tmp_path / "golden.json"
    write_golden(Golden(0.01, [GoldenRow("", "x", [golden], [0.5])]), place)
    score = Score(np.array([0.5], np.float32), np.array([raw], np.float32), np.array([[0, 1]]))
    scorer = SimpleNamespace(score=lambda unit: score)
    assert (check_golden(scorer, place) == []) is same


def test_other_tokens_are_a_mismatch(place: Path) -> None:
    text = place.read_text(encoding="utf-8").replace("return BUG", "return  BUG + 1")
    place.write_text(text, encoding="utf-8")
    reasons = [mismatch.reason for mismatch in check_golden(FakeScorer(), place)]
    assert reasons == ["9 solution tokens, golden has 5 logits and 5 probabilities"]


@pytest.mark.parametrize("content", [b"", b"{}", b'{"tolerance": 1, "rows": [{}]}', b"\xff", b'{"rows": "\xff"}', None])
def test_a_file_without_golden_scores(tmp_path: Path, content: bytes | None) -> None:
    place = tmp_path / "golden.json"
    if content is not None:
        place.write_bytes(content)
    with pytest.raises(BundleCorrupt, match=r"golden\.json: cannot read the golden scores"):
        check_golden(FakeScorer(), place)
