"""Candidates that run for a ranking: both consents, the order, limits of time, cancellation. In the real sandbox."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException

from tests.lsp.client import FAKE_SERVER, URI, WAIT_S, Client, connect, to_plain
from tests.lsp.processes import alive, descendants

HEAD = "def double(x: int):\n"
WITH_EXAMPLE = HEAD + '    """Double.\n\n    >>> double(3)\n    6\n    """\n'
TEXT = HEAD + "    return x * x\n"
GATED = (*FAKE_SERVER, "--gate")
ON = {"enable": False, "run_code": True, "threads": 1}
OFF = "the setting run_code is off; switch it on in your user settings"
ENDLESS = ["    while True:\n        x += 1\n"]
DOUBLE = ["    return x + x\n", "    return x * x\n"]
RUNNING = 4
"""Processes of a sandbox with a program in it: worker, zygote, guardian, program."""

COMMAND = "codeodds.rankAlternatives"


def sent(client: Client, candidates: list[str], prefix: str = HEAD, **more: Any) -> asyncio.Future[Any]:
    name = more.pop("name", None)
    parameters = {"prefix": prefix, "candidates": candidates, **more}
    return asyncio.ensure_future(client.rpc.protocol.send_request_async("codeodds/rank", parameters, msg_id=name))


async def rank(client: Client, candidates: list[str], prefix: str = HEAD, **more: Any) -> dict[str, Any]:
    answer = await asyncio.wait_for(sent(client, candidates, prefix, **more), WAIT_S)
    return to_plain(answer)  # type: ignore[no-any-return]


async def sandbox_modules(client: Client) -> list[str]:
    """What the server has loaded of the only code that starts processes."""
    return list(await client.rpc.protocol.send_request_async("test/sandbox", None))


async def processes(client: Client, least: int) -> set[int]:
    """What the server has started, and what that has, once there are so many."""
    server = await client.rpc.protocol.send_request_async("test/process", None)
    async with asyncio.timeout(WAIT_S):
        while len(found := descendants(server)) < least:
            await asyncio.sleep(0.01)
    return found


async def until_gone(started: set[int]) -> None:
    async with asyncio.timeout(WAIT_S):
        while started & alive():
            await asyncio.sleep(0.01)


def alternatives(bodies: list[str], **more: Any) -> dict[str, Any]:
    return {"uri": URI, "position": {"line": 0, "character": 0}, "bodies": bodies, **more}


async def test_bodies_that_agree_stand_before_a_more_probable_one_that_does_not() -> None:
    bodies = [
        "return x ** 3",
        "return x + x  # BUG",
        "return 2 * x  # BUG",
        "return x - -x # BUG",
        "return x << 1 # BUG",
    ]
    async with connect(options=ON) as client:
        client.open(TEXT)
        by_value = await client.command(COMMAND, alternatives([*bodies, "return ("]))
        ran = await client.command(COMMAND, alternatives([*bodies, "return ("], runCode=True))
    assert [item["index"] for item in by_value["alternatives"]] == [0, 1, 2, 3, 4, 5]
    assert (by_value["ran"], by_value["notRun"], by_value["inputs"]) == (False, "the request does not say runCode", 0)
    assert [item["agreement"] for item in by_value["alternatives"]] == [None] * 6
    assert [item["index"] for item in ran["alternatives"]] == [1, 2, 3, 4, 0, 5]
    assert (ran["ran"], ran["notRun"], ran["inputs"], ran["complete"]) == (True, None, 12, True)
    total = 4 * 0.3 + 2 * 0.9
    agreement = [item["agreement"] for item in ran["alternatives"]]
    assert agreement == [pytest.approx(1.2 / total)] * 4 + [pytest.approx(0.9 / total), None]
    assert ran["current"]["agreement"] == pytest.approx(0.9 / total)
    assert ran["alternatives"][0]["edit"] is not None


async def test_an_example_of_the_docstring_comes_before_agreement() -> None:
    async with connect(options=ON) as client:
        client.open(WITH_EXAMPLE + "    y = x\n    \n")
        place = {"textDocument": {"uri": URI}, "position": {"line": 7, "character": 4}}
        parameters = {**place, "candidates": ["return y", "return +y", "return y + x"], "runCode": True}
        answer = to_plain(await client.rpc.protocol.send_request_async("codeodds/rank", parameters))
    assert (answer["ran"], answer["order"]) == (True, [2, 0, 1])
    assert [item["examplesPassed"] for item in answer["candidates"]] == [1.0, 0.0, 0.0]
    thirds = [pytest.approx(share / 3, abs=1e-6) for share in (1, 2, 2)]
    assert [item["agreement"] for item in answer["candidates"]] == thirds


@pytest.mark.parametrize(
    ("allowed", "asked", "refused"),
    [(False, {"runCode": True}, True), (True, {}, False), (True, {"runCode": False}, False)],
)
async def test_nothing_runs_without_both_consents(
    tmp_path: Path, allowed: bool, asked: dict[str, bool], refused: bool
) -> None:
    planted = tmp_path / "ran"
    bodies = [f"    open({str(planted)!r}, 'w').close()\n    return {number}\n" for number in range(2)]
    async with connect(*GATED, options={"enable": False, "run_code": allowed}) as client:
        client.release()
        client.open(TEXT)
        for request in (rank(client, bodies, **asked), client.command(COMMAND, alternatives(bodies, **asked))):
            if refused:
                with pytest.raises(JsonRpcException, match=OFF) as caught:
                    await request
                assert caught.value.code == lsp.LSPErrorCodes.RequestFailed
            else:
                answer = await request
                assert (answer["ran"], answer["inputs"]) == (False, 0)
        assert await sandbox_modules(client) == []
        assert await processes(client, 0) == set()
        assert len(await client.calls()) == (0 if refused else 3), "a refusal comes before any score"
    assert list(tmp_path.iterdir()) == []


async def test_with_both_consents_the_sandbox_keeps_a_candidate_from_the_files_here(tmp_path: Path) -> None:
    planted = tmp_path / "ran"
    bodies = [f"    open({str(planted)!r}, 'w').close()\n    return 1\n", "    return 1\n"]
    async with connect(*GATED, options=ON) as client:
        client.release()
        answer = await rank(client, bodies, runCode=True)
        assert "codeodds.execution.pool" in await sandbox_modules(client)
    assert (answer["ran"], answer["order"]) == (True, [1, 0])
    assert [item["agreement"] for item in answer["candidates"]] == [0.5, 0.0]
    assert list(tmp_path.iterdir()) == []


async def test_a_workspace_folder_cannot_allow_it() -> None:
    capabilities = lsp.ClientCapabilities(workspace=lsp.WorkspaceClientCapabilities(configuration=True))
    configuration = {"": {}, "file:///w": {"severity": "warning", "run_code": True}}
    async with connect(*GATED, capabilities=capabilities, folders=["file:///w"], configuration=configuration) as client:
        client.release()
        client.open("def f(a):\n    c = a\n    b = BUG\n    return b\n")
        (found,) = await client.diagnostics(1)
        assert found.severity == lsp.DiagnosticSeverity.Warning, "the folder's other settings hold"
        with pytest.raises(JsonRpcException, match=OFF):
            await client.command(COMMAND, alternatives(["return x"], runCode=True))
        assert await sandbox_modules(client) == []


async def test_where_the_sandbox_cannot_isolate_it_says_so_and_runs_nothing() -> None:
    async with connect(*GATED, "--no-namespaces", options=ON) as client:
        client.release()
        with pytest.raises(JsonRpcException, match="rank without running the candidates") as caught:
            await rank(client, DOUBLE, runCode=True)
        assert caught.value.code == lsp.LSPErrorCodes.RequestFailed
        assert (await rank(client, DOUBLE))["order"] == [0, 1]


async def test_what_cannot_be_called_keeps_the_order_by_value() -> None:
    async with connect(options=ON) as client:
        module = await rank(client, ["y = BUG\n", "y = x\n"], "x = 1\n", runCode=True)
        method = await rank(client, DOUBLE, "class C:\n    def f(self, x):\n    ", runCode=True)
        broken = await rank(client, ["(", ""], runCode=True)
    assert (module["ran"], module["order"], method["ran"], broken["ran"]) == (False, [1, 0], False, False)
    assert module["notRun"] == method["notRun"] == "no candidate makes a function that can be called by itself"
    assert broken["notRun"] == "no candidate was scored"


async def test_when_the_time_is_up_the_order_is_by_value_and_nothing_runs_on() -> None:
    async with connect(*GATED, options={**ON, "run_code_timeout_ms": 1_000}) as client:
        client.release()
        answer = await rank(client, [*ENDLESS, *DOUBLE], runCode=True)
        assert await processes(client, 0) == set()
    assert (answer["ran"], answer["order"], answer["inputs"]) == (False, [0, 1, 2], 0)
    assert answer["notRun"] == "the time was up, run_code_timeout_ms = 1000; raise it, or give fewer"
    assert [item["agreement"] for item in answer["candidates"]] == [None] * 3


async def test_a_cancellation_ends_the_processes_and_lets_the_next_request_run() -> None:
    async with connect(*GATED, options=ON) as client:
        client.release()
        running = sent(client, ENDLESS, runCode=True, name="endless")
        started = await processes(client, RUNNING)
        waiting = sent(client, DOUBLE, runCode=True)
        client.rpc.cancel_request(lsp.CancelParams("endless"))
        with pytest.raises(JsonRpcException) as caught:
            await asyncio.wait_for(running, WAIT_S)
        assert caught.value.code == lsp.LSPErrorCodes.RequestCancelled
        assert to_plain(await asyncio.wait_for(waiting, WAIT_S))["ran"] is True
        await until_gone(started)
        assert await processes(client, 0) == set()


async def test_a_change_of_the_document_ends_the_processes() -> None:
    async with connect(*GATED, options=ON) as client:
        client.release()
        client.open(TEXT)
        running = asyncio.ensure_future(client.command(COMMAND, alternatives(ENDLESS, runCode=True)))
        started = await processes(client, RUNNING)
        client.replace(TEXT + "\n", 2)
        with pytest.raises(JsonRpcException) as caught:
            await running
        assert caught.value.code == lsp.LSPErrorCodes.ServerCancelled
        await until_gone(started)


async def test_the_end_of_the_session_ends_the_processes() -> None:
    async with connect(*GATED, options=ON) as client:
        client.release()
        running = sent(client, ENDLESS, runCode=True)
        started = await processes(client, RUNNING)
    running.cancel()
    await until_gone(started)


async def test_consent_is_true_and_nothing_like_it() -> None:
    async with connect(options=ON) as client:
        for wrong in ("yes", 1, None):
            with pytest.raises(JsonRpcException, match="runCode") as caught:
                await rank(client, DOUBLE, runCode=wrong)
            assert caught.value.code == -32602
