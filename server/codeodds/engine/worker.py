"""One inference thread that never dies: latest request wins, equal units are scored once.

A request has a key (for an editor: document and function). A newer request with the same key takes the older one's
place, whether that still waits or already runs. What a person waits for goes first, and pushes aside a run for which
nobody does; that run goes on later, from the tokens that the engine's cache holds.

The scorer is opened in the thread, at the first request, and closed when nothing was asked of it for a while.
"""

from __future__ import annotations

import enum
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass, field, replace
from typing import Any

from codeodds.engine.api import Cancellation, Scorer, ScorerInfo
from codeodds.engine.memo import MEMO_LIMIT_MB, ScoreMemo
from codeodds.engine.memory import release_memory
from codeodds.errors import CodeoddsError, EngineError, ModelChanged, Superseded, UnitError
from codeodds.types import Score, ScoringUnit

logger = logging.getLogger(__name__)


class Priority(enum.IntEnum):
    """Which request goes first; equal ones in the order in which they came."""

    INTERACTIVE = 0
    """Somebody waits for it: it interrupts a run of another priority."""

    NEAR = 1
    """It belongs to the document that somebody works on."""
    BACKGROUND = 2
    """Nobody waits."""
    SPARE = 3
    """It fills spare time: every request of another priority interrupts it."""

    def interrupts(self, running: Priority) -> bool:
        return self < running and (self is Priority.INTERACTIVE or running is Priority.SPARE)


class ModelState(enum.Enum):
    """What becomes of the scorer."""

    LOADING = "loading"
    READY = "ready"
    FAILED = "failed"
    UNLOADED = "unloaded"


@dataclass(frozen=True, slots=True)
class Counters:
    """What the worker did so far."""

    runs: int = 0
    """Units to score."""
    interrupted: int = 0
    """Of these, runs that ended early, because they were superseded or pushed aside."""
    remembered: int = 0
    """Requests answered without a run, from the scores of equal units."""
    cached_tokens: int = 0
    """Tokens of completed runs that the prefix cache knew."""
    computed_tokens: int = 0
    """Tokens of completed runs that the model ran."""
    loads: int = 0
    """How often the scorer was opened."""
    unloads: int = 0
    """How often it was closed because nothing was asked of it."""


Outcome = Score | UnitError
"""Of one unit of a batch."""

Task = Callable[[Scorer, Cancellation], Any]
"""Runs in the inference thread. It must end soon after it is cancelled, by raising Superseded."""


@dataclass(eq=False, slots=True)
class _Request:
    key: str
    units: tuple[ScoringUnit, ...]
    batch: bool
    """Whether the future takes the outcomes of all units, or the score of the only one."""
    priority: Priority
    task: Task | None = None
    """What to do instead of scoring units."""
    future: Future[Any] = field(default_factory=Future)
    cancellation: Cancellation = field(default_factory=Cancellation)
    given_up: bool = False

    def asks_for(self, other: _Request) -> bool:
        """Whether what answers this one answers the other too."""
        return (self.units, self.batch, self.task) == (other.units, other.batch, other.task)


