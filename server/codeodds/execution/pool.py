"""Several workers at once. Order is kept, a worker that dies is replaced, what is borderline is judged again alone."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

import codeodds
from codeodds.errors import ExecutionError
from codeodds.execution.observe import TIME_LIMIT
from codeodds.execution.verdict import Job, Network, Outcome

BATCH = 256
"""Jobs that are judged before their outcomes are given out; the borderline ones among them are judged twice."""

BORDERLINE = 0.5
"""A run that needed this share of its time limit may go either way on a busy machine."""

ATTEMPTS = 2
"""How often a job is tried when its worker dies under it."""

SLACK_S = 30.0
"""What a worker may take beyond all time limits of a job before it is given up."""


class WorkerProcess:
    """One worker. Replaces itself when it dies."""

    def __init__(self, index: int, namespaces: bool, quiet: bool = False) -> None:
        self._index = index
        self._namespaces = namespaces
        self._errors = subprocess.DEVNULL if quiet else None
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._lock = threading.Lock()
        self._stopped = False
        self.network: Network | None = None

    def judge(self, job: Job) -> Outcome:
        """The outcome, an infrastructure error included.

        Raises: ExecutionError if no sandbox can be made at all.
        """
        for _ in range(ATTEMPTS):
            process = self._ensure()
            assert process.stdin is not None
            assert process.stdout is not None
            runs = len(job.inputs or job.observe or ()) or 1
            timer = threading.Timer(runs * (2 * job.time_limit_s + 1) + SLACK_S, process.kill)
            timer.start()
            try:
                process.stdin.write(msgspec.json.encode(job) + b"\n")
                process.stdin.flush()
                line = process.stdout.readline()
            except OSError:
                line = b""
            finally:
                timer.cancel()
            if line:
                return msgspec.json.decode(line, type=Outcome)
            self.close()
        return Outcome(
            verdict="infrastructure error",
            detail="the worker died twice while the tests ran",
            network=self.network or "blocked sockets",
        )

    def start(self) -> Network:
        """Start the process; says what keeps its programs off the network.

        Raises: ExecutionError if no sandbox can be made.
        """
        self._ensure()
        assert self.network is not None
        return self.network

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def stop(self) -> None:
        """End the process at once, and start none again. From any thread, also while a job is judged."""
        with self._lock:
            self._stopped = True
            if self._process is not None:
                self._process.kill()

    def _ensure(self) -> subprocess.Popen[bytes]:
        if self._process is not None:
            return self._process
        with self._lock:
            if self._stopped:
                raise ExecutionError("the programs were stopped")
            self._process = process = self._start()
        assert process.stdout is not None
        hello = process.stdout.readline()
        answer: dict[str, Any] = msgspec.json.decode(hello) if hello else {"error": "the worker does not start"}
        if "error" in answer:
            self.close()
            raise ExecutionError(f"the judge cannot run programs here: {answer['error']}")
        self.network = answer["network"]
        return process

    def _start(self) -> subprocess.Popen[bytes]:
        package = Path(codeodds.__file__).parent.parent
        namespaces = "namespaces" if self._namespaces else "none"
        # The worker is killed, and may have given up the right to remove what it made: its folders stand in this one.
        self._folder = tempfile.TemporaryDirectory(prefix="codeodds-worker-", ignore_cleanup_errors=True)
        # As /tmp itself: tests that make files run as another user if this process is root's.
        os.chmod(self._folder.name, 0o1777)
        return subprocess.Popen(
            [sys.executable, "-m", "codeodds.execution.worker", str(self._index), namespaces],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env={**os.environ, "PYTHONHASHSEED": "0", "PYTHONPATH": str(package), "TMPDIR": self._folder.name},
            start_new_session=True,
        )


class Pool:
    """Judges many jobs on several workers. Use it as a context."""

    def __init__(self, workers: int, *, namespaces: bool = True, quiet: bool = False) -> None:
        """`namespaces`: False keeps to the weaker isolation, for tests of it. `quiet`: what fails in a worker is not
        written to stderr, where it might quote a program.

        Raises: ExecutionError on a system without fork.
        """
        if os.name != "posix":
            raise ExecutionError("programs are judged on Linux and macOS only; run this command there, or in WSL")
        self._workers = [WorkerProcess(index, namespaces, quiet) for index in range(workers)]

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.close()

    def stop(self) -> None:
        """End all programs at once, from any thread: what is under way raises ExecutionError, and nothing starts."""
        for worker in self._workers:
            worker.stop()

    def require_namespaces(self) -> None:
        """Start a worker, before anything runs in it.

        Raises: ExecutionError unless Linux namespaces keep programs from the network and the files of this machine.
        """
        if self._workers[0].start() != "namespace":
            raise ExecutionError(
                "this system does not let the sandbox use namespaces, so that candidates would not be cut off from its "
                "files and network; run on Linux with user namespaces, or rank without running the candidates"
            )

    def judge(self, jobs: Iterable[Job], done: Callable[[Outcome], None] = lambda _: None) -> Iterator[Outcome]:
        """Outcomes in the order of the jobs. `done` is called for each job, in any order, as a progress bar wants it.

        Raises: ExecutionError if no sandbox can be made.
        """
        source = iter(jobs)
        while batch := list(islice(source, BATCH)):
            outcomes = self._judge_batch(batch, done)
            for index, job in enumerate(batch):
                if is_borderline(job, outcomes[index]):
                    outcomes[index] = self._workers[0].judge(job)
            yield from outcomes

    def _judge_batch(self, batch: list[Job], done: Callable[[Outcome], None]) -> list[Outcome]:
        waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
        for index in range(len(batch)):
            waiting.put(index)
        outcomes: list[Outcome | None] = [None] * len(batch)
        errors: list[BaseException] = []

        def work(worker: WorkerProcess) -> None:
            while not errors:
                try:
                    index = waiting.get_nowait()
                except queue.Empty:
                    return
                try:
                    outcome = worker.judge(batch[index])
                except BaseException as error:
                    errors.append(error)
                    return
                outcomes[index] = outcome
                done(outcome)

        threads = [threading.Thread(target=work, args=[worker], daemon=True) for worker in self._workers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if errors:
            raise errors[0]
        return [outcome for outcome in outcomes if outcome is not None]


def is_borderline(job: Job, outcome: Outcome) -> bool:
    """True if another load of the machine might have given another verdict."""
    if outcome.verdict in ("time limit", "infrastructure error"):
        return True
    if outcome.observed is not None:
        # A call that used up its CPU seconds would do so again; one that only the clock ended may have had to wait.
        return TIME_LIMIT in outcome.observed and outcome.cpu_s < 0.9 * job.time_limit_s
    return outcome.verdict == "pass" and max(outcome.cpu_s, outcome.seconds / 2) > BORDERLINE * job.time_limit_s
