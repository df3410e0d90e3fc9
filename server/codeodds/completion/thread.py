"""One thread that asks Jedi, so that a slow answer holds nothing up, not even the end of the process."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future

from codeodds.completion.names import Names

Question = Callable[[], Names]


class NameThread:
    """Answers questions one after the other. One that was cancelled before its turn is passed over."""

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[tuple[Future[Names], Question]] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def submit(self, question: Question) -> Future[Names]:
        """Ask; the thread starts with the first question."""
        future: Future[Names] = Future()
        self._waiting.put((future, question))
        if self._thread is None:
            # Nothing can end a run within Jedi. What is still running goes with the process.
            self._thread = threading.Thread(target=self._run, name="codeodds-completion", daemon=True)
            self._thread.start()
        return future

    def _run(self) -> None:
        while True:
            future, question = self._waiting.get()
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(question())
            except Exception as error:
                future.set_exception(error)
