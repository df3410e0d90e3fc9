"""A scorer without a model, for tests of anything that sits on top of one. Public, so that other projects' tests may
use it.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from codeodds.engine.api import Cancellation, LanguageModel, MeasuredThreshold, Sampled, ScorerInfo, Writing
from codeodds.engine.values import parts_of
from codeodds.errors import BundleUnsupported, UnitEmpty, UnitError, UnitTooLong
from codeodds.types import FloatArray, IntArray, Score, ScoringUnit

_WORD = re.compile(r"\w+|[^\w\s]|\s+")


class FakeScorer:
    """Each word of the solution is a token. The probability starts at 0.9 and falls where a marked word appears.

    `drops` maps a word to the amount by which the value falls from that word on, for example ``{"BUG": 0.6}``.
    `gate`, when given, holds every score until it is set, so that a test can act while a run is in flight.
    `calls` lists the units scored, in order.
    `writes`: what it writes, one text a sample, word by word; without them it only scores. `gate` holds each sample
    after its first word. `writings` lists what it was asked to write.
    """

    def __init__(
        self,
        drops: dict[str, float] | None = None,
        *,
        info: ScorerInfo | None = None,
        gate: threading.Event | None = None,
        writes: Sequence[str] = (),
    ) -> None:
        self._drops = {"BUG": 0.6} if drops is None else drops
        self._gate = gate
        self._info = info or ScorerInfo(
            "fake", "1", 2000, 4, 0.5, 0.75, 0.25, "platt-0", (MeasuredThreshold(0.5, 0.75, 0.4),)
        )
        self.calls: list[ScoringUnit] = []
        self._writes = writes
        self.writings: list[Writing] = []

    @property
    def info(self) -> ScorerInfo:
        return self._info

    @property
    def language(self) -> LanguageModel:
        raise BundleUnsupported("fake: this bundle scores code and holds no language model")

    def score(self, unit: ScoringUnit, cancellation: Cancellation | None = None) -> Score:
        self.calls.append(unit)
        self._wait(cancellation)
        spans = [match.span() for match in _WORD.finditer(unit.solution)]
        if not spans:
            raise UnitEmpty("the unit has no solution tokens")
        if len(spans) > self._info.max_tokens:
            raise UnitTooLong(f"the unit has {len(spans)} tokens; the limit is {self._info.max_tokens}")
        values, value = [], 0.9
        for start, end in spans:
            value = max(0.01, value - self._drops.get(unit.solution[start:end], 0.0))
            values.append(value)
        probabilities, offsets = np.asarray(values, dtype=np.float32), np.asarray(spans, dtype=np.int64)
        parts = parts_of(unit, probabilities, offsets)
        return replace(
            self._read(unit, probabilities, offsets),
            computed_tokens=len(spans),
            parts=tuple(None if part is None else self._read(*part) for part in parts),
        )

    def _read(self, unit: ScoringUnit, probabilities: FloatArray, offsets: IntArray) -> Score:
        return Score(
            values=probabilities,
            raw=np.log(probabilities / (1 - probabilities)),
            offsets=offsets,
        )

    def score_batch(
        self, units: Sequence[ScoringUnit], cancellation: Cancellation | None = None
    ) -> list[Score | UnitError]:
        outcomes: list[Score | UnitError] = []
        for unit in units:
            try:
                outcomes.append(self.score(unit, cancellation))
            except UnitError as error:
                outcomes.append(error)
        return outcomes

    def write(self, writing: Writing, cancellation: Cancellation | None = None) -> list[Sampled]:
        self.writings.append(writing)
        if not self._writes:
            raise BundleUnsupported("fake: this bundle scores code and cannot write it")
        texts = [_WORD.findall(text) for text in self._writes[: writing.samples]]
        found = [Sampled("", finished=False)] * len(texts)
        for number in range(min(max(map(len, texts)), writing.max_tokens)):
            for index, words in enumerate(texts):
                if not writing.stop(found[index].text):
                    found[index] = Sampled("".join(words[: number + 1]), finished=number + 1 >= len(words))
            writing.progress(list(found))
            self._wait(cancellation)
        return found

    def _wait(self, cancellation: Cancellation | None) -> None:
        while self._gate is not None and not self._gate.wait(0.005):
            if cancellation is not None:
                cancellation.raise_if_cancelled()
        if cancellation is not None:
            cancellation.raise_if_cancelled()
