"""Text that the bundle's own language model writes: against a slow reference, and where it must end."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from codeodds.bundle.loader import load_bundle
from codeodds.engine import scorer as scorer_module
from codeodds.engine.api import Cancellation, Sampled, Scorer, Writing
from codeodds.engine.sampling import choose
from codeodds.engine.scorer import open_scorer
from codeodds.errors import BundleUnsupported, EngineError, Superseded, UnitEmpty, UnitTooLong
from codeodds.types import FloatArray, IntArray, ScoringUnit
from tests.engine.tiny import MAX_TOKENS

PROMPT = "import math\n\n\ndef area(radius):\n"
WRITING = Writing(PROMPT, samples=3, max_tokens=12, temperature=1.0, min_p=0.02, seed=7)


@pytest.fixture(scope="module")
def scorer(writing_bundle: Path) -> Scorer:
    return open_scorer(writing_bundle, threads=1)


def nothing_before(session: onnxruntime.InferenceSession) -> dict[str, FloatArray]:
    return {
        entry.name: np.zeros((1, entry.shape[1], 0, entry.shape[3]), np.float32)
        for entry in session.get_inputs()
        if entry.name.startswith("past")
    }


class Reference:
    """Runs the whole text for every token, without a cache."""

    def __init__(self, folder: Path) -> None:
        self.tokenizer = load_bundle(folder).tokenizer
        self.lower, self.upper = (onnxruntime.InferenceSession(folder / name) for name in ("model.onnx", "upper.onnx"))

    def log_probabilities(self, ids: IntArray) -> FloatArray:
        row = ids[None]
        places = {"attention_mask": np.ones_like(row), "position_ids": np.arange(len(ids))[None]}
        hidden = self.lower.run(["hidden"], {"input_ids": row} | places | nothing_before(self.lower))[0]
        last = {"hidden": hidden, "positions": np.asarray([len(ids) - 1])}
        found: FloatArray = self.upper.run(["log_probabilities"], last | places | nothing_before(self.upper))[0][0, 0]
        return found

    def write(self, writing: Writing) -> list[Sampled]:
        prompt = self.tokenizer.encode_prompt(writing.prompt)
        return [self._row(writing, prompt, index) for index in range(writing.samples)]

    def _row(self, writing: Writing, prompt: IntArray, index: int) -> Sampled:
        random = np.random.default_rng((writing.seed, index))
        ids: list[int] = []
        while len(ids) < writing.max_tokens:
            logs = self.log_probabilities(np.append(prompt, ids).astype(np.int64))
            token = choose(logs, self.tokenizer.known, writing, random)
            if token in self.tokenizer.ends:
                return Sampled(self.tokenizer.continuation(prompt, ids), finished=True)
            ids.append(token)
        return Sampled(self.tokenizer.continuation(prompt, ids), finished=False)


@pytest.mark.parametrize("changes", [{}, {"temperature": 0.0}, {"min_p": 0.0, "temperature": 2.0}, {"prompt": "a"}])
def test_rows_are_those_of_a_slow_reference(scorer: Scorer, writing_bundle: Path, changes: dict[str, Any]) -> None:
    writing = replace(WRITING, **changes)
    found = scorer.write(writing)
    assert found == Reference(writing_bundle).write(writing)
    assert len(set(found)) == (1 if writing.temperature == 0 else 3)


def test_a_row_depends_neither_on_the_others_nor_on_what_was_cached(
    scorer: Scorer, writing_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = scorer.write(WRITING)
    assert scorer.write(replace(WRITING, samples=1)) == wanted[:1]
    assert scorer.write(replace(WRITING, seed=8)) != wanted
    monkeypatch.setattr(scorer_module, "BATCH_LIMIT_MB", 0.0)
    assert open_scorer(writing_bundle, threads=1).write(WRITING) == wanted, "one row after the other"


def test_a_bundle_that_writes_scores_as_one_that_does_not(scorer: Scorer, tiny_bundle: Path) -> None:
    unit = ScoringUnit(PROMPT, "    return math.pi * radius ** 2\n")
    wanted = open_scorer(tiny_bundle, threads=1).score(unit)
    scorer.write(WRITING)
    found = scorer.score(unit)
    assert found.raw == pytest.approx(wanted.raw, abs=1e-5)
    assert found.cached_tokens > 0, "writing and scoring share the prefix's keys and values"


def test_a_row_ends_where_whoever_asked_says_so_and_all_are_told_of(scorer: Scorer) -> None:
    whole = scorer.write(WRITING)
    told: list[list[Sampled]] = []
    found = scorer.write(replace(WRITING, stop=lambda text: len(text) >= 5, progress=told.append))
    for (text, finished), (longer, _) in zip(found, whole, strict=True):
        assert longer.startswith(text)
        assert 5 <= len(text) < len(longer)
        assert not finished
    assert told[-1] == found
    assert all(len(after.text) >= len(before.text) for before, after in zip(told[0], told[1], strict=True))


def test_an_end_of_text_ends_a_row(scorer: Scorer, writing_bundle: Path) -> None:
    """Hot enough, one of many rows ends early."""
    writing = replace(WRITING, samples=20, max_tokens=60, temperature=5.0, min_p=0.0)
    found = scorer.write(writing)
    finished = [index for index, row in enumerate(found) if row.finished]
    assert finished != []
    one = Reference(writing_bundle)
    prompt = one.tokenizer.encode_prompt(PROMPT)
    assert found[finished[0]] == one._row(writing, prompt, finished[0])


def test_a_cancelled_run_ends_and_leaves_what_was_told(scorer: Scorer) -> None:
    told: list[list[Sampled]] = []
    cancellation = Cancellation()

    def progress(found: list[Sampled]) -> None:
        told.append(found)
        if len(told) == 3:
            cancellation.cancel()

    with pytest.raises(Superseded):
        scorer.write(replace(WRITING, progress=progress), cancellation)
    assert len(told) == 3
    assert all(longer.text.startswith(row.text) for row, longer in zip(told[-1], scorer.write(WRITING), strict=True))


def test_a_text_ends_at_the_model_s_context(scorer: Scorer) -> None:
    longest = replace(WRITING, prompt="+" * (MAX_TOKENS - 1))  # One token each.
    assert scorer.write(longest) == scorer.write(replace(longest, max_tokens=1))
    with pytest.raises(UnitTooLong, match=f"have {MAX_TOKENS} tokens; .* so nothing can follow"):
        scorer.write(replace(WRITING, prompt="+" * MAX_TOKENS))
    with pytest.raises(UnitTooLong, match="split the function"):
        scorer.write(Writing("a " * 5_000, samples=1, max_tokens=1))
    with pytest.raises(UnitEmpty):
        scorer.write(Writing("", samples=1, max_tokens=1))


def test_a_bundle_that_only_scores_says_what_to_do(tiny_bundle: Path) -> None:
    with pytest.raises(
        BundleUnsupported, match=r"holds no language model; export one with export\.language_model"
    ) as caught:
        open_scorer(tiny_bundle, threads=1).write(WRITING)
    assert str(caught.value).startswith(f"{tiny_bundle}: ")


class Dice:
    """A random number that is known."""

    def __init__(self, number: float) -> None:
        self.number = number

    def random(self) -> float:
        return self.number


LOGS = np.log(np.asarray([0.5, 0.25, 0.125, 0.1, 0.025], dtype=np.float32))
ALL = np.arange(5)


def chosen(number: float, known: IntArray = ALL, **options: Any) -> int:
    writing = Writing("", 1, 1, **{"temperature": 1.0, "min_p": 0.0, **options})
    return choose(LOGS, known, writing, Dice(number))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({}, [0, 0, 1, 2, 3, 4]),
        # 0.25 of 0.5 is 0.125: two tokens are out, and the others share what is left.
        ({"min_p": 0.24}, [0, 0, 1, 1, 2, 2]),
        ({"min_p": 1.0}, [0, 0, 0, 0, 0, 0]),
        # Probabilities squared: 0.25, 0.0625, 0.015625, ...
        ({"temperature": 0.5}, [0, 0, 0, 1, 2, 4]),
        # Heat lets in no token that min_p keeps out.
        ({"temperature": 100.0, "min_p": 0.24}, [0, 1, 1, 2, 2, 2]),
        ({"temperature": 0.0}, [0, 0, 0, 0, 0, 0]),
    ],
)
def test_a_token_is_taken_by_its_probability(options: dict[str, float], wanted: list[int]) -> None:
    assert [chosen(number, **options) for number in (0.0, 0.49, 0.6, 0.85, 0.96, 0.9999)] == wanted


def test_an_id_that_stands_for_nothing_is_never_taken() -> None:
    assert [chosen(number, np.asarray([1, 3])) for number in (0.0, 0.7, 0.72, 0.99)] == [1, 1, 3, 3]
    assert chosen(0.5, np.asarray([4]), temperature=0.0) == 4


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_what_is_no_probability_is_an_error(wrong: float) -> None:
    with pytest.raises(EngineError, match="not a finite number"):
        choose(np.full(5, wrong, dtype=np.float32), ALL, WRITING, np.random.default_rng(0))
