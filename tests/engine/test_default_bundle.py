"""The committed bundle through the engine: it gives the scores that travel with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from codeodds.bundle.golden import check_golden, read_golden
from codeodds.bundle.loader import default_bundle_path, load_bundle
from codeodds.engine.api import Scorer
from codeodds.engine.scorer import open_scorer
from codeodds.types import ScoringUnit


@pytest.fixture(scope="module")
def scorer(default_bundle: Path) -> Scorer:
    if not (default_bundle / "manifest.json").is_file():
        pytest.fail(
            f"{default_bundle} holds no bundle: it is part of the repository; check it out, or export one there"
        )
    return open_scorer(default_bundle)


def test_it_is_the_default(default_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CODEODDS_MODEL", raising=False)
    assert default_bundle_path().samefile(default_bundle)


def test_the_golden_scores_agree(scorer: Scorer, default_bundle: Path) -> None:
    golden = load_bundle(default_bundle).golden_path
    assert len(read_golden(golden).rows) > 0
    assert check_golden(scorer, golden) == []


def test_a_golden_score_that_is_reached_by_typing_agrees(scorer: Scorer, default_bundle: Path) -> None:
    golden = read_golden(load_bundle(default_bundle).golden_path)
    row = golden.rows[0]
    for length in range(1, len(row.solution), 7):
        scorer.score(ScoringUnit(row.problem, row.solution[:length]))
    score = scorer.score(ScoringUnit(row.problem, row.solution))
    assert score.cached_tokens > 0
    assert score.values.tolist() == pytest.approx(row.probability, abs=golden.tolerance)


@pytest.mark.parametrize("figures", [None, b"{"], ids=["no figures", "broken figures"])
def test_a_score_needs_no_figures(scorer: Scorer, linked_bundle: Path, figures: bytes | None) -> None:
    if figures is not None:
        (linked_bundle / "evaluation.json").write_bytes(figures)
    (linked_bundle / "README.md").unlink()
    unit = ScoringUnit("def f(a, b):\n", "    return a + b\n")
    assert open_scorer(linked_bundle).score(unit).values.tolist() == scorer.score(unit).values.tolist()
