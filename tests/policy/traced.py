"""Runs a command under strace, cut off from every network: what it opened and wrote, native libraries included.

Linux, with `strace`, `unshare` and `ip` installed, as root or with user namespaces allowed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

TOOLS = ("strace", "unshare", "ip", "mount")

CALLS = "trace=network,io_uring_setup,creat,open,openat,openat2,mkdir,mkdirat,/^rename,/link,mknod"

_NAMESPACES = ("unshare", "--net", "--mount")
_USER_NAMESPACE = ("--user", "--map-root-user")

# The resolver answers nobody: whoever looks a name up must open a socket first.
_INSIDE = 'ip link set lo up && mount --bind "$1" /etc/resolv.conf && shift && exec "$@"'

_SOCKET = re.compile(r"\b(?:socket|io_uring_setup)\(|\bsocketpair\((?!AF_UNIX)")
"""Without a socket there is no connection. asyncio wakes itself through a pair that leads nowhere else."""

_WRITES = re.compile(
    r"\b(?:creat|mkdir|mkdirat|rename\w*|link|linkat|symlink|mknod)\(|\bopen\w*\(.*O_(?:CREAT|WRONLY|RDWR)"
)
_PATH = re.compile(r'"((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True)
class Trace:
    """What a finished process and its children did."""

    status: int
    output: bytes
    sockets: list[str]
    """Lines of strace that made a socket which could reach another process."""
    writes: list[str]
    """Lines about files that were made, renamed or opened for writing. Devices are left out."""


class Traced:
    """A command that runs under strace, with its standard input open."""

    def __init__(self, command: list[str], folder: Path) -> None:
        """`folder`: empty; it becomes home and temporary folder of the command."""
        self._log = folder.with_suffix(".strace")
        resolver = folder.with_suffix(".resolv")
        resolver.write_text("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
        # Libraries keep quiet where CI is set; a file of Python's own that caches a module is not of interest.
        environment = {name: value for name, value in os.environ.items() if name not in ("CI", "PYTHONPATH")}
        environment |= {
            "HOME": str(folder),
            "TMPDIR": str(folder),
            "XDG_CACHE_HOME": str(folder / "cache"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "ORT_DISABLE_TELEMETRY": "0",
        }
        strace = ["strace", "-f", "--seccomp-bpf", "-qq", "-e", CALLS, "-e", "signal=none", "-o", str(self._log)]
        self.process = subprocess.Popen(
            [*namespaces(), "sh", "-c", _INSIDE, "-", str(resolver), *strace, *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        )

    def write(self, content: bytes) -> None:
        """To its standard input."""
        assert self.process.stdin is not None
        self.process.stdin.write(content)
        self.process.stdin.flush()

    def finish(self, limit_s: float) -> Trace:
        """Close its standard input and read what it did."""
        output, _ = self.process.communicate(timeout=limit_s)
        lines = self._log.read_text("utf-8", "replace").splitlines()
        return Trace(
            self.process.returncode,
            output,
            [line for line in lines if _SOCKET.search(line)],
            [line for line in lines if _WRITES.search(line) and not _is_device(line)],
        )


def namespaces() -> list[str]:
    """The command that cuts off what follows it. Raises: RuntimeError where it is not allowed."""
    for command in (_NAMESPACES, (*_NAMESPACES, *_USER_NAMESPACE)):
        if subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0:
            return list(command)
    raise RuntimeError("unshare may not make namespaces here")


def missing_tool() -> str | None:
    """The first tool that this machine does not have."""
    if sys.platform != "linux":
        return "strace"
    return next((tool for tool in TOOLS if shutil.which(tool) is None), None)


def _is_device(line: str) -> bool:
    paths: list[str] = _PATH.findall(line)
    return bool(paths) and all(path.startswith(("/dev/", "/proc/")) for path in paths)
