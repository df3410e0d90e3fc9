"""Diagnostics end to end: at the lines where the value falls, for improbable functions only, for the newest version
only.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException

from tests.lsp import recorded
from tests.lsp.client import FAKE_SERVER, URI, connect, to_plain

GOOD = "def good(a):\n    b = a + 1\n    return b\n"
BAD = "def bad(a):\n    b = BUG\n    return b\n"


async def test_an_improbable_function_has_a_hint_where_its_value_falls() -> None:
    async with connect() as client:
        client.open(GOOD + "\n\n" + BAD)
        (found,) = await client.diagnostics(1)
    assert found.range == lsp.Range(lsp.Position(6, 4), lsp.Position(6, 11))
    assert found.severity == lsp.DiagnosticSeverity.Hint
    assert (found.code, found.source) == ("CO002", "codeodds")
    assert found.message == "30 % likely to be right as written; the estimate falls most here (0.90 → 0.30)"
    assert found.data == {"probability": 0.3, "model": "fake", "version": "1", "calibration": "platt-0"}


async def test_only_the_newest_version_is_published() -> None:
    async with connect(options={"debounce_ms": 30}) as client:
        client.open(GOOD)
        for version in range(2, 30):
            client.replace((BAD if version % 2 else GOOD) + f"# {version}\n", version)
        client.replace(BAD, 30)
        (found,) = await client.diagnostics(30)
    assert found.range.start.line == 1
    assert [entry.version for entry in client.published] == [30]


async def test_correcting_the_code_clears_the_hint_and_closing_does_too() -> None:
    async with connect() as client:
        client.open(BAD)
        assert len(await client.diagnostics(1)) == 1
        span = lsp.Range(lsp.Position(1, 8), lsp.Position(1, 11))
        client.edit(span, "a", 2)
        assert await client.diagnostics(2) == []
        client.edit(lsp.Range(lsp.Position(1, 8), lsp.Position(1, 9)), "BUG", 3)
        assert len(await client.diagnostics(3)) == 1
        client.close()
        await client.until(lambda: client.published[-1].version is None)
    assert client.published[-1].uri == URI
    assert list(client.published[-1].diagnostics) == []


async def test_what_cannot_be_judged_has_no_hint() -> None:
    text = (
        "def stub(a):\n    ...\n\n\ndef short():\n    BUG\n\n\ndef unfinished(a):\n    return (BUG,\n\n\n"
        + BAD
        + "\n\ndef long():\n    return ["
        + "1, " * 2000
        + "BUG]\n"
    )
    async with connect() as client:
        client.open(text)
        (found,) = await client.diagnostics(1)
    assert text.splitlines()[found.range.start.line] == "    b = BUG"


async def test_the_threshold_and_the_number_of_lines_are_settings() -> None:
    text = "def f(a):\n    b = BUG\n    c = a + 1\n    return c\n"
    async with connect(options={"threshold": 0.1}) as client:
        client.open(text)
        await client.scored()
        assert client.published == []
        client.configure({"codeodds": {"threshold": 0.95, "max_hints": 1, "debounce_ms": 0}})
        (found,) = await client.diagnostics(1)
    assert found.range.start.line == 1


async def test_columns_are_counted_in_the_clients_encoding() -> None:
    text = 'def f(a):\n    b = "é🎉" + BUG\n    return b\n'
    for encoding, end in (
        (lsp.PositionEncodingKind.Utf8, 22),
        (lsp.PositionEncodingKind.Utf16, 19),
        (lsp.PositionEncodingKind.Utf32, 18),
    ):
        async with connect(encodings=[encoding]) as client:
            client.open(text)
            (found,) = await client.diagnostics(1)
        assert found.range == lsp.Range(lsp.Position(1, 4), lsp.Position(1, end)), encoding


async def test_a_client_that_pulls_is_never_pushed_to_and_equal_reports_are_unchanged() -> None:
    async with connect(capabilities=recorded.vscode()) as client:
        client.open(GOOD + "\n\n" + BAD)
        first = await client.pull()
        (found,) = first.items
        assert (found.range.start.line, found.code) == (6, "CO002")
        again = await client.pull(previous=first.result_id)
        assert (again.kind, again.result_id) == ("unchanged", first.result_id)
        client.edit(lsp.Range(lsp.Position(0, 0), lsp.Position(0, 0)), "\n", 2)
        moved = await client.pull(previous=first.result_id)
        assert [entry.range.start.line for entry in moved.items] == [7]
        client.replace(GOOD, 3)
        assert (await client.pull(previous=moved.result_id)).items == []
        assert (await client.pull("file:///w/unknown.py")).items == []
        client.close()
        assert (await client.pull()).items == []
    assert client.published == []


async def test_a_description_of_the_code_is_a_page_that_is_there() -> None:
    async with connect(capabilities=recorded.vscode()) as client:
        client.open(BAD)
        (found,) = (await client.pull()).items
    assert found.code_description is not None
    page, _, heading = found.code_description.href.partition("#")
    assert heading == "co002"
    assert "## CO002" in Path(urlsplit(page).path).read_text("utf-8")


async def test_a_pull_waits_for_the_scores_and_is_asked_for_again_when_the_document_changes() -> None:
    async with connect(*FAKE_SERVER, "--gate", capabilities=recorded.vscode()) as client:
        client.open(BAD)
        await client.until_called(1)
        waiting = asyncio.ensure_future(client.pull())
        await client.hints()
        client.replace(BAD + "\n", 2)
        with pytest.raises(JsonRpcException) as caught:
            await waiting
        assert caught.value.code == -32802
        assert to_plain(caught.value.data) == {"retriggerRequest": True}
        waiting = asyncio.ensure_future(client.pull())
        client.release()
        assert len((await waiting).items) == 1


async def test_a_pull_is_answered_with_what_is_known_when_its_time_is_up() -> None:
    options = {"request_timeout_ms": 100}
    async with connect(*FAKE_SERVER, "--gate", capabilities=recorded.vscode(), options=options) as client:
        client.open(BAD)
        assert (await client.pull()).items == []
        client.release()
        await client.until(lambda: client.pulls_asked_for)
        assert len((await client.pull()).items) == 1


@pytest.mark.parametrize("capabilities", [recorded.vscode, recorded.neovim, recorded.emacs])
async def test_the_line_that_was_typed_last_is_left_alone_until_the_user_pauses(
    capabilities: Callable[[], lsp.ClientCapabilities],
) -> None:
    async with connect(capabilities=capabilities()) as client:
        client.open(BAD + "\n\n" + BAD.replace("bad", "worse").replace("BUG", "a, BUG"))
        if capabilities is recorded.emacs:
            assert len(await client.diagnostics(1)) == 2
        else:
            assert len((await client.pull()).items) == 2
        client.edit(lsp.Range(lsp.Position(1, 8), lsp.Position(1, 8)), "a, ", 2)
        if capabilities is recorded.emacs:
            assert [found.range.start.line for found in await client.diagnostics(2)] == [6]
            await client.until(lambda: len(client.published[-1].diagnostics) == 2)
        elif capabilities is recorded.vscode:
            assert [found.range.start.line for found in (await client.pull()).items] == [6]
            await client.until(lambda: client.pulls_asked_for >= 3)
            assert len((await client.pull()).items) == 2
        else:
            # It cannot be told to pull again, so the answer waits for the pause.
            assert len((await client.pull()).items) == 2


async def test_the_number_on_a_screen_and_the_severity_are_settings() -> None:
    text = "\n".join(BAD.replace("bad", f"bad{index}") for index in range(8))
    async with connect(options={"severity": "warning", "hints_per_screen": 3}) as client:
        client.open(text)
        await client.until(lambda: client.published and client.published[-1].diagnostics)
        found = client.published[-1].diagnostics
        client.configure({"diagnostics": False, "debounce_ms": 0})
        await client.until(lambda: not client.published[-1].diagnostics)
    assert [entry.severity for entry in found] == [lsp.DiagnosticSeverity.Warning] * 3
    assert [entry.range.start.line for entry in found] == [1, 5, 9]
