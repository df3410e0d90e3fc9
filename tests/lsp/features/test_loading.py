"""Progress while the model is opened, and what is told of it."""

from __future__ import annotations

import asyncio

from lsprotocol import types as lsp
from pytest_lsp import LanguageClient

from tests.lsp.client import FAKE_SERVER, WAIT_S, Client, connect

TEXT = "def f(a):\n    b = BUG\n    return b\n"
WITH_PROGRESS = lsp.ClientCapabilities(window=lsp.WindowClientCapabilities(work_done_progress=True))


def watch_progress(client: Client) -> list[str]:
    """The kinds of progress reports, as they come: begin and end."""
    kinds: list[str] = []

    @client.rpc.feature(lsp.WINDOW_WORK_DONE_PROGRESS_CREATE)
    def created(params: lsp.WorkDoneProgressCreateParams) -> None:
        assert params.token == "codeodds/loading/1"

    @client.rpc.feature(lsp.PROGRESS)
    async def progressed(params: lsp.ProgressParams) -> None:
        kinds.append(params.value.kind if hasattr(params.value, "kind") else params.value["kind"])
        await client.heard()

    return kinds


async def test_the_client_sees_that_the_model_is_opened() -> None:
    async with connect(capabilities=WITH_PROGRESS) as client:
        kinds = watch_progress(client)
        client.open(TEXT)
        await client.diagnostics(1)
        await client.until(lambda: kinds == ["begin", "end"])


async def test_progress_ends_when_the_model_can_not_be_opened() -> None:
    async with connect(*FAKE_SERVER, "there is no bundle", capabilities=WITH_PROGRESS) as client:
        kinds = watch_progress(client)
        client.open(TEXT)
        await client.until(lambda: client.logged and kinds == ["begin", "end"])


async def test_a_client_that_can_not_show_progress_is_not_asked_to() -> None:
    async with connect() as client:
        kinds = watch_progress(client)
        client.open(TEXT)
        await client.diagnostics(1)
        assert kinds == []


async def test_a_client_that_refuses_to_show_progress_gets_its_scores() -> None:
    async with connect(capabilities=WITH_PROGRESS) as client:
        client.open(TEXT)
        assert len(await client.diagnostics(1)) == 1


async def test_an_idle_model_is_unloaded_and_loaded_again_when_needed() -> None:
    async with connect(*FAKE_SERVER, "--gate", options={"idle_unload_s": 1}) as client:
        client.release()
        client.open(TEXT)
        await client.diagnostics(1)
        await until_unloaded(client.rpc)
        assert len(await client.hints()) == 1
        client.replace(TEXT.replace("BUG", "BUG + 1"), 2)
        await client.diagnostics(2)


async def until_unloaded(rpc: LanguageClient) -> None:
    async def poll() -> None:
        while (await rpc.protocol.send_request_async("test/counters", None)).unloads == 0:
            await asyncio.sleep(0.05)

    await asyncio.wait_for(poll(), WAIT_S)