class ScoringWorker:
    """Owns a scorer and the thread that calls it. All methods may be called from any thread."""

    def __init__(
        self,
        open_scorer: Callable[[], Scorer],
        *,
        idle_unload_s: float | None = None,
        memo_limit_mb: float = MEMO_LIMIT_MB,
    ) -> None:
        """`idle_unload_s`: the scorer is closed after this many seconds without a request; None or 0 keeps it open.
        `memo_limit_mb` bounds the memory of scores, in units of 1,000,000 bytes; the scorer has a cache of its own.
        """
        self.on_model: list[Callable[[ModelState], None]] = []
        """Called in the inference thread. Must not block."""
        self._open_scorer = open_scorer
        self._idle_unload_s = idle_unload_s
        self._scorer: Scorer | None = None
        self._info: ScorerInfo | None = None
        self._generation = 0
        self._opened_generation = 0
        self._waiting: OrderedDict[str, _Request] = OrderedDict()
        self._running: _Request | None = None
        self._memo = ScoreMemo(memo_limit_mb)
        self._counters = Counters()
        self._changed = threading.Condition()
        self._closed = False
        self._thread: threading.Thread | None = None

    @property
    def info(self) -> ScorerInfo | None:
        """The scorer's info, also while it is unloaded; None before the first score and after `reload`."""
        return self._info

    @property
    def counters(self) -> Counters:
        return self._counters

    def submit(self, key: str, unit: ScoringUnit, priority: Priority = Priority.BACKGROUND) -> Future[Score]:
        """Score a unit; the future of an older request with this key fails with Superseded.

        While a request with the same key and unit is pending, its future is returned: do not cancel futures, call
        `cancel`.

        The future fails with what `Scorer.score` raises, with the error of opening the scorer (a later request tries
        again), or with Superseded after `cancel` or `close`.
        """
        return self._submit(_Request(key, (unit,), False, priority))

    def submit_batch(
        self, key: str, units: Sequence[ScoringUnit], priority: Priority = Priority.BACKGROUND
    ) -> Future[list[Outcome]]:
        """As `submit`, for units that start alike. The future has a score or a UnitError for each, in order."""
        return self._submit(_Request(key, tuple(units), True, priority))

    def submit_task(self, key: str, task: Task, priority: Priority = Priority.BACKGROUND) -> Future[Any]:
        """As `submit`, for anything else that needs the scorer. The future has what the task returns, or fails as it
        does. A task that is interrupted is called again later; equal tasks of one key are one.
        """
        return self._submit(_Request(key, (), True, priority, task))

    def _submit(self, request: _Request) -> Future[Any]:
        aside: _Request | None = None
        with self._changed:
            same = self._pending(request.key)
            if same is not None and same.asks_for(request) and not self._closed:
                same.priority = min(same.priority, request.priority)
                return same.future
            replaced = self._take(request.key)
            known = [] if self._closed else [self._memo.get(unit) for unit in request.units]
            if self._closed:
                replaced.append(request)
            elif request.task is None and all(score is not None for score in known):
                self._count(remembered=len(known))
                request.future.set_result(known if request.batch else known[0])
            else:
                self._waiting[request.key] = request
                self._ensure_thread()
                aside = self._running
                self._changed.notify()
        _fail(replaced)
        if aside is not None and request.priority.interrupts(aside.priority):
            # It was not given up, so the thread puts it back among those that wait.
            aside.cancellation.cancel()
        return request.future

    def known(self, unit: ScoringUnit) -> Score | None:
        """The score of an equal unit, if it is remembered. Starts no run."""
        with self._changed:
            return self._memo.get(unit)

    def cancel(self, key: str) -> None:
        """Give up the request with this key, if there is one."""
        with self._changed:
            given_up = self._take(key)
        _fail(given_up)

    def configure(self, *, idle_unload_s: float | None, memo_limit_mb: float | None = None) -> None:
        """Change the limits. Another limit of memory forgets the scores that were remembered."""
        with self._changed:
            self._idle_unload_s = idle_unload_s
            if memo_limit_mb is not None:
                self._memo = ScoreMemo(memo_limit_mb)
            self._changed.notify_all()

    def reload(self, open_scorer: Callable[[], Scorer] | None = None) -> None:
        """Close the scorer, forget its scores, and open it anew at the next request, with `open_scorer` if given.

        Requests that wait or run are kept, and scored by the new scorer.
        """
        with self._changed:
            self._open_scorer = open_scorer or self._open_scorer
            self._generation += 1
            self._memo.clear()
            self._info = None
            running = self._running
            self._changed.notify_all()
        if running is not None:
            running.cancellation.cancel()

    def close(self, wait_s: float = 5.0) -> bool:
        """End the thread. What waits or runs fails with Superseded; later requests do so at once.

        Returns whether the thread ended within `wait_s` seconds: a run can be terminated, opening a scorer can't.
        """
        with self._changed:
            self._closed = True
            given_up = [*self._waiting.values()]
            self._waiting.clear()
            if self._running is not None:
                given_up.append(self._running)
            for request in given_up:
                request.given_up = True
            self._changed.notify_all()
            thread = self._thread
        _fail(given_up)
        if thread is None or thread is threading.current_thread():
            return True
        thread.join(timeout=wait_s)
        return not thread.is_alive()

    def _pending(self, key: str) -> _Request | None:
        """The newest request of a key that was not given up. Call with the lock held."""
        if key in self._waiting:
            return self._waiting[key]
        running = self._running
        if running is None or running.key != key or running.given_up or running.future.done():
            return None
        return running

    def _take(self, key: str) -> list[_Request]:
        """The waiting and running requests of a key, given up. Call with the lock held."""
        taken = [request for request in (self._waiting.pop(key, None),) if request is not None]
        if self._running is not None and self._running.key == key:
            taken.append(self._running)
        for request in taken:
            request.given_up = True
        return taken

    def _count(self, **more: int) -> None:
        """Call with the lock held."""
        self._counters = replace(
            self._counters, **{name: getattr(self._counters, name) + count for name, count in more.items()}
        )

    def _ensure_thread(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="codeodds-inference", daemon=True)
            self._thread.start()

    def _work(self) -> None:
        while True:
            request = self._next()
            if request is None:
                self._scorer = None
                return
            try:
                self._score(request)
            finally:
                with self._changed:
                    self._running = None
                    if not (request.given_up or request.future.done() or self._closed):
                        request.cancellation = Cancellation()
                        self._waiting[request.key] = request
                        self._waiting.move_to_end(request.key, last=False)

    def _next(self) -> _Request | None:
        """Wait for a request, and unload the scorer if none comes; None at the end."""
        while True:
            with self._changed:
                if self._closed:
                    return None
                if self._waiting:
                    first = min(self._waiting.values(), key=lambda request: request.priority)
                    self._running = self._waiting.pop(first.key)
                    return self._running
                stale = self._scorer is not None and self._opened_generation != self._generation
                idle = (self._idle_unload_s or None) if self._scorer is not None else None
                notified = stale or self._changed.wait(idle)
                if (notified and not stale) or self._waiting or self._closed:
                    continue
                # Freed outside the lock: an event loop may wait for it.
                unloaded, self._scorer = self._scorer, None
                self._count(unloads=1)
            del unloaded
            release_memory()
            self._tell(ModelState.UNLOADED)

    def _score(self, request: _Request) -> None:
        generation = self._generation
        started = 0
        try:
            request.cancellation.raise_if_cancelled()
            scorer = self._opened(generation)
            with self._changed:
                known = [self._memo.get(unit) for unit in request.units]
                started = known.count(None)
                self._count(runs=started, remembered=len(known) - started)
            if request.task is not None:
                _settle(request, request.task(scorer, request.cancellation))
                return
            outcomes = _outcomes(request, known, scorer)
        except Superseded as error:
            with self._changed:
                self._count(interrupted=started)
                settle = request.given_up or self._closed
            if settle:
                _settle(request, error)
        except ModelChanged as error:
            self.reload()
            _settle(request, error)
        except CodeoddsError as error:
            _settle(request, error)
        except Exception as error:
            # Whatever it is, the thread must live. Its text may quote user code, so only its type is logged.
            logger.error("scoring failed: %s", type(error).__name__)
            _settle(request, EngineError(f"scoring failed unexpectedly ({type(error).__name__}); restart the server"))
        else:
            with self._changed:
                if generation != self._generation:
                    return
                for unit, before, outcome in zip(request.units, known, outcomes, strict=True):
                    if before is None and isinstance(outcome, Score):
                        self._memo.put(unit, outcome)
                        self._count(cached_tokens=outcome.cached_tokens, computed_tokens=outcome.computed_tokens)
            _settle(request, outcomes if request.batch else outcomes[0])

    def _opened(self, generation: int) -> Scorer:
        """Raises: BundleError, and whatever else opening a scorer raises."""
        if self._scorer is not None and self._opened_generation == generation:
            return self._scorer
        self._scorer = None
        self._tell(ModelState.LOADING)
        try:
            scorer = self._open_scorer()
        except BaseException:
            self._tell(ModelState.FAILED)
            raise
        with self._changed:
            self._scorer = scorer
            self._opened_generation = generation
            if generation == self._generation:
                self._info = scorer.info
            self._count(loads=1)
        self._tell(ModelState.READY)
        return scorer

    def _tell(self, state: ModelState) -> None:
        for listener in self.on_model:
            try:
                listener(state)
            except Exception as error:
                logger.error("a listener failed: %s", type(error).__name__)


def _fail(requests: list[_Request]) -> None:
    """Outside the lock: callbacks of futures may call back into the worker."""
    for request in requests:
        request.cancellation.cancel()
        _settle(request, Superseded("a newer request took this one's place, or it was cancelled"))


def _outcomes(request: _Request, known: list[Score | None], scorer: Scorer) -> list[Outcome]:
    """What came of each unit; only those whose score is not known run. Raises: what the scorer raises."""
    if not request.batch:
        return [known[0] or scorer.score(request.units[0], request.cancellation)]
    missing = [unit for unit, score in zip(request.units, known, strict=True) if score is None]
    found = iter(scorer.score_batch(missing, request.cancellation) if missing else ())
    return [next(found) if score is None else score for score in known]


def _settle(request: _Request, outcome: Any) -> None:
    """Set the future's outcome, unless another thread already did or its owner cancelled it."""
    try:
        if isinstance(outcome, CodeoddsError):
            request.future.set_exception(outcome)
        else:
            request.future.set_result(outcome)
    except InvalidStateError:
        return
