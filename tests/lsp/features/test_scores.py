"""``codeodds/scores`` end to end."""

from __future__ import annotations

import pytest
from lsprotocol import types as lsp

from codeodds.lsp.protocol.capabilities import Client
from tests.lsp.client import FAKE_SERVER, URI, connect

WANTS = lsp.ClientCapabilities(experimental={"codeoddsScores": True})
TEXT = "def f(a):\n    b = a + 1\n    return b\n\n\ndef g(a):\n    b = BUG\n    return b\n\n\ndef h(a):\n    ...\n"


async def test_a_client_that_wants_scores_is_told_what_score_would_answer() -> None:
    async with connect(capabilities=WANTS) as client:
        client.open(TEXT, version=7)
        await client.until(lambda: client.told and client.told[-1]["complete"])
        answer = await client.score()
    last = client.told[-1]
    for function in answer["functions"]:
        del function["lines"]
    assert last == {
        "uri": URI,
        "version": 7,
        "complete": True,
        "problem": None,
        "functions": answer["functions"],
    }
    assert [item["probability"] for item in last["functions"]] == [pytest.approx(0.9), pytest.approx(0.3), None]
    assert last["functions"][2]["reason"] == "it is a stub"


async def test_other_clients_are_not_told() -> None:
    async with connect() as client:
        client.open(TEXT)
        await client.scored()
        assert len((await client.score())["functions"]) == 3
    assert client.told == []


async def test_what_is_switched_off_is_told_as_nothing() -> None:
    async with connect(capabilities=WANTS) as client:
        client.open(TEXT)
        await client.until(lambda: client.told and client.told[-1]["complete"])
        client.configure({"codeodds": {"enable": False}})
        await client.until(lambda: client.told[-1]["functions"] == [])
    assert client.told[-1] == {"uri": URI, "version": 1, "complete": True, "problem": None, "functions": []}


async def test_a_bundle_that_cannot_be_opened_is_told_with_every_version() -> None:
    problem = "there is no bundle at x; install one"
    async with connect(*FAKE_SERVER, problem, capabilities=WANTS) as client:
        client.open(TEXT)
        await client.until(lambda: client.told)
        client.replace("def f(a):\n    return a\n", 2)
        await client.until(lambda: client.told[-1]["version"] == 2)
    for entry, version in ((client.told[0], 1), (client.told[-1], 2)):
        assert entry == {"uri": URI, "version": version, "complete": True, "problem": problem, "functions": []}


@pytest.mark.parametrize("experimental", [None, {}, {"codeoddsScores": "yes"}, {"codeoddsScores": False}, [1], "x"])
def test_anything_but_true_is_no(experimental: object) -> None:
    assert not Client(lsp.ClientCapabilities(experimental=experimental)).takes_scores  # type: ignore[arg-type]
