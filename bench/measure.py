"""What is measured in this process: scores with and without the prefix cache. Times are in milliseconds."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Iterator

from codeodds.engine.scorer import OnnxScorer
from codeodds.types import Score, ScoringUnit

TYPO_SHARE = 0.04
"""Share of keystrokes that are wrong at first: one wrong character, one backspace, then the right one."""


def percentile(times: list[float], percent: int) -> float:
    """Linear between the nearest ranks."""
    return statistics.quantiles(times, n=100, method="inclusive")[percent - 1] if len(times) > 1 else times[0]


def timed(scorer: OnnxScorer, unit: ScoringUnit) -> tuple[float, Score]:
    """Score once."""
    start = time.perf_counter()
    score = scorer.score(unit)
    return 1000 * (time.perf_counter() - start), score


def full_score(scorer: OnnxScorer, unit: ScoringUnit, repeats: int) -> list[float]:
    """Every time with an empty cache."""
    times = []
    for _ in range(repeats):
        scorer.clear_cache()
        times.append(timed(scorer, unit)[0])
    return times


def append_token(scorer: OnnxScorer, unit: ScoringUnit, repeats: int) -> list[float]:
    """One more token at the end of a function whose other tokens are cached."""
    times = []
    for _ in range(repeats):
        scorer.clear_cache()
        scorer.score(unit)
        elapsed, score = timed(scorer, ScoringUnit(unit.problem, unit.solution + "x"))
        assert score.cached_tokens > 0
        times.append(elapsed)
    return times


def edit_middle(scorer: OnnxScorer, unit: ScoringUnit, repeats: int) -> list[float]:
    """Another character in the middle of a cached solution, so that half of it runs again."""
    scorer.clear_cache()
    scorer.score(unit)
    middle = len(unit.solution) // 2
    times = []
    for number in range(repeats):
        letter = "abcdefghij"[number % 10]
        solution = unit.solution[:middle] + letter + unit.solution[middle + 1 :]
        times.append(timed(scorer, ScoringUnit(unit.problem, solution))[0])
    return times


def typing_replay(scorer: OnnxScorer, unit: ScoringUnit, every: int = 1) -> list[float]:
    """Type the solution from nothing to its end, scoring at each keystroke (or each `every`-th)."""
    scorer.clear_cache()
    scorer.score(ScoringUnit(unit.problem, unit.solution[:1]))
    typed = [text for number, text in enumerate(keystrokes(unit.solution)) if number % every == 0]
    return [timed(scorer, ScoringUnit(unit.problem, text))[0] for text in typed]


def keystrokes(text: str, seed: int = 0) -> Iterator[str]:
    """The solution after each keystroke. An editor indents by itself, so a line break brings its indentation."""
    rng = random.Random(seed)
    position = 0
    while position < len(text):
        if text[position] != "\n" and rng.random() < TYPO_SHARE:
            yield text[:position] + rng.choice("abcdefghijklmnopqrstuvwxyz")
            yield text[:position]
        line_break = text[position] == "\n" or position == 0
        position += 1
        while line_break and position < len(text) and text[position] == " ":
            position += 1
        yield text[:position]
