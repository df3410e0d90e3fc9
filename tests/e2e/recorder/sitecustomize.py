"""Python imports this when it starts, if its folder is on the path: it writes down what an editor sends to the server.

The environment variable CODEODDS_RECORDING names the file for JSON lines ``{"t_ms": 1234.5, "message": {...}}``, times
since the first message. What is not the server runs as it is.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from typing import BinaryIO


def read_message(stream: BinaryIO) -> tuple[bytes, bytes] | None:
    """The header and the content of the next message; None at the end of the stream."""
    header = b""
    while not header.endswith(b"\r\n\r\n"):
        line = stream.readline()
        if not line:
            return None
        header += line
    lengths = [line for line in header.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    return header, stream.read(int(lengths[0].split(b":")[1]))


def pass_on(editor: BinaryIO, server: BinaryIO, path: str) -> None:
    start = None
    with server, open(path, "w", encoding="utf-8") as recording:
        while (message := read_message(editor)) is not None:
            now = time.perf_counter()
            start = now if start is None else start
            server.write(b"".join(message))
            server.flush()
            row = {"t_ms": round(1000 * (now - start), 1), "message": json.loads(message[1])}
            recording.write(json.dumps(row) + "\n")
            recording.flush()


def stand_between() -> None:
    """Give this process a pipe for its standard input, and feed it with what the editor sends."""
    editor = os.fdopen(os.dup(0), "rb")
    readable, writable = os.pipe()
    os.dup2(readable, 0)
    os.close(readable)
    arguments = (editor, os.fdopen(writable, "wb"), os.environ["CODEODDS_RECORDING"])
    threading.Thread(target=pass_on, args=arguments, daemon=True).start()


if "serve" in sys.orig_argv:
    stand_between()
