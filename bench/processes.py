"""What is measured in fresh processes: cold start, resident memory, and the language server's first answer."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, BinaryIO

from function import UNIT

ANSWER_LIMIT_S = 60.0


def resident_mb() -> dict[str, float]:
    """Resident memory of this process, in units of 1,000,000 bytes: now (Linux only) and at its peak."""
    status = Path("/proc/self/status")
    if status.exists():
        fields = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
        return {"now": int(fields["VmRSS"].split()[0]) / 976.5625, "peak": int(fields["VmHWM"].split()[0]) / 976.5625}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"peak": peak / 1e6 if sys.platform == "darwin" else peak / 976.5625}


def cold_start(bundle: Path, threads: int) -> dict[str, Any]:
    """From the start of a process to its first score (ms), and its memory (MB) after loading and after scoring."""
    start = time.perf_counter()
    command = [sys.executable, str(Path(__file__)), str(bundle), str(threads)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    elapsed = 1000 * (time.perf_counter() - start)
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    # What the child did after its first score is no part of its start.
    figures["process_ms"] = elapsed - figures.pop("extra_ms")
    return figures


def initialize_ms(bundle: Path) -> float:
    """From the start of ``codeodds serve`` to its answer to the request `initialize`, ms."""
    environment = {**os.environ, "CODEODDS_MODEL": str(bundle)}
    start = time.perf_counter()
    server = subprocess.Popen(
        [sys.executable, "-m", "codeodds", "serve"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
    )
    assert server.stdin is not None
    assert server.stdout is not None
    try:
        send(server.stdin, 1, "initialize", {"processId": os.getpid(), "rootUri": None, "capabilities": {}})
        answer = receive(server.stdout, 1)
        elapsed = 1000 * (time.perf_counter() - start)
        assert "capabilities" in answer["result"], answer
        send(server.stdin, None, "initialized", {})
        send(server.stdin, 2, "shutdown", None)
        receive(server.stdout, 2)
        send(server.stdin, None, "exit", None)
        server.wait(timeout=ANSWER_LIMIT_S)
    finally:
        server.kill()
        server.wait()
    return elapsed


def send(stream: BinaryIO | Any, number: int | None, method: str, params: Any) -> None:
    """One JSON-RPC message; a notification if `number` is None."""
    message: dict[str, Any] = {"jsonrpc": "2.0", "method": method}
    if number is not None:
        message["id"] = number
    if params is not None:
        message["params"] = params
    content = json.dumps(message).encode()
    stream.write(b"Content-Length: %d\r\n\r\n" % len(content) + content)
    stream.flush()


def receive(stream: BinaryIO | Any, number: int) -> dict[str, Any]:
    """The answer with that id; notifications in between are skipped.

    Raises: EOFError if the server ended.
    """
    while True:
        length = 0
        while (line := stream.readline()) not in (b"\r\n", b""):
            name, value = line.split(b":", 1)
            if name.lower() == b"content-length":
                length = int(value)
        if not line:
            raise EOFError("the language server ended before it answered")
        message: dict[str, Any] = json.loads(stream.read(length))
        if message.get("id") == number and "method" not in message:
            return message


def _child(bundle: Path, threads: int) -> None:
    """Runs in the fresh process."""
    start = time.perf_counter()
    from codeodds.engine.scorer import open_scorer

    scorer = open_scorer(bundle, threads=threads)
    opened = time.perf_counter()
    loaded_mb = resident_mb()
    scorer.score(UNIT)
    scored = time.perf_counter()
    scored_mb = resident_mb()
    # Scoring again and again must not make the process grow.
    for number in range(10):
        scorer.score(type(UNIT)(f"# {number}\n" + UNIT.problem, UNIT.solution))
    figures = {
        "open_ms": 1000 * (opened - start),
        "first_score_ms": 1000 * (scored - opened),
        "loaded_mb": loaded_mb.get("now", loaded_mb["peak"]),
        "scored_mb": scored_mb.get("now", scored_mb["peak"]),
        "eleven_functions_mb": resident_mb().get("now", resident_mb()["peak"]),
        "peak_mb": resident_mb()["peak"],
    }
    print(json.dumps({**figures, "extra_ms": 1000 * (time.perf_counter() - scored)}))


if __name__ == "__main__":
    _child(Path(sys.argv[1]), int(sys.argv[2]))
