"""The committed bundle through ``codeodds serve``: a client sees the engine's own numbers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from lsprotocol import types as lsp
from pytest_lsp import client_capabilities

from codeodds.engine.values import not_shown_because, score_lines
from codeodds.source.functions import find_functions, unscored_because
from tests.lsp.client import connect

SERVE = (sys.executable, "-m", "codeodds", "serve")
TOLERANCE = 1e-5
"""The answer is rounded to six digits; the rest is the cache, which computes the same in other steps."""


@pytest.fixture(scope="module")
def bundle(default_bundle: Path) -> Path:
    if not (default_bundle / "manifest.json").is_file():
        pytest.fail(
            f"{default_bundle} holds no bundle: it is part of the repository; check it out, or export one there"
        )
    return default_bundle


@pytest.fixture(scope="module")
def text(project_root: Path) -> str:
    return (project_root / "examples" / "demo.py").read_text("utf-8")


async def test_a_client_sees_the_engines_own_scores(bundle: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from codeodds.engine.scorer import open_scorer

    monkeypatch.setenv("CODEODDS_MODEL", str(bundle))
    async with connect(*SERVE, options={"enable": False, "request_timeout_ms": 600_000}) as client:
        client.open(text)
        answer = await client.score()
    scorer = open_scorer(bundle)
    assert answer["model"] == {"name": scorer.info.name, "version": scorer.info.version}
    functions = find_functions(text)
    assert [item["name"] for item in answer["functions"]] == [function.name for function in functions]
    assert sum(item["probability"] is not None for item in answer["functions"]) >= 3
    for item, function in zip(answer["functions"], functions, strict=True):
        assert unscored_because(function) is None
        score = scorer.score(function.unit)
        reason = not_shown_because(score, scorer.info)
        assert item["reason"] == reason
        if reason is not None:
            assert (item["probability"], item["lines"]) == (None, [])
            continue
        assert item["probability"] == pytest.approx(score.probability, abs=TOLERANCE)
        assert [(line["line"], line["probability"]) for line in item["lines"]] == [
            (function.solution_line + line.line, pytest.approx(line.probability, abs=TOLERANCE))
            for line in score_lines(score, function.unit.solution)
        ]


async def test_what_is_shown_after_an_edit_is_what_a_fresh_server_shows(
    bundle: Path, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CODEODDS_MODEL", str(bundle))
    function = find_functions(text)[0]
    start = lsp.Position(function.end_line, 4)
    async with connect(*SERVE, options={"enable": False, "request_timeout_ms": 600_000}) as client:
        client.open(text)
        await client.score()
        client.edit(lsp.Range(start, start), "assert True\n    ", 2)
        edited = await client.score()
    lines = text.split("\n")
    lines[function.end_line] = "    assert True\n" + lines[function.end_line]
    async with connect(*SERVE, options={"enable": False, "request_timeout_ms": 600_000}) as client:
        client.open("\n".join(lines), version=2)
        fresh = await client.score()
    assert edited["version"] == fresh["version"]
    for one, other in zip(edited["functions"], fresh["functions"], strict=True):
        assert one["name"] == other["name"]
        assert one["probability"] == pytest.approx(other["probability"], abs=TOLERANCE)


@pytest.mark.parametrize("editor", ["neovim@v0.11.0", "visual-studio-code", "emacs"])
async def test_hints_and_inlay_hints_show_the_same_numbers(
    bundle: Path, text: str, editor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CODEODDS_MODEL", str(bundle))
    capabilities = client_capabilities(editor)
    pulls = capabilities.text_document is not None and capabilities.text_document.diagnostic is not None
    async with connect(*SERVE, options={"threshold": 1.0}, capabilities=capabilities) as client:
        client.open(text)
        answer = await client.score()
        scored = [item for item in answer["functions"] if item["probability"] is not None]
        if pulls:
            shown = (await client.pull()).items
        else:
            await client.until(lambda: client.published and client.published[-1].diagnostics)
            shown = client.published[-1].diagnostics
        labels = [hint.label for hint in await client.hints()]
    assert labels == [f"{100 * item['probability']:.0f} %" for item in scored]
    assert shown
    for diagnostic in shown:
        line = diagnostic.range.start.line
        around = [item for item in scored if item["range"]["start"]["line"] <= line <= item["range"]["end"]["line"]]
        assert diagnostic.data["probability"] in [pytest.approx(item["probability"], abs=1e-4) for item in around]


def test_a_server_that_is_shut_down_ends_well_and_says_nothing() -> None:
    bodies = [
        '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"capabilities":{}}}',
        '{"jsonrpc":"2.0","id":2,"method":"shutdown"}',
        '{"jsonrpc":"2.0","method":"exit"}',
    ]
    frames = "".join(f"Content-Length: {len(body)}\r\n\r\n{body}" for body in bodies).encode()
    done = subprocess.run(SERVE, input=frames, capture_output=True, timeout=300, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_missing_bundle_ends_no_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODEODDS_MODEL", str(tmp_path / "none"))
    body = '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"capabilities":{}}}'
    done = subprocess.run(
        SERVE,
        input=f"Content-Length: {len(body)}\r\n\r\n{body}".encode(),
        capture_output=True,
        timeout=300,
        check=False,
    )
    assert b'"capabilities"' in done.stdout
    assert b"Traceback" not in done.stderr
