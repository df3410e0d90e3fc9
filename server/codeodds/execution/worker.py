"""A judging process: takes jobs on stdin, writes outcomes on stdout, has one sandbox.

    python -m codeodds.execution.worker INDEX ISOLATION

Tests run here, in a process that holds nothing of value and gave up its privileges; programs run in its sandbox.
"""

from __future__ import annotations

import importlib
import math
import os
import resource
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from codeodds.execution.checker import Finding, TestsUnusable, check_calls, check_statements
from codeodds.execution.inside import isolation
from codeodds.execution.inside.wire import Closed, WireError
from codeodds.execution.inside.zygote import PRELOADED
from codeodds.execution.observe import NOT_RUN, PENDING, observe_calls
from codeodds.execution.sandbox import Exit, Run, Sandbox, SandboxError
from codeodds.execution.stand_ins import ProgramFailed, Session, describe
from codeodds.execution.stdio import TooMuchOutput, input_file, most_output, read_output, same_output
from codeodds.execution.verdict import Job, Outcome

WORKER_UID = 60_999
"""Who tests run as when the judge is started as root."""

MEMORY_MB = 2_048
"""Of a worker: tests may go through results of any size."""

MOST_ENDINGS = 2
"""How many watched calls may end their process before the rest is given up."""


FOR_TESTS = (
    "base64",
    "collections.abc",
    "csv",
    "hashlib",
    "inspect",
    "pathlib",
    "tempfile",
    "unittest.mock",
    "urllib.parse",
)
"""Loaded before privileges are dropped: the interpreter may lie where only its owner can read."""


class Deadline(BaseException):
    """The wall time of a run is over."""


