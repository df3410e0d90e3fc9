"""One inference thread that never dies: latest request wins, equal units are scored once.

A request has a key (for an editor: document and function). A newer request with the same key takes the older one's
place, whether that still waits or already runs. The scorer is opened in the thread, at the first request.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass, field

from codeodds.engine.api import Cancellation, Scorer, ScorerInfo
from codeodds.errors import CodeoddsError, EngineError, Superseded
from codeodds.types import Score, ScoringUnit

logger = logging.getLogger(__name__)

MEMO_SCORES = 1_000
"""Scores remembered by their unit: typing in one function never rescores another, nor does undo."""


@dataclass(eq=False, slots=True)
class _Request:
    key: str
    unit: ScoringUnit
    future: Future[Score] = field(default_factory=Future)
    cancellation: Cancellation = field(default_factory=Cancellation)


class ScoringWorker:
    """Owns a scorer and the thread that calls it. All methods may be called from any thread."""

    def __init__(self, open_scorer: Callable[[], Scorer]) -> None:
        self._open_scorer = open_scorer
        self._scorer: Scorer | None = None
        self._waiting: OrderedDict[str, _Request] = OrderedDict()
        self._running: _Request | None = None
        self._memo: OrderedDict[ScoringUnit, Score] = OrderedDict()
        self._changed = threading.Condition()
        self._closed = False
        self._thread: threading.Thread | None = None

    @property
    def info(self) -> ScorerInfo | None:
        """The open scorer's info; None before the first score."""
        return None if self._scorer is None else self._scorer.info

    def submit(self, key: str, unit: ScoringUnit) -> Future[Score]:
        """Score a unit; the future of an older request with this key fails with Superseded.

        While a request with the same key and unit is pending, its future is returned: do not cancel futures, call
        `cancel`.

        The future fails with what `Scorer.score` raises, with the error of opening the scorer (a later request tries
        again), or with Superseded after `cancel` or `close`.
        """
        request = _Request(key, unit)
        with self._changed:
            same = self._pending(key)
            if same is not None and same.unit == unit and not self._closed:
                return same.future
            replaced = self._take(key)
            if self._closed:
                replaced.append(request)
            elif unit in self._memo:
                self._memo.move_to_end(unit)
                request.future.set_result(self._memo[unit])
            else:
                self._waiting[key] = request
                self._ensure_thread()
                self._changed.notify()
        _fail(replaced)
        return request.future

    def cancel(self, key: str) -> None:
        """Give up the request with this key, if there is one."""
        with self._changed:
            given_up = self._take(key)
        _fail(given_up)

    def close(self) -> None:
        """End the thread. What waits or runs fails with Superseded; later requests do so at once."""
        with self._changed:
            self._closed = True
            given_up = [*self._waiting.values()]
            self._waiting.clear()
            if self._running is not None:
                given_up.append(self._running)
            self._changed.notify_all()
            thread = self._thread
        _fail(given_up)
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout=5)

    def _pending(self, key: str) -> _Request | None:
        """The newest request of a key that was not given up. Call with the lock held."""
        if key in self._waiting:
            return self._waiting[key]
        running = self._running
        if running is None or running.key != key or running.future.done():
            return None
        return running

    def _take(self, key: str) -> list[_Request]:
        """The waiting and running requests of a key, no longer waiting. Call with the lock held."""
        taken = [request for request in (self._waiting.pop(key, None),) if request is not None]
        if self._running is not None and self._running.key == key:
            taken.append(self._running)
        return taken

    def _ensure_thread(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="codeodds-inference", daemon=True)
            self._thread.start()

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._waiting and not self._closed:
                    self._changed.wait()
                if self._closed:
                    return
                _, request = self._waiting.popitem(last=False)
                self._running = request
            try:
                self._score(request)
            finally:
                with self._changed:
                    self._running = None

    def _score(self, request: _Request) -> None:
        try:
            request.cancellation.raise_if_cancelled()
            with self._changed:
                known = self._memo.get(request.unit)
            if self._scorer is None:
                self._scorer = self._open_scorer()
            score = known or self._scorer.score(request.unit, request.cancellation)
        except CodeoddsError as error:
            _settle(request, error)
        except Exception as error:
            # Whatever it is, the thread must live. Its text may quote user code, so only its type is logged.
            logger.error("scoring failed: %s", type(error).__name__)
            _settle(request, EngineError(f"scoring failed unexpectedly ({type(error).__name__}); restart the server"))
        else:
            with self._changed:
                self._memo[request.unit] = score
                while len(self._memo) > MEMO_SCORES:
                    self._memo.popitem(last=False)
            _settle(request, score)


def _fail(requests: list[_Request]) -> None:
    """Outside the lock: callbacks of futures may call back into the worker."""
    for request in requests:
        request.cancellation.cancel()
        _settle(request, Superseded("a newer request took this one's place, or it was cancelled"))


def _settle(request: _Request, outcome: Score | CodeoddsError) -> None:
    """Set the future's outcome, unless another thread already did or its owner cancelled it."""
    try:
        if isinstance(outcome, CodeoddsError):
            request.future.set_exception(outcome)
        else:
            request.future.set_result(outcome)
    except InvalidStateError:
        return
