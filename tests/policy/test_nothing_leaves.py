"""Neither the server nor the command line opens a connection or writes a file, native libraries included.

Seen from outside the process, because an audit hook of Python does not see what a native library does. Needs strace;
`.ci/run` installs it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.policy.project import ROOT
from tests.policy.traced import Trace, Traced, missing_tool

pytestmark = pytest.mark.skipif(missing_tool() is not None, reason=f"{missing_tool()} is not installed")

HELD_S = 30
"""onnxruntime's telemetry looks up its host 9 seconds after the start."""

LIMIT_S = 120
CODEODDS = [sys.executable, "-m", "codeodds"]
TEXT = 'def add(a, b):\n    """The sum of a and b."""\n    total = a + b\n    return total\n'

NATIVE = """
import ctypes, sys
c = ctypes.CDLL(None)
c.getaddrinfo(b"example.invalid", b"443", None, ctypes.byref(ctypes.c_void_p()))
c.close(c.open(sys.argv[1].encode(), 0o101, 0o600))
"""


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Trace, Path]]:
    """The command line and the language server, each with one score and then left alone, at the same time."""
    model = ["--model", str(ROOT / "models" / "default")]
    folders = {name: tmp_path_factory.mktemp(name) / "home" for name in ("score", "serve")}
    for folder in folders.values():
        folder.mkdir()
    score = Traced([*CODEODDS, "score", "--jsonl", "-", *model], folders["score"])
    serve = Traced([*CODEODDS, "serve", *model], folders["serve"])
    start = TEXT.index("    total")
    score.write(json.dumps({"id": 1, "prompt": TEXT[:start], "completion": TEXT[start:]}).encode() + b"\n")
    document = {"uri": "file:///w/a.py", "languageId": "python", "version": 1, "text": TEXT}
    _send(serve, id=1, method="initialize", params={"capabilities": {}})
    _send(serve, method="initialized", params={})
    _send(serve, method="textDocument/didOpen", params={"textDocument": document})
    _send(serve, id=2, method="codeodds/score", params={"textDocument": {"uri": document["uri"]}})
    time.sleep(HELD_S)
    _send(serve, id=3, method="shutdown", params=None)
    _send(serve, method="exit", params=None)
    return {
        "score": (score.finish(LIMIT_S), folders["score"]),
        "serve": (serve.finish(LIMIT_S), folders["serve"]),
    }


def test_the_trace_sees_what_native_code_does(tmp_path: Path) -> None:
    """Otherwise the test below would hold whatever happens."""
    home = tmp_path / "home"
    home.mkdir()
    trace = Traced([sys.executable, "-c", NATIVE, str(home / "identifier")], home).finish(LIMIT_S)
    assert trace.status == 0
    assert any("AF_INET" in line for line in trace.sockets)
    assert [line for line in trace.writes if "identifier" in line] == trace.writes != []


@pytest.mark.parametrize("command", ["score", "serve"])
def test_nothing_is_opened_or_written(held: dict[str, tuple[Trace, Path]], command: str) -> None:
    trace, home = held[command]
    assert trace.status == 0
    assert b'"probability"' in trace.output
    assert (trace.sockets, trace.writes, os.listdir(home)) == ([], [], [])


@pytest.mark.parametrize("package", ["codeodds", "codeodds_trainer"])
def test_telemetry_is_off_before_any_module_can_load_a_library(package: str) -> None:
    program = f"import os, {package}; print(os.environ['ORT_DISABLE_TELEMETRY'])"
    environment = os.environ | {"ORT_DISABLE_TELEMETRY": "0"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "1\n"


def test_other_libraries_of_the_trainer_report_nothing() -> None:
    program = (
        "import codeodds_trainer, huggingface_hub.constants as hub, ray._common.usage.usage_lib as usage;"
        "print(hub.HF_HUB_DISABLE_TELEMETRY, usage.usage_stats_enabled())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "True False\n"


def _send(traced: Traced, **message: Any) -> None:
    content = json.dumps({"jsonrpc": "2.0", **message}).encode()
    traced.write(b"Content-Length: %d\r\n\r\n" % len(content) + content)