class Worker:
    """Judges one job after the other."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox

    def judge(self, job: Job) -> Outcome:
        """The outcome of a job. Never raises for anything that program or tests do."""
        start = time.perf_counter()
        exits: list[Exit] = []
        observed: list[str] | None = None
        try:
            if job.observe is None:
                verdict, detail = self._judge(job, exits)
            else:
                observed = []
                verdict, detail = self._observe(job, exits, observed)
        except TestsUnusable as error:
            verdict, detail = "infrastructure error", str(error)
        except (SandboxError, OSError) as error:
            verdict, detail = "infrastructure error", f"the sandbox failed: {error}"
        return Outcome(
            verdict=verdict,
            detail=detail,
            seconds=round(time.perf_counter() - start, 4),
            cpu_s=round(max((exit.cpu_s for exit in exits), default=0.0), 4),
            network=self.sandbox.network,
            observed=observed,
        )

    def _observe(self, job: Job, exits: list[Exit], observed: list[str]) -> Finding:
        """Fill `observed`. A call that ends its process is noted, and those that follow get a process of their own."""
        arguments, entry_point = job.observe or [], job.entry_point or ""
        for _ in range(MOST_ENDINGS + 1):
            before = len(observed)
            finding = self._converse(
                job, exits, lambda session: observe_calls(session, job.program, entry_point, arguments, observed)
            )
            if len(observed) == before and not before:
                # It does not load, or defines nothing to call.
                return finding
            if observed[-1] == PENDING:
                observed[-1] = f"!{finding[0]}"
            if len(observed) in (before, len(arguments)):
                break
        observed += [NOT_RUN] * (len(arguments) - len(observed))
        return "pass", ""

    def _judge(self, job: Job, exits: list[Exit]) -> Finding:
        if job.tests is not None:
            tests = job.tests
            return self._converse(job, exits, lambda session: check_statements(session, job.program, tests))
        if job.calls is not None:
            entry_point, calls = job.entry_point or "", job.calls
            return self._converse(job, exits, lambda session: check_calls(session, job.program, entry_point, calls))
        if job.inputs is None or job.outputs is None or len(job.inputs) != len(job.outputs):
            raise TestsUnusable("a job needs `tests`, `calls`, `observe`, or as many `inputs` as `outputs`")
        for number, (text, expected) in enumerate(zip(job.inputs, job.outputs, strict=True), 1):
            verdict, detail = self._run_once(job, exits, text, expected)
            if verdict != "pass":
                return verdict, f"input {number}: {detail}"
        return "pass", ""

    def _converse(self, job: Job, exits: list[Exit], check: Any) -> Finding:
        finding: Finding
        with self.sandbox.run("calls", _cpu_limit(job), job.memory_limit_mb) as run:
            try:
                with alarm(_wall_limit(job)):
                    session = Session(run.channel)
                    finding = check(session)
                    if session.failure is not None:
                        raise session.failure
            except ProgramFailed as error:
                finding = self._explain(error, run, job)
            except Deadline:
                finding = "time limit", f"not finished after {_wall_limit(job):.1f} s"
            except TestsUnusable:
                raise
            except Exception as error:
                raise TestsUnusable(f"the tests failed by themselves ({type(error).__name__})") from error
            except SystemExit as error:
                raise TestsUnusable("the tests call sys.exit") from error
            run.kill()
            exit = run.wait()
            exits.append(exit)
        if finding[0] in ("pass", "wrong answer") and exit.cpu_s > job.time_limit_s:
            return "time limit", f"{exit.cpu_s:.1f} CPU seconds; {job.time_limit_s:g} are allowed"
        return finding

    def _explain(self, error: ProgramFailed, run: Run, job: Job) -> Finding:
        """What a program that is no longer there died of."""
        if not error.gone:
            return error.kind, error.text
        try:
            with alarm(_wall_limit(job)):
                exit = run.wait()
        except Deadline:
            return "runtime error", "the program closed its side of the conversation"
        return _died(exit, job) or ("runtime error", error.text)

    def _run_once(self, job: Job, exits: list[Exit], text: str, expected: str) -> Finding:
        reading, writing = os.pipe()
        report: list[Any] | None = None
        printed = b""
        finding: Finding | None = None
        try:
            with (
                input_file(text) as stdin,
                self.sandbox.run("main", _cpu_limit(job), job.memory_limit_mb, stdin, writing) as run,
            ):
                os.close(writing)
                writing = -1
                try:
                    with alarm(_wall_limit(job)):
                        run.channel.send(["main", job.program])
                        printed = read_output(reading, run, most_output(expected))
                        report = _last_words(run)
                        run.wait()
                except Closed:
                    finding = None
                except Deadline:
                    finding = "time limit", f"not finished after {_wall_limit(job):.1f} s"
                except TooMuchOutput:
                    finding = "wrong answer", f"more than {most_output(expected):,} bytes of output"
                run.kill()
                exit = run.wait()
                exits.append(exit)
        finally:
            os.close(reading)
            if writing >= 0:
                os.close(writing)
        if finding is not None:
            return finding
        if report is not None:
            return _reported(report)
        died = _died(exit, job)
        if died is not None:
            return died
        if exit.cpu_s > job.time_limit_s:
            return "time limit", f"{exit.cpu_s:.1f} CPU seconds; {job.time_limit_s:g} are allowed"
        if exit.status != 0:
            return "runtime error", f"exit status {exit.status}"
        if same_output(printed.decode("utf-8", "replace"), expected):
            return "pass", ""
        return "wrong answer", "another output"


def _reported(report: list[Any]) -> Finding:
    """What a program says that it died of. It can lie only to its own harm: nothing that it says is a pass."""
    try:
        kind, name, _, text, line = report
    except (TypeError, ValueError):
        return "runtime error", "the program broke the judge's side of its process"
    if kind == "syntax":
        return "syntax error", describe(name, text, line)
    return "memory limit" if kind == "memory" else "runtime error", describe(name, text, line)


def _last_words(run: Run) -> list[Any] | None:
    try:
        words = run.channel.receive()
    except (Closed, WireError):
        return None
    return words if isinstance(words, list) else []


def _died(exit: Exit, job: Job) -> Finding | None:
    """Why a signal ended a run that nobody ended from outside; None if it ended otherwise."""
    if exit.killed or exit.status >= 0:
        return None
    # The kernel counts whole ticks for its limit: on a busy machine they add up to more than the time that was used.
    used = {int(signal.SIGXCPU): 0.5, int(signal.SIGKILL): 0.9}.get(-exit.status)
    if used is not None and exit.cpu_s >= used * job.time_limit_s:
        return "time limit", f"{exit.cpu_s:.1f} CPU seconds; {job.time_limit_s:g} are allowed"
    if -exit.status == signal.SIGKILL or exit.peak_mb > 0.9 * job.memory_limit_mb:
        return "memory limit", f"{exit.peak_mb:.0f} MB; {job.memory_limit_mb} are allowed"
    known = {entry.value: entry.name for entry in signal.Signals}
    return "runtime error", f"ended by {known.get(-exit.status, f'signal {-exit.status}')}"


def _cpu_limit(job: Job) -> int:
    return math.ceil(job.time_limit_s)


def _wall_limit(job: Job) -> float:
    return 2 * job.time_limit_s + 1


@contextmanager
def alarm(seconds: float) -> Iterator[None]:
    """Raise Deadline in this thread after so many seconds, and again each half second, should a test swallow it."""

    def ring(*_: object) -> None:
        raise Deadline

    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds, 0.5)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_IGN)


def main() -> None:
    """Read jobs as JSON lines until stdin ends."""
    index, namespaces = int(sys.argv[1]), sys.argv[2] == "namespaces"
    # Tests print where they like; outcomes go where only this function writes.
    out = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        sandbox = Sandbox(index, allow_namespaces=namespaces)
    except SandboxError as error:
        os.write(out, msgspec.json.encode({"error": str(error)}) + b"\n")
        return
    for name in (*PRELOADED, *FOR_TESTS):
        importlib.import_module(name)
    isolation.drop_privileges(isolation.another_user(WORKER_UID))
    isolation.hide_memory()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MB * 2**20, MEMORY_MB * 2**20))
    os.write(out, msgspec.json.encode({"network": sandbox.network}) + b"\n")
    decoder = msgspec.json.Decoder(Job)
    worker = Worker(sandbox)
    for line in sys.stdin.buffer:
        _write(out, msgspec.json.encode(worker.judge(decoder.decode(line))) + b"\n")


def _write(file: int, content: bytes) -> None:
    while content:
        content = content[os.write(file, content) :]


if __name__ == "__main__":
    main()
