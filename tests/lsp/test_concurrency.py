"""Many things at once: runs, requests, cancellations, a hundred documents. Nothing here asserts a time."""

from __future__ import annotations

import asyncio

import pytest
from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException

from tests.lsp.client import FAKE_SERVER, URI, WAIT_S, Client, connect, to_plain

GOOD = "def f(a):\n    b = a + 1\n    return b\n"
BAD = "def f(a):\n    b = BUG\n    return b\n"


async def test_other_requests_are_answered_while_a_run_is_going_on() -> None:
    async with connect(*FAKE_SERVER, "--gate") as client:
        client.open(GOOD)
        await client.until_called(1)
        assert await client.hints() == []
        hover = lsp.HoverParams(lsp.TextDocumentIdentifier(URI), lsp.Position(0, 5))
        await asyncio.wait_for(client.rpc.text_document_hover_async(hover), WAIT_S)
        assert len(await client.calls()) == 1
        client.release()
        await client.scored()
        assert [hint.label for hint in await client.hints()] == ["90 %"]


async def test_a_request_can_be_cancelled_and_its_run_ends() -> None:
    async with connect(*FAKE_SERVER, "--gate", options={"enable": False}) as client:
        client.open(GOOD)
        params = {"textDocument": {"uri": URI}}
        request = asyncio.wrap_future(client.rpc.protocol.send_request("codeodds/score", params, msg_id="mine"))
        await client.until_called(1)
        client.rpc.cancel_request(lsp.CancelParams("mine"))
        with pytest.raises(JsonRpcException) as failure:
            await asyncio.wait_for(request, WAIT_S)
        assert failure.value.code == lsp.LSPErrorCodes.RequestCancelled
        client.open(BAD, uri="file:///w/b.py")
        other = asyncio.ensure_future(client.score("file:///w/b.py"))
        await client.until_called(2)
        client.release()
        assert (await other)["functions"][0]["probability"] == pytest.approx(0.3)


async def test_a_request_for_a_text_that_changes_is_cancelled_by_the_server() -> None:
    async with connect(*FAKE_SERVER, "--gate", options={"enable": False}) as client:
        client.open(GOOD)
        request = asyncio.ensure_future(client.score())
        await client.until_called(1)
        client.replace(BAD, 2)
        with pytest.raises(JsonRpcException) as failure:
            await request
        assert failure.value.code == lsp.LSPErrorCodes.ServerCancelled
        client.release()
        answer = await client.score()
    assert (answer["version"], answer["functions"][0]["probability"]) == (2, pytest.approx(0.3))


@pytest.mark.parametrize("enable", [True, False])
async def test_other_settings_end_no_request(enable: bool) -> None:
    async with connect(*FAKE_SERVER, "--gate", options={"enable": False}) as client:
        client.open(GOOD)
        request = asyncio.ensure_future(client.score())
        await client.until_called(1)
        client.configure({"codeodds": {"enable": enable, "severity": "warning"}})
        assert len(await client.calls()) == 1
        client.release()
        assert (await request)["functions"][0]["probability"] == pytest.approx(0.9)


async def test_switching_off_ends_what_was_begun_without_a_request() -> None:
    async with connect(*FAKE_SERVER, "--gate") as client:
        client.open(GOOD)
        await client.until_called(1)
        client.configure({"codeodds": {"enable": False}})
        async with asyncio.timeout(WAIT_S):
            while (await client.command("codeodds.debugInformation"))["counters"]["interrupted"] < 1:
                await asyncio.sleep(0.01)
        client.release()


async def test_a_request_that_takes_too_long_is_given_up() -> None:
    async with connect(*FAKE_SERVER, "--gate", options={"enable": False, "request_timeout_ms": 100}) as client:
        client.open(GOOD)
        with pytest.raises(JsonRpcException, match="nothing was scored within 100 ms") as failure:
            await client.score()
        assert failure.value.code == lsp.LSPErrorCodes.RequestFailed
        client.release()
        assert (await client.score())["functions"][0]["probability"] == pytest.approx(0.9)


async def test_a_hundred_edits_in_two_seconds_start_few_runs() -> None:
    async with connect(*FAKE_SERVER, "--gate", options={"debounce_ms": 150}) as client:
        client.release()
        client.open(GOOD)
        await client.scored()
        before = await counters(client)
        start = asyncio.get_running_loop().time()
        for number in range(100):
            # By the clock, so that a busy machine makes no pauses longer than they are.
            await asyncio.sleep(start + number * 0.02 - asyncio.get_running_loop().time())
            client.edit(lsp.Range(lsp.Position(1, 4), lsp.Position(1, 4)), "x", number + 2)
        answer = await client.score()
        after = await counters(client)
    assert answer["version"] == 101
    assert after["runs"] - before["runs"] <= 5


async def test_the_document_that_somebody_works_on_goes_before_a_hundred_others() -> None:
    uris = [f"file:///w/{number}.py" for number in range(100)]
    async with connect(*FAKE_SERVER, "--gate", options={"debounce_ms": 1}) as client:
        for number, uri in enumerate(uris):
            client.open(f"def f{number}(a):\n    return a + {number}\n", uri=uri)
        await client.until_called(1)
        client.edit(lsp.Range(lsp.Position(1, 11), lsp.Position(1, 12)), "BUG", 2, uri=uris[70])
        calls = await client.until_called(2)
        assert calls[1] == "    return BUG + 70\n"
        client.release()
        found = await client.diagnostics(2, uris[70])
        assert len(found) == 1
        for number, uri in enumerate(uris):
            answer = await client.score(uri)
            assert [item["name"] for item in answer["functions"]] == [f"f{number}"]
        assert {hint.label for uri in uris for hint in await client.hints(uri)} == {"90 %", "30 %"}
        numbers = await counters(client)
    assert numbers["runs"] == 100 + numbers["interrupted"]
    assert {entry.uri for entry in client.published if entry.diagnostics} == {uris[70]}


@pytest.mark.parametrize(
    "uri",
    [
        "file:///w/with%20space.py",
        "file:///w/with space.py",
        "file:///w/%C3%A9t%C3%A9/%F0%9F%8E%89.py",
        "file:///w/été/🎉.py",
        "file:///c%3A/Users/x/a.py",
        "file:///C:/Users/x/a.py",
        "file://server/share/a.py",
        "file:///w/100%25.py",
        "untitled:Untitled-1",
        "untitled:/w/new.py",
        "vscode-vfs://github/owner/a.py",
        "inmemory://model/1",
    ],
)
async def test_a_uri_comes_back_as_it_was_sent(uri: str) -> None:
    async with connect() as client:
        client.open(BAD, uri=uri)
        assert len(await client.diagnostics(1, uri)) == 1
        assert (await client.score(uri))["uri"] == uri
        assert len(await client.hints(uri)) == 1
        client.close(uri)
        await client.until(lambda: not client.published[-1].diagnostics)
    assert {entry.uri for entry in client.published} == {uri}


async def test_notifications_leave_nothing_behind() -> None:
    async with connect(*FAKE_SERVER, "--gate") as client:
        client.release()
        client.open(GOOD)
        for number in range(200):
            client.edit(lsp.Range(lsp.Position(1, 4), lsp.Position(1, 4)), "x", number + 2)
        await client.score()
        held = await client.rpc.protocol.send_request_async("test/held", None)
    assert held < 10


async def counters(client: Client) -> dict[str, int]:
    return dict(to_plain(await client.rpc.protocol.send_request_async("test/counters", None)))
