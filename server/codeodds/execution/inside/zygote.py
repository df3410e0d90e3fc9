"""The sandbox's first process: isolates itself once, then forks a clean child for every run.

Forking an interpreter that is already isolated and has the usual modules loaded costs a few milliseconds; starting one
costs thirty.

    python -P -s -S -c "from codeodds.execution.inside.zygote import main; main()" FD ROOT UID FENCE

FD: the control socket. ROOT: an empty folder. UID: who programs run as, or -1. FENCE: `namespace` or `audit hook`.

Over the control socket, JSON lines: the zygote first says what it is; then each request holds limits and brings three
file descriptors (channel, stdin, stdout), and is answered by how the run ended. A line `"kill"` ends the run at once.
"""

from __future__ import annotations

import _sitebuiltins
import builtins
import json
import os
import random
import select
import shutil
import signal
import socket
import sys
from typing import Any

from codeodds.execution.inside import isolation, runner

PRELOADED = (
    *("abc", "array", "bisect", "calendar", "cmath", "collections", "contextlib", "copy", "dataclasses", "datetime"),
    *("decimal", "enum", "fractions", "functools", "heapq", "io", "itertools", "json", "math", "numbers", "operator"),
    *("random", "re", "statistics", "string", "textwrap", "time", "typing", "unicodedata"),
)
"""What small programs import most; loading them once saves each run the time."""

FILES = 3


def main() -> None:
    """Serve until the control socket closes."""
    number, root, uid, fence = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4]
    control = socket.socket(fileno=number)
    for name in PRELOADED:
        __import__(name)
    # The interpreter runs without the module `site`, which defines these.
    for name in ("exit", "quit"):
        setattr(builtins, name, _sitebuiltins.Quitter(name, ""))
    zygote = Zygote(control, None if uid < 0 else uid, fence == "namespace")
    if zygote.isolated:
        try:
            isolation.enter_namespaces(root)
        except isolation.IsolationError as error:
            zygote.tell({"error": str(error)})
            return
        zygote.place = isolation.TEMPORARY
    else:
        zygote.place = root
    zygote.tell({"ready": True})
    zygote.serve()


class Zygote:
    """Forks runs, one at a time."""

    def __init__(self, control: socket.socket, uid: int | None, isolated: bool) -> None:
        self.control = control
        self.uid = uid
        self.isolated = isolated
        self.place = ""
        self._runs = 0
        self._base_mb = _address_space_mb()

    def tell(self, message: Any) -> None:
        """One line to the outside."""
        self.control.sendall(json.dumps(message).encode("ascii") + b"\n")

    def serve(self) -> None:
        """One run after the other."""
        while True:
            line, files, _, _ = socket.recv_fds(self.control, 1 << 16, FILES)
            if not line:
                return
            # A kill whose run has ended by itself may stand before it.
            request = json.loads(line.split(b"\n")[-2])
            if request == "kill":
                continue
            try:
                self.tell(self._run(request, files))
            except BrokenPipeError:
                return

    def _run(self, request: dict[str, Any], files: list[int]) -> dict[str, Any]:
        self._runs += 1
        folder = os.path.join(self.place, f"run-{self._runs}")
        os.mkdir(folder, 0o700)
        if self.uid is not None:
            os.chown(folder, self.uid, self.uid)
        reading, writing = os.pipe()
        guardian = os.fork()
        if guardian == 0:
            os.close(reading)
            self._guard(request, files, folder, writing)
        os.close(writing)
        for file in files:
            os.close(file)
        try:
            return self._watch(reading)
        finally:
            os.close(reading)
            os.waitpid(guardian, 0)
            shutil.rmtree(folder, ignore_errors=True)

    def _watch(self, reading: int) -> dict[str, Any]:
        """Wait for the guardian's two lines: the program's process number, then how it ended."""
        text = b""
        killed = False
        while True:
            sources = [reading] if killed else [reading, self.control.fileno()]
            ready, _, _ = select.select(sources, [], [])
            if reading in ready:
                part = os.read(reading, 4096)
                text += part
                if not part:
                    lines = text.split(b"\n")
                    return dict(json.loads(lines[1])) | {"killed": killed} if len(lines) > 2 else {"lost": True}
            else:
                # Either `"kill"`, or the outside is gone: the run ends in both cases.
                self.control.recv(1 << 16)
                killed = True
                while b"\n" not in text:
                    part = os.read(reading, 4096)
                    if not part:
                        return {"lost": True}
                    text += part
                _kill(int(text.split(b"\n")[0]))

    def _guard(self, request: dict[str, Any], files: list[int], folder: str, writing: int) -> None:
        """In a process of its own: start the program, wait, report. Never returns."""
        try:
            if self.isolated:
                isolation.enter_pid_namespace()
            program = os.fork()
            if program == 0:
                self._become_program(request, files, folder)
            for file in files:
                os.close(file)
            os.write(writing, b"%d\n" % program)
            _, status, usage = os.wait4(program, 0)
            if not self.isolated:
                _kill_group(program)
            report = {
                "status": os.waitstatus_to_exitcode(status),
                "cpu_s": usage.ru_utime + usage.ru_stime,
                "peak_mb": usage.ru_maxrss / (1024 if sys.platform.startswith("linux") else 2**20),
            }
            os.write(writing, json.dumps(report).encode("ascii") + b"\n")
        finally:
            os._exit(0)

    def _become_program(self, request: dict[str, Any], files: list[int], folder: str) -> None:
        status = 1
        try:
            os.setsid()
            os.chdir(folder)
            channel, stdin, stdout = files
            highest = max(files) + 10
            # Out of the way of 0 to 2 first: a received descriptor may be one of them.
            kept = [os.dup2(file, highest + index) for index, file in enumerate((channel, stdin, stdout))]
            null = os.open("/dev/null", os.O_WRONLY)
            os.dup2(null, 2)
            os.dup2(kept[1], 0)
            os.dup2(kept[2], 1)
            os.dup2(kept[0], 3)
            os.closerange(4, 1024)
            for name in ("TMPDIR", "TEMP", "TMP", "HOME"):
                os.environ[name] = folder
            isolation.limit(isolation.Limits(**request["limits"]), self._base_mb)
            isolation.drop_privileges(self.uid)
            run = {"calls": runner.run_calls, "main": runner.run_main}[request["mode"]]
            connection = socket.socket(fileno=3)
            # A program that draws random numbers does the same whenever it is judged; forking has seeded them anew.
            random.seed(0)
            if not self.isolated:
                isolation.refuse_by_audit_hook()
            status = run(connection)
        except BaseException:
            status = 1
        finally:
            runner.finish(status)


def _kill(process: int) -> None:
    _kill_group(process)
    try:
        os.kill(process, signal.SIGKILL)
    except ProcessLookupError:
        return


def _kill_group(process: int) -> None:
    try:
        os.killpg(process, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def _address_space_mb() -> int:
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE") // 2**20
    except OSError:
        return 0
