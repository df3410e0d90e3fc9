"""Which candidates are scored, and in what order they stand: pure, with made-up scores."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeodds.engine.values import NOT_REACHED
from codeodds.errors import RankError, UnitError, UnitTooLong
from codeodds.ranking.plan import SLICE_CANDIDATES, SLICE_CHARACTERS, Context, Plan
from codeodds.ranking.types import MAX_CANDIDATE_CHARACTERS, MAX_CANDIDATES
from codeodds.types import Score, ScoringUnit

HEAD = Context("def f(x):\n")


def score(*values: float, length: int = 5) -> Score:
    """Tokens of `length` characters each."""
    offsets = [(index * length, (index + 1) * length) for index in range(len(values))]
    array = np.asarray(values, dtype=np.float32)
    return Score(array, array, np.asarray(offsets, dtype=np.int64))


def test_scored_ones_come_first_by_probability_and_the_rest_in_order() -> None:
    candidates = ["    return 1\n", "    return (\n", "    return 2\n", "", "    return 3\n"]
    plan = Plan(HEAD, candidates)
    assert list(plan.units) == [0, 2, 4]
    assert plan.units[2] == ScoringUnit("def f(x):\n", "    return 2\n")
    ranking = plan.ranking({0: score(0.2), 2: score(0.7), 4: score(0.5)})
    assert ranking.order == (2, 4, 0, 1, 3)
    assert ranking.best is not None
    assert ranking.best.text == "    return 2\n"
    assert [candidate.probability for candidate in ranking.candidates] == [
        pytest.approx(0.7),
        pytest.approx(0.5),
        pytest.approx(0.2),
        None,
        None,
    ]
    assert [candidate.reason for candidate in ranking.candidates[3:]] == ["it does not parse", "it is empty"]


def test_equal_probabilities_keep_the_order_given() -> None:
    plan = Plan(HEAD, ["    return 1\n", "    return 2\n"])
    assert plan.ranking({0: score(0.5), 1: score(0.5)}).order == (0, 1)


def test_duplicates_are_scored_once_and_stand_behind_their_first() -> None:
    plan = Plan(HEAD, ["    a = 1\n    return a\n", "    return 2\n", "    a = 1\r\n    return a\r\n", "    return 2"])
    assert list(plan.units) == [0, 1]
    ranking = plan.ranking({0: score(0.4), 1: score(0.9)})
    assert ranking.order == (1, 3, 0, 2)
    assert [candidate.duplicate_of for candidate in ranking.candidates] == [None, 1, None, 0]
    assert ranking.candidates[1].probability == ranking.candidates[0].probability
    assert ranking.candidates[3].text == "    a = 1\r\n    return a\r\n"


def test_white_space_within_a_string_is_no_duplicate() -> None:
    assert list(Plan(HEAD, ["    return '''a \nb'''\n", "    return '''a\nb'''\n"]).units) == [0, 1]


def test_duplicates_of_what_can_not_be_scored_have_its_reason() -> None:
    ranking = Plan(HEAD, ["    return (\n", "    return 1\n", "    return ("]).ranking({1: score(0.5)})
    assert ranking.order == (1, 0, 2)
    assert [candidate.reason for candidate in ranking.candidates] == [
        None,
        "it does not parse",
        "it does not parse",
    ]


def test_errors_and_what_was_not_reached_become_reasons() -> None:
    outcomes: dict[int, Score | UnitError] = {0: UnitTooLong("it has too many tokens")}
    ranking = Plan(HEAD, ["    return 1\n", "    return 2\n"]).ranking(outcomes)
    assert [candidate.reason for candidate in ranking.candidates] == ["it has too many tokens", NOT_REACHED]
    assert ranking.best is None


def test_lines_count_from_the_first_of_the_candidate() -> None:
    plan = Plan(Context("def f(x):\n", "    a = 1\n    b = "), ["2\n    return b\n"])
    unit = plan.units[0]
    assert unit == ScoringUnit("def f(x):\n", "    a = 1\n    b = 2\n    return b\n")
    values = [0.9] * len(unit.solution)
    values[-3:] = [0.4] * 3
    (ranked,) = plan.ranking({0: score(*values, length=1)}).candidates
    assert [(line.line, round(line.probability, 2)) for line in ranked.lines] == [(0, 0.9), (1, 0.4)]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it is empty"),
        ("  \n\t\n", "it is empty"),
        ("    return '\0'\n", "it is not text"),
        ("    return '\ud800'\n", "it is not text"),
        ("    if x:\n    return 1\n", "line 2: its indentation is wrong"),
        ("x" * (MAX_CANDIDATE_CHARACTERS + 1), "at most 200,000 are read"),
    ],
)
def test_what_is_no_code_is_reported(text: str, reason: str) -> None:
    plan = Plan(HEAD, [text, "    return 1\n"])
    assert list(plan.units) == [1]
    found = plan.ranking({1: score(0.5)}).candidates[1].reason
    assert found is not None
    assert reason in found


def test_no_candidates_and_too_many_are_one_error() -> None:
    with pytest.raises(RankError, match="there are no candidates; give at least one"):
        Plan(HEAD, [])
    with pytest.raises(RankError, match="1,001 candidates; at most 1,000"):
        Plan(HEAD, ["    return 1\n"] * (MAX_CANDIDATES + 1))


def test_candidates_that_may_be_unfinished_need_not_parse() -> None:
    candidates = ["f(x).up", "f(x).down", " "]
    assert list(Plan(Context("def f(x):\n", "    return (", unfinished=True), candidates).units) == [0, 1]
    assert list(Plan(Context("def f(x):\n", "    return ("), candidates).units) == []


def test_a_thousand_candidates_come_in_slices() -> None:
    plan = Plan(HEAD, [f"    return {number}\n" for number in range(MAX_CANDIDATES)])
    parts = list(plan.slices())
    assert {len(part) for part in parts[:-1]} == {SLICE_CANDIDATES}
    assert [index for part in parts for index in part] == list(range(MAX_CANDIDATES))


@given(sizes=st.lists(st.integers(1, 2 * SLICE_CHARACTERS), min_size=1, max_size=40))
def test_slices_hold_each_candidate_once_and_little_text(sizes: list[int]) -> None:
    plan = Plan(Context(""), [f"{index}" + "0" * size for index, size in enumerate(sizes)])
    parts = list(plan.slices())
    units = [unit for part in parts for unit in part.values()]
    assert units == list(plan.units.values())
    for part in parts:
        characters = sum(len(unit.solution) for unit in part.values())
        assert len(part) == 1 or (characters <= SLICE_CHARACTERS and len(part) <= SLICE_CANDIDATES)


@given(
    texts=st.lists(st.sampled_from(["    return 1\n", "    return 2\n", "    return 2", "    (", ""]), min_size=1),
    values=st.lists(st.floats(0.125, 0.875, width=32), min_size=5, max_size=5),
)
def test_nothing_is_lost(texts: list[str], values: list[float]) -> None:
    plan = Plan(HEAD, texts)
    ranking = plan.ranking({index: score(value) for index, value in zip(plan.units, values, strict=False)})
    assert sorted(ranking.order) == list(range(len(texts)))
    assert [candidate.text for candidate in ranking.candidates] == [texts[index] for index in ranking.order]
    known = [candidate.probability for candidate in ranking.candidates if candidate.probability is not None]
    assert known == sorted(known, reverse=True)
    assert all((candidate.probability is None) == (candidate.reason is not None) for candidate in ranking.candidates)
