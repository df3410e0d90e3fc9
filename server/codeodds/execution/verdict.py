"""What the judge is asked and what it says."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

Verdict = Literal[
    "pass", "wrong answer", "runtime error", "time limit", "memory limit", "syntax error", "infrastructure error"
]
"""`infrastructure error`: nothing is known of the program, because the judge or the tests failed."""

Network = Literal["namespace", "blocked sockets"]
"""What kept the program off the network: a network namespace of its own, or an audit hook that refuses sockets."""


class Call(msgspec.Struct, frozen=True):
    """One call and what it may return. Tuples count as lists, floats agree to 1e-6."""

    arguments: list[Any]
    accepted: list[Any]
    """Any of these values is right."""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One program and its tests, of exactly one kind."""

    program: str
    tests: list[str] | None = None
    """Statements, run in order in one namespace, `assert` among them."""
    inputs: list[str] | None = None
    """Texts for stdin, one run of the program each."""
    outputs: list[str] | None = None
    """What each run must print. White space at the ends of lines and of the text does not count."""
    calls: list[Call] | None = None
    """Calls of `entry_point`."""
    observe: list[str] | None = None
    """Arguments of calls of `entry_point` that are watched and not tested, each a tuple as a Python literal."""
    entry_point: str | None = None
    """A function (``f``), or a method of a class without arguments (``Solution.f``)."""
    time_limit_s: Annotated[float, msgspec.Meta(gt=0, le=3600)] = 5.0
    """CPU seconds of one run; in wall time twice as much and a second."""
    memory_limit_mb: Annotated[int, msgspec.Meta(ge=16, le=65_536)] = 512


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """The judgement of one job."""

    verdict: Verdict
    detail: str = ""
    """One sentence: what failed, and where."""
    seconds: float = 0.0
    """Wall time of all runs."""
    cpu_s: float = 0.0
    """CPU seconds of the longest run. Unlike wall time it hardly depends on what else the machine does."""
    network: Network = "namespace"
    observed: list[str] | None = None
    """What each call of an `observe` job did, in their order: ``=`` and a digest of the value, or ``!`` and what ended
    it. Empty if there was nothing to call. The verdict of such a job is "pass" if the calls could be made at all: it
    does not say that the program is right."""

    @property
    def passed(self) -> bool:
        return self.verdict == "pass"
