"""The thread that asks Jedi."""

from __future__ import annotations

import threading

import pytest

from codeodds.completion.names import Name, Names
from codeodds.completion.thread import NameThread

WAIT_S = 60


def answer(text: str) -> Names:
    return Names((Name(text, "param"),), 1)


def test_one_after_the_other_and_a_cancelled_question_is_not_asked() -> None:
    thread, gate = NameThread(), threading.Event()
    asked: list[str] = []

    def ask(text: str) -> Names:
        asked.append(text)
        assert gate.wait(WAIT_S)
        return answer(text)

    first, second, third = (thread.submit(lambda text=text: ask(text)) for text in "abc")  # type: ignore[misc]
    assert second.cancel()
    gate.set()
    assert (first.result(WAIT_S), third.result(WAIT_S)) == (answer("a"), answer("c"))
    assert asked == ["a", "c"]


def test_an_error_is_the_outcome_and_the_thread_goes_on() -> None:
    thread = NameThread()

    def fail() -> Names:
        raise ValueError("x")

    failed = thread.submit(fail)
    assert thread.submit(lambda: answer("b")).result(WAIT_S) == answer("b")
    with pytest.raises(ValueError, match="x"):
        failed.result(WAIT_S)
