"""A scorer with a language model of words: each costs one nat, but for a few that cost ten, and a few a tenth."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np

from codeodds.bundle.tokenization import EncodedUnit
from codeodds.engine.api import Cancellation, LanguageModel, MeasuredOdds, Reading
from codeodds.engine.fake import FakeScorer
from codeodds.engine.language import LIKELIEST
from codeodds.types import FloatArray, IntArray, ScoringUnit

THRESHOLD = 5.0
LIKELIER = {"data": "buffer", "and": "or", "<": "<="}
_WORD = re.compile(r"\w+|<=|>=|==|[^\w\s]|\s+")


class Words:
    """The tokenizer: a word is a token, and so is a run of white space."""

    def __init__(self) -> None:
        self.words: list[str] = ["<end>"]
        self.ends = frozenset({0})

    def ids(self, text: str) -> IntArray:
        found = _WORD.findall(text)
        for word in found:
            if word not in self.words:
                self.words.append(word)
        return np.asarray([self.words.index(word) for word in found], dtype=np.int64)

    def encode(self, unit: ScoringUnit) -> EncodedUnit:
        spans = np.asarray([match.span() for match in _WORD.finditer(unit.text)], dtype=np.int64).reshape(-1, 2)
        border = len(unit.problem)
        start = int(np.count_nonzero(spans[:, 1] <= border))
        return EncodedUnit(self.ids(unit.text), start, np.maximum(spans[start:] - border, 0))

    def encode_texts(self, texts: Sequence[str]) -> list[IntArray]:
        return [self.ids(text) for text in texts]

    def continuation(self, before: IntArray, ids: Sequence[int]) -> str:
        return "".join(self.words[index] for index in ids)


class WordLanguage:
    def __init__(self, likelier: dict[str, str]) -> None:
        self.tokenizer = Words()
        self._unlikely, self._likely = set(likelier), set(likelier.values())
        self.read_texts = 0

    def read(self, ids: IntArray, start: int, asked: Sequence[tuple[int, int]], cancellation: Cancellation) -> Reading:
        cancellation.raise_if_cancelled()
        self.read_texts += 1
        logs = self._logs(ids)
        likeliest = np.repeat(ids[:, None], LIKELIEST, axis=1)
        memory = cast(Any, None)
        asked_logs = self._logs(np.asarray([token for _, token in asked], dtype=np.int64))
        return Reading(ids, logs, likeliest, np.repeat(logs[:, None], LIKELIEST, axis=1), asked_logs, memory, memory)

    def read_rows(
        self, reading: Reading, rows: Sequence[tuple[int, IntArray]], cancellation: Cancellation
    ) -> list[tuple[FloatArray, IntArray]]:
        cancellation.raise_if_cancelled()
        return [(self._logs(ids[1:]), ids) for _, ids in rows]

    def _logs(self, ids: IntArray) -> FloatArray:
        words = [self.tokenizer.words[index] for index in ids]
        costs = [10.0 if word in self._unlikely else 0.1 if word in self._likely else 1.0 for word in words]
        return -np.asarray(costs, dtype=np.float32)


class ComparingScorer(FakeScorer):
    """A `FakeScorer` that can compare."""

    def __init__(self, likelier: dict[str, str] | None = None) -> None:
        super().__init__()
        self._info = replace(self._info, odds=MeasuredOdds(THRESHOLD, 0.01, 0.5))
        self.words = WordLanguage(LIKELIER if likelier is None else likelier)

    @property
    def language(self) -> LanguageModel:
        return cast(LanguageModel, self.words)
