"""Diagnostics end to end: at the lines where the value falls, for improbable functions only, for the newest version
only.
"""

from __future__ import annotations

from lsprotocol import types as lsp

from tests.lsp.client import URI, connect

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
    assert found.data == {"p": 0.3, "model": "fake", "version": "1", "calibration": "platt-0"}


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
