"""Runs the command line as a process with a fake scorer in place of the bundle, on any streams and terminals."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from pathlib import Path

FAKE_RUN = """
import sys
from codeodds.cli import main, scoring
from codeodds.engine.fake import FakeScorer
scoring.open_scorer = lambda model_path, threads: FakeScorer()
sys.exit(main.main(sys.argv[1:]))
"""

SLOW_RUN = """
import signal, sys, time
# A shell that runs the tests in the background has them ignore signals.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGTERM, signal.SIG_DFL)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
from codeodds.cli import main, scoring
from codeodds.engine.fake import FakeScorer

class Slow(FakeScorer):
    def score(self, unit, cancellation=None):
        if "WAIT" in unit.solution:
            print("waiting", file=sys.stderr, flush=True)
            time.sleep(600)
        return super().score(unit, cancellation)

scoring.open_scorer = lambda model_path, threads: Slow()
sys.exit(main.main(sys.argv[1:]))
"""
"""Stands still at a function that holds the word WAIT, and says so on stderr."""


def fake(*arguments: object) -> list[str]:
    """The command."""
    return [sys.executable, "-c", FAKE_RUN, *map(str, arguments)]


def in_shell(redirections: str, *arguments: object, cwd: Path) -> subprocess.CompletedProcess[bytes]:
    """Run it with the shell's redirections, such as ``2>&-``."""
    command = ["sh", "-c", f'exec "$@" {redirections}', "sh", *fake(*arguments)]
    return subprocess.run(command, capture_output=True, check=False, cwd=cwd)


def on_terminal(*arguments: object, cwd: Path, columns: int, **environment: str) -> tuple[int, str]:
    """Run it on a terminal that has this many columns. Returns: the exit status, and what the terminal was sent."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    known = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR", "FORCE_COLOR")}
    process = subprocess.Popen(
        fake(*arguments), stdin=theirs, stdout=theirs, stderr=theirs, cwd=cwd, env=known | environment
    )
    os.close(theirs)
    received = b""
    try:
        while chunk := os.read(ours, 65536):
            received += chunk
    except OSError:  # How Linux says that nobody has the other end any more.
        pass
    finally:
        os.close(ours)
    return process.wait(), received.decode("utf-8").replace("\r\n", "\n")
