"""The outside's hold on one zygote: start a run, talk to it, end it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import codeodds
from codeodds.execution.inside.isolation import another_user
from codeodds.execution.inside.wire import Channel
from codeodds.execution.verdict import Network

FIRST_UID = 61_000
"""Programs of worker n run as user FIRST_UID + n if the judge is root's and there is such a user: limits on processes
count by user."""

COMMAND = "import sys; sys.path.insert(0, sys.argv.pop(1)); from codeodds.execution.inside.zygote import main; main()"


class SandboxError(Exception):
    """The sandbox does not work; nothing is known of the program."""


@dataclass(frozen=True, slots=True)
class Exit:
    """How a run ended."""

    status: int
    """Exit status, or minus the number of the signal that ended it."""
    cpu_s: float
    peak_mb: float
    killed: bool
    """True if the outside ended it."""


class Run:
    """One process with a program in it."""

    def __init__(self, control: socket.socket, connection: socket.socket) -> None:
        self._control = control
        self.connection = connection
        self.channel = Channel(connection)
        self._exit: Exit | None = None
        self._kill_sent = False

    def kill(self) -> None:
        """End the run and all its processes at once."""
        if self._exit is None and not self._kill_sent:
            self._kill_sent = True
            self._control.sendall(b'"kill"\n')

    def wait(self) -> Exit:
        """Wait until it has ended by itself or by `kill`.

        Raises: SandboxError.
        """
        if self._exit is None:
            report = _read_line(self._control)
            if report.get("lost"):
                raise SandboxError("a run was lost")
            self._exit = Exit(report["status"], report["cpu_s"], report["peak_mb"], report["killed"])
        return self._exit


class Sandbox:
    """A zygote process and its runs, one at a time. Close it, or use it as a context."""

    def __init__(self, index: int = 0, *, allow_namespaces: bool = True) -> None:
        """Raises: SandboxError if not even the weaker isolation can be had."""
        self._folder = tempfile.TemporaryDirectory(prefix="codeodds-judge-")
        other = another_user(FIRST_UID + index)
        uid = -1 if other is None else other
        reasons = []
        for network, fence in _FENCES if allow_namespaces else _FENCES[1:]:
            self._control, self._process = self._start(uid, fence)
            try:
                answer = _read_line(self._control)
            except SandboxError as error:
                answer = {"error": str(error)}
            if answer.get("ready"):
                self.network: Network = network
                return
            reasons.append(str(answer.get("error")))
            self._stop()
        self._folder.cleanup()
        raise SandboxError(f"no sandbox can be made here ({'; '.join(reasons)})")

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the zygote and its run."""
        self._stop()
        self._folder.cleanup()

    @contextmanager
    def run(
        self, mode: str, cpu_s: int, memory_mb: int, stdin: int | None = None, stdout: int | None = None
    ) -> Iterator[Run]:
        """Start a run. `mode`: "calls" or "main". `stdin`, `stdout`: descriptors, /dev/null if None. Ended when left.

        Raises: SandboxError.
        """
        ours, theirs = socket.socketpair()
        null = os.open(os.devnull, os.O_RDWR)
        request = {"mode": mode, "limits": {"cpu_s": cpu_s, "memory_mb": memory_mb}}
        try:
            files = [theirs.fileno(), null if stdin is None else stdin, null if stdout is None else stdout]
            socket.send_fds(self._control, [json.dumps(request).encode("ascii") + b"\n"], files)
        except OSError as error:
            ours.close()
            raise SandboxError("the sandbox is gone") from error
        finally:
            theirs.close()
            os.close(null)
        run = Run(self._control, ours)
        try:
            yield run
        finally:
            ours.close()
            run.kill()
            run.wait()

    def _start(self, uid: int, fence: str) -> tuple[socket.socket, subprocess.Popen[bytes]]:
        ours, theirs = socket.socketpair()
        package = str(Path(codeodds.__file__).parent.parent)
        os.chmod(self._folder.name, 0o711)
        # -I would ignore the hash seed. The environment holds nothing else that Python looks at.
        command = [sys.executable, "-P", "-s", "-S", "-c", COMMAND, package, str(theirs.fileno()), self._folder.name]
        process = subprocess.Popen(
            [*command, str(uid), fence],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            # The same order of sets in every run, and nothing of this process's environment.
            env={"PYTHONHASHSEED": "0", "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
            start_new_session=True,
        )
        theirs.close()
        return ours, process

    def _stop(self) -> None:
        self._control.close()
        try:
            self._process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


_FENCES: tuple[tuple[Network, str], ...] = (("namespace", "namespace"), ("blocked sockets", "audit hook"))


def _read_line(control: socket.socket) -> dict[str, Any]:
    text = b""
    while not text.endswith(b"\n"):
        try:
            part = control.recv(1 << 16)
        except OSError as error:
            raise SandboxError("the sandbox is gone") from error
        if not part:
            raise SandboxError("the sandbox ended")
        text += part
    return dict(json.loads(text))
