"""What every scorer offers. Front ends depend on this module, never on a particular engine."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from codeodds.engine.keyvalues import KeyValues
from codeodds.errors import Superseded, UnitError
from codeodds.types import FloatArray, IntArray, Score, ScoringUnit

if TYPE_CHECKING:
    from codeodds.bundle.tokenization import CodeTokenizer

MEMORY_LIMIT_MB = 64
"""Memory of the prefix cache unless told otherwise, in units of 1,000,000 bytes: some 15 functions that are being
edited, or one of 4,000 tokens. Scoring a file of 129 functions ran 0.06 % fewer tokens with 256 MB than with 32."""


class Cancellation:
    """A one-way switch that ends a run from another thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cancelled = False
        self._callback: Callable[[], None] | None = None

    @property
    def cancelled(self) -> bool:
        return self._cancelled

    def cancel(self) -> None:
        """Ask the run to end. Calling it again, or after the run ended, does nothing."""
        with self._lock:
            already, self._cancelled = self._cancelled, True
            callback = self._callback
        if callback is not None and not already:
            callback()

    def bind(self, callback: Callable[[], None] | None) -> None:
        """Call `callback` once on cancellation; at once if it already happened. None unbinds."""
        with self._lock:
            self._callback = callback
            fire = self._cancelled and callback is not None
        if fire and callback is not None:
            callback()

    def raise_if_cancelled(self) -> None:
        """Raises: Superseded if `cancel` was called."""
        if self._cancelled:
            raise Superseded("the request was cancelled or a newer version took its place")


class MeasuredThreshold(NamedTuple):
    """What pointing at functions below a probability was worth on held-out problems."""

    probability: float
    precision: float
    """Share of the functions below it that failed their tests."""
    recall: float
    """Share of all failing functions that were below it."""


class MeasuredOdds(NamedTuple):
    """What pointing at functions with a more likely edit was worth on held-out functions."""

    threshold: float
    """Log-odds of the edit, in nats, from which it counts."""
    right_flagged: float
    """Share of right functions that were pointed at."""
    slips_found: float
    """Share of functions with one slip that were."""


@dataclass(frozen=True, slots=True)
class ScorerInfo:
    """What a front end needs to know of the model behind a scorer in order to show its values honestly."""

    name: str
    """Name of the bundle."""

    version: str
    """Version of the bundle."""

    max_tokens: int
    """Safe context length: units with more tokens raise `UnitTooLong`."""

    min_solution_tokens: int
    """Units with fewer solution tokens are too unfinished to be judged; front ends show nothing for them."""

    low_probability: float
    """A function whose probability is below this may be pointed at."""

    low_precision: float | None
    """Share of functions below `low_probability` that failed their tests, measured on held-out problems."""

    min_prefix_fraction: float = 0.0
    """Values read before this share of the solution's tokens are not worth showing."""

    calibration: str = ""
    """Names the calibration: its method and the first digits of a hash of its parameters."""

    thresholds: tuple[MeasuredThreshold, ...] = ()
    """What was measured at thresholds of the probability, lowest first."""

    odds: MeasuredOdds | None = None
    """None if the bundle cannot compare code with its alternatives."""


@dataclass(frozen=True, slots=True)
class ScorerOptions:
    """How a scorer is opened."""

    model: Path | None = None
    """Folder of the bundle; None means the one that the front end was started with, or the default bundle."""

    threads: int = 2
    """Threads that the model may use, at least 1."""

    memory_limit_mb: float = MEMORY_LIMIT_MB
    """Limit of the prefix cache, in units of 1,000,000 bytes; 0 caches nothing."""


class Sampled(NamedTuple):
    """One way to go on after a prompt, as far as it is written."""

    text: str
    finished: bool
    """Whether the model ended it: neither a limit nor whoever asked did."""


@dataclass(frozen=True, slots=True)
class Writing:
    """What to sample from the bundle's language model."""

    prompt: str
    samples: int
    """At least 1."""
    max_tokens: int
    """Longest sample, at least 1."""
    temperature: float = 0.8
    """0 takes the most probable token each time."""
    min_p: float = 0.05
    """Tokens less probable than this share of the most probable one are never taken; 0 to 1."""
    seed: int = 0
    """Equal seeds, equal samples, on the same machine. At least 0."""
    stop: Callable[[str], bool] = lambda text: False
    """Whether a sample's text needs no more. Called in the thread that runs the model."""
    progress: Callable[[list[Sampled]], None] = lambda found: None
    """Told of all samples after each token; called like `stop`. A run that begins anew tells from the start."""

    def __call__(self, scorer: Scorer, cancellation: Cancellation) -> list[Sampled]:
        """As a task of `codeodds.engine.worker.ScoringWorker`."""
        return scorer.write(self, cancellation)


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """What the language model says of one text of n tokens."""

    ids: IntArray
    """int64 [n]."""
    own: FloatArray
    """Log-probability of each token given those before it, float32 [n]; 0 for those that were not asked about."""
    likeliest: IntArray
    """The likeliest tokens at each place, the first first, int64 [n, k]."""
    likeliest_logs: FloatArray
    """Their log-probabilities, float32 [n, k]."""
    asked: FloatArray
    """Log-probabilities of the tokens that were asked for, in order, float32."""
    lower: KeyValues
    upper: KeyValues
    """What both graphs remember of the n tokens."""


class LanguageModel(Protocol):
    """How likely tokens are; `codeodds.engine.language.Language` says more."""

    @property
    def tokenizer(self) -> CodeTokenizer: ...

    def read(
        self, ids: IntArray, start: int, asked: Sequence[tuple[int, int]], cancellation: Cancellation
    ) -> Reading: ...

    def read_rows(
        self, reading: Reading, rows: Sequence[tuple[int, IntArray]], cancellation: Cancellation
    ) -> list[tuple[FloatArray, IntArray]]: ...


class Scorer(Protocol):
    """Scores units one at a time. Not safe for concurrent calls: `ScoringWorker` owns the thread that calls it."""

    @property
    def info(self) -> ScorerInfo: ...

    @property
    def language(self) -> LanguageModel:
        """What says how likely tokens are.

        Raises: BundleUnsupported for a bundle without a language model.
        """
        ...

    def score(self, unit: ScoringUnit, cancellation: Cancellation | None = None) -> Score:
        """Score one unit.

        Raises: UnitEmpty, UnitTooLong, UnitNotText for a unit that cannot be judged; Superseded when cancelled.
        """
        ...

    def score_batch(
        self, units: Sequence[ScoringUnit], cancellation: Cancellation | None = None
    ) -> list[Score | UnitError]:
        """Score several units that start alike, such as one function with several bodies, for less than one by one.

        Returns: for each unit what `score` returns, or the UnitError that it raises.

        Raises: Superseded when cancelled.
        """
        ...

    def write(self, writing: Writing, cancellation: Cancellation | None = None) -> list[Sampled]:
        """Sample ways to go on after a prompt.

        Raises: BundleUnsupported for a bundle that only scores; UnitTooLong, UnitNotText, UnitEmpty for a prompt that
        cannot be read; Superseded when cancelled, with what `progress` was told left to whoever asked.
        """
        ...
