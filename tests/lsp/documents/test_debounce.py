"""The pause before a document is scored."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeodds.lsp.documents.debounce import Debounce


def after(intervals: list[float], runs: list[float] | None = None) -> Debounce:
    debounce, now = Debounce(), 100.0
    debounce.changed(now)
    for interval in intervals:
        now += interval
        debounce.changed(now)
    for run in runs or []:
        debounce.scored(run)
    return debounce


@pytest.mark.parametrize(
    ("intervals", "runs", "expected"),
    [
        ([], [], 0.05),
        ([0.02] * 20, [], 0.05),
        ([0.06] * 20, [], 0.09),
        ([0.06, 0.1] * 10, [], 0.15),
        ([0.18] * 20, [], 0.2),
        ([0.06, 5.0], [], 0.05),
        ([0.06, 5.0, 0.04], [], 0.06),
        ([], [0.07], 0.07),
        ([], [0.9, 0.1, 0.12], 0.12),
        ([0.06] * 8, [3.0], 0.2),
        ([0.3] * 8, [0.24], 0.05),
        ([0.3] * 8, [0.26], 0.2),
        ([*[0.3] * 7, 0.19], [0.01], 0.2),
    ],
    ids=[
        "one",
        "fast",
        "typing",
        "uneven",
        "slow",
        "paused",
        "again",
        "run",
        "runs",
        "long",
        "apart",
        "full",
        "one by",
    ],
)
def test_the_pause(intervals: list[float], runs: list[float], expected: float) -> None:
    debounce = after(intervals, runs)
    assert debounce.pause_s(200, adaptive=True) == pytest.approx(expected)
    assert debounce.pause_s(200, adaptive=False) == 0.2
    assert debounce.pause_s(0, adaptive=True) == 0


@given(
    st.lists(st.floats(0, 10), max_size=30),
    st.lists(st.floats(0, 100), max_size=10),
    st.integers(0, 10_000),
)
def test_never_longer_than_the_setting_nor_shorter_than_its_quarter(
    intervals: list[float], runs: list[float], debounce_ms: int
) -> None:
    pause = after(intervals, runs).pause_s(debounce_ms, adaptive=True)
    assert debounce_ms / 4000 <= pause <= debounce_ms / 1000


@given(st.lists(st.floats(0.01, 0.03), min_size=99, max_size=99))
def test_a_hundred_changes_in_two_seconds_start_few_runs(intervals: list[float]) -> None:
    debounce, now, runs = Debounce(), 0.0, 0
    for interval in [*intervals, 10.0]:
        debounce.changed(now)
        runs += debounce.pause_s(150, adaptive=True) < interval
        now += interval
    assert runs <= 5
