"""The search against a slow reference, cancelled and gone on with."""

from __future__ import annotations

import numpy as np
import pytest

from codeodds.edits.catalogue import Candidates
from codeodds.engine.api import Cancellation
from codeodds.engine.scorer import OnnxScorer, open_scorer
from codeodds.errors import CannotCompare, Superseded
from codeodds.odds.look import odds_of
from codeodds.odds.search import Search
from codeodds.types import ScoringUnit
from tests.engine.tiny import build_bundle
from tests.odds.comparing import ComparingScorer

UNIT = ScoringUnit(
    "def tail(data, buffer, start):\n",
    "    for index in range(start, 9):\n        if index < 3 and buffer:\n            buffer.append(data[index])\n"
    "    return data\n",
)


@pytest.fixture(scope="module")
def scorer(tmp_path_factory: pytest.TempPathFactory) -> OnnxScorer:
    opened = open_scorer(build_bundle(tmp_path_factory.mktemp("bundles") / "writing", writes=True), threads=1)
    assert isinstance(opened, OnnxScorer)
    return opened


def test_log_odds_are_those_of_two_whole_texts(scorer: OnnxScorer) -> None:
    """A random model, so that edits of every kind win."""
    odds = odds_of(UNIT, "", scorer)
    language, start = scorer.language, scorer.language.tokenizer.encode(UNIT).solution_start

    def total(solution: str) -> tuple[float, int]:
        ids = language.tokenizer.encode(ScoringUnit(UNIT.problem, solution)).ids
        return float(language.read(ids, start, [], Cancellation()).own.sum(dtype=np.float64)), len(ids)

    written, tokens = total(UNIT.solution)
    compared = [one for one in odds.alternatives if one.to_the_end]
    assert compared
    for one in compared:
        edited, length = total(one.edit.apply(UNIT.solution))
        assert one.log_odds == pytest.approx(edited - written, abs=2e-3)
        assert one.gained == length - tokens
    assert odds.evidence == max(one.evidence for one in compared)
    assert odds.tokens == tokens - start
    assert odds.mean_log_probability == pytest.approx(written / odds.tokens, abs=1e-4)


def test_the_most_likely_edit_comes_first() -> None:
    odds = odds_of(UNIT, "", ComparingScorer({"<": "<=", "and": "or"}))
    best = odds.alternatives[0]
    assert best.log_odds == pytest.approx(9.9)
    second = odds.alternatives[1]
    assert {best.edit.text, second.edit.text} == {"<=", "or"}


def test_a_cancelled_search_goes_on_from_what_it_knows() -> None:
    scorer = ComparingScorer()
    search = Search(UNIT, Candidates(UNIT))
    language = scorer.words
    cancellation = Cancellation()
    read_rows = language.read_rows

    def interrupted(*arguments: object) -> object:
        cancellation.cancel()
        return read_rows(*arguments)  # type: ignore[arg-type]

    language.read_rows = interrupted  # type: ignore[method-assign, assignment]
    with pytest.raises(Superseded):
        search.run(scorer.language, cancellation)
    language.read_rows = read_rows  # type: ignore[method-assign]
    found = search.run(scorer.language)
    assert found == odds_of(UNIT, "", ComparingScorer())
    assert language.read_texts == 1, "the function itself was read once"


def test_what_cannot_be_compared_says_why() -> None:
    with pytest.raises(CannotCompare, match="does not parse"):
        odds_of(ScoringUnit("def f(:\n", "    return 1\n"), "", ComparingScorer())


def test_a_function_without_candidates_has_no_evidence() -> None:
    odds = odds_of(ScoringUnit("def f():\n", "    global x\n"), "", ComparingScorer())
    assert (odds.alternatives, odds.evidence) == ((), float("-inf"))
