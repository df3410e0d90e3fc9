"""`$/setTrace`: counts and times, and only while the client wants them."""

from __future__ import annotations

from lsprotocol import types as lsp

from tests.lsp.client import connect

TEXT = "def secret_name(a):\n    b = BUG\n    return b\n"


async def test_the_client_gets_counts_and_no_code() -> None:
    traced: list[lsp.LogTraceParams] = []
    async with connect() as client:

        @client.rpc.feature(lsp.LOG_TRACE)
        async def log_trace(params: lsp.LogTraceParams) -> None:
            traced.append(params)
            await client.heard()

        client.open(TEXT)
        await client.diagnostics(1)
        assert traced == []
        client.rpc.set_trace(lsp.SetTraceParams(lsp.TraceValue.Messages))
        client.replace(TEXT + "\n", 2)
        await client.until(lambda: len(traced) == 1)
        client.rpc.set_trace(lsp.SetTraceParams(lsp.TraceValue.Verbose))
        client.replace(TEXT + "\n\n", 3)
        await client.until(lambda: len(traced) == 2)
        client.rpc.set_trace(lsp.SetTraceParams(lsp.TraceValue.Off))
        client.replace(TEXT, 4)
        await client.diagnostics(4)
        await client.score()
    assert [entry.message for entry in traced] == [
        f"version {version} of a document: 1 of 1 functions were scored" for version in (2, 3)
    ]
    assert traced[0].verbose is None
    assert traced[1].verbose is not None
    assert traced[1].verbose.startswith("1 runs so far, 0 of them interrupted")
    assert "secret" not in str(traced)
