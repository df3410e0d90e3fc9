"""What a user types reaches no log, at any level: not the process's, and not the client's."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.lsp.client import FAKE_SERVER, WAIT_S

SECRET = "swordfish"
TEXT = f"def {SECRET}_name(a):\n    '''{SECRET}'''\n    b = BUG + '{SECRET}'\n    return b, {SECRET}\n"
URI = "file:///w/a.py"
LEVELS = ("debug", "info", "warning", "error")
SERVE = (sys.executable, "-m", "codeodds", "serve", "--log-level")


def session() -> list[dict[str, Any] | bytes]:
    """Everything a client may do with a document, right and wrong."""
    document = {"uri": URI, "version": 2}
    span = {"start": {"line": 2, "character": 4}, "end": {"line": 2, "character": 4}}
    place = {"textDocument": {"uri": URI}, "position": {"line": 0, "character": 5}}
    cell = {"uri": "vscode-notebook-cell:/w/a.ipynb#1", "languageId": "python", "version": 1, "text": TEXT}
    notebook = {"uri": "file:///w/a.ipynb", "notebookType": "jupyter-notebook", "version": 1}
    messages: list[tuple[str, Any]] = [
        ("$/setTrace", {"value": "verbose"}),
        ("textDocument/didOpen", {"textDocument": {"uri": URI, "languageId": "python", "version": 1, "text": TEXT}}),
        ("codeodds/score", {"textDocument": {"uri": URI}}),
        ("textDocument/hover", place),
        ("textDocument/inlayHint", {"textDocument": {"uri": URI}, "range": span}),
        ("textDocument/codeAction", {"textDocument": {"uri": URI}, "range": span, "context": {"diagnostics": []}}),
        ("textDocument/didChange", {"textDocument": document, "contentChanges": [{"range": span, "text": SECRET}]}),
        ("textDocument/didChange", {"textDocument": document, "contentChanges": [{"range": SECRET, "text": 5}]}),
        ("textDocument/didChange", {"textDocument": SECRET}),
        (
            "workspace/didChangeConfiguration",
            {"settings": {"codeodds": {"debounce_ms": 1, SECRET: SECRET}}},
        ),
        ("workspace/executeCommand", {"command": "codeodds.none", "arguments": [SECRET]}),
        (
            "workspace/executeCommand",
            {
                "command": "codeodds.rankAlternatives",
                "arguments": [{"uri": URI, **place, "bodies": [f"return {SECRET}", f"return {SECRET} ("]}],
            },
        ),
        ("workspace/executeCommand", {"command": "codeodds.rankAlternatives", "arguments": [{"bodies": SECRET}]}),
        ("codeodds/rank", {"prefix": f"def {SECRET}(a):\n", "candidates": [f"    {SECRET}\n", f"{SECRET} ("]}),
        ("codeodds/rank", {"prefix": [SECRET], "candidates": SECRET, SECRET: SECRET}),
        ("codeodds/none", {"text": SECRET}),
        ("codeodds/score", {"textDocument": {"uri": [SECRET]}}),
        (
            "notebookDocument/didOpen",
            {
                "notebookDocument": {**notebook, "cells": [{"kind": 2, "document": cell["uri"]}]},
                "cellTextDocuments": [cell],
            },
        ),
        ("codeodds/score", {"textDocument": {"uri": cell["uri"]}}),
    ]
    initialize = {"capabilities": {"workspace": {"inlayHint": {"refreshSupport": True}}}, "trace": "verbose"}
    whole: list[dict[str, Any] | bytes] = [
        {"jsonrpc": "2.0", "id": "start", "method": "initialize", "params": initialize},
        {"jsonrpc": "2.0", "method": "initialized", "params": {}},
    ]
    for number, (method, params) in enumerate(messages):
        message = {"jsonrpc": "2.0", "method": method, "params": params}
        whole.append(message if "/did" in method or method[0] == "$" else {**message, "id": number})
    whole += [f'{{"{SECRET}": '.encode(), json.dumps([SECRET]).encode(), f'"{SECRET}"'.encode()]
    return whole


async def run(*command: str) -> tuple[str, list[dict[str, Any]]]:
    """What the process wrote to stderr, and the messages that it sent."""
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    errors = asyncio.ensure_future(process.stderr.read())
    received = []

    def send(message: dict[str, Any] | bytes) -> None:
        content = message if isinstance(message, bytes) else json.dumps(message).encode()
        assert process.stdin is not None
        process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(content) + content)

    for message in session():
        send(message)
    # The last two: when they are answered, so is all that stands before them.
    bodies = [
        f"    print('{SECRET}')\n    raise ValueError('{SECRET}')\n",
        f"    return '{SECRET}' + a\n",
        "    return a\n",
    ]
    ranking = {"prefix": f"def {SECRET}(a: str):\n", "candidates": bodies}
    send({"jsonrpc": "2.0", "id": "rank", "method": "codeodds/rank", "params": ranking})
    send({"jsonrpc": "2.0", "id": "score", "method": "codeodds/score", "params": {"textDocument": {"uri": URI}}})
    async with asyncio.timeout(2 * WAIT_S):
        while not {"score", "rank"} <= {message.get("id") for message in received}:
            header = await process.stdout.readuntil(b"\r\n\r\n")
            length = re.search(rb"Content-Length: (\d+)", header)
            assert length is not None
            received.append(json.loads(await process.stdout.readexactly(int(length[1]))))
        send({"jsonrpc": "2.0", "id": "end", "method": "shutdown"})
        send({"jsonrpc": "2.0", "method": "exit"})
        await process.stdout.read()
        await process.wait()
        return (await errors).decode(), received


def logged(messages: list[dict[str, Any]]) -> str:
    """Everything that the client would write into a log of its own, and every error."""
    kinds = ("window/logMessage", "window/showMessage", "$/logTrace", "telemetry/event", "$/progress")
    return str([entry for entry in messages if entry.get("method") in kinds or "error" in entry])


@pytest.mark.parametrize("level", LEVELS)
async def test_no_log_holds_what_the_user_typed(level: str) -> None:
    stderr, received = await run(*FAKE_SERVER, "--log", level)
    assert SECRET not in stderr
    assert SECRET not in logged(received)
    assert "functions were scored" in logged(received), "the trace was on"
    answer = next(entry for entry in received if entry.get("id") == "score")
    assert SECRET in answer["result"]["functions"][0]["name"], "the document was scored"
    ranked = next(entry for entry in received if entry.get("id") == "rank")
    assert ranked["result"]["candidates"][0]["probability"] is not None


@pytest.mark.parametrize("failure", ["--crash", "there is no bundle"])
async def test_nor_when_the_model_can_not_be_opened(failure: str) -> None:
    stderr, received = await run(*FAKE_SERVER, failure)
    assert stderr != ""
    assert SECRET not in stderr
    assert SECRET not in logged(received)


async def test_nor_with_the_committed_bundle(default_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODEODDS_MODEL", str(default_bundle))
    stderr, received = await run(*SERVE, "debug")
    assert SECRET not in stderr
    assert SECRET not in logged(received)
    answer = next(entry for entry in received if entry.get("id") == "score")
    # The model read it.
    assert 0 < answer["result"]["functions"][0]["probability"] < 1


def test_the_session_would_be_seen_in_a_log() -> None:
    assert sum(SECRET in str(message) for message in session()) >= 8
