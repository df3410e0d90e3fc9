"""The commands end to end: typed arguments, values, errors."""

from __future__ import annotations

from typing import Any

import pytest
from pygls.exceptions import JsonRpcException

from codeodds import __version__
from tests.lsp import recorded
from tests.lsp.client import FAKE_SERVER, URI, connect

TEXT = "def f(a):\n    b = a + 1\n    return b\n\n\ndef g(a):\n    b = BUG\n    return b\n\n\ndef h(a):\n    ...\n"


def at(line: int, **more: Any) -> dict[str, Any]:
    return {"uri": URI, "position": {"line": line, "character": 0}, **more}


def lines(first: int, last: int) -> dict[str, Any]:
    return {"uri": URI, "range": {"start": {"line": first, "character": 0}, "end": {"line": last, "character": 3}}}


async def test_the_scoring_commands_answer_as_the_request_does() -> None:
    async with connect(options={"enable": False}) as client:
        client.open(TEXT)
        everything = await client.score()
        assert await client.command("codeodds.scoreFile", {"uri": URI}) == everything
        one = await client.command("codeodds.scoreFunction", at(6))
        assert one == {**everything, "functions": [everything["functions"][1]]}
        assert (await client.command("codeodds.scoreFunction", at(4)))["functions"] == []
        for first, last, names in ((0, 20, "fgh"), (2, 5, "fg"), (3, 4, ""), (6, 6, "g"), (7, 10, "gh"), (6, 2, "g")):
            answer = await client.command("codeodds.scoreSelection", lines(first, last))
            assert "".join(function["name"] for function in answer["functions"]) == names


async def test_explain_answers_in_markdown_and_in_text_and_shows_only_if_told_to() -> None:
    async with connect(options={"enable": False}) as client:
        client.open(TEXT)
        stub = await client.command("codeodds.explain", at(10))
        answer = await client.command("codeodds.explain", at(7))
        nothing = await client.command("codeodds.explain", at(4))
        assert client.shown == []
        await client.command("codeodds.explain", at(7, show=True))
        await client.until(lambda: client.shown)
    assert stub["text"] == "h is not scored: it is a stub."
    assert answer["markdown"].startswith("**30 %** likely to be right as written: `g`")
    assert answer["text"].startswith("30 % likely to be right as written: g")
    assert nothing == {"markdown": None, "text": None}
    assert [entry.message for entry in client.shown] == [answer["text"]]


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("codeodds.scoreFile", [], "one object with uri"),
        ("codeodds.scoreFile", [URI], "one object with uri"),
        ("codeodds.scoreFile", [{"uri": 3}], r"Expected `str`, got `int` - at `\$.uri`"),
        ("codeodds.scoreFile", [{"uri": "file:///w/unknown.py"}], "no open Python document"),
        ("codeodds.scoreFunction", [{"uri": URI}], "one object with uri, position"),
        ("codeodds.scoreFunction", [at(-1)], "position.line"),
        ("codeodds.scoreFunction", [at(99)], "line is 99, but the document has 13 lines"),
        ("codeodds.scoreSelection", [at(1)], "one object with uri, range"),
        ("codeodds.explain", [at(1, show="yes")], "show"),
        ("codeodds.reloadModel", [1], "Expected 0 arguments, got 1"),
        ("codeodds.unknown", [], "not defined"),
    ],
)
async def test_wrong_arguments_are_answered_with_a_sentence(name: str, arguments: list[Any], message: str) -> None:
    async with connect() as client:
        client.open(TEXT)
        with pytest.raises(JsonRpcException, match=message) as caught:
            await client.command(name, *arguments)
        assert caught.value.code == -32602
        assert len((await client.score())["functions"]) == 3


async def test_a_broken_bundle_is_answered_with_its_sentence() -> None:
    async with connect(*FAKE_SERVER, "there is no bundle at x; install one") as client:
        client.open(TEXT)
        with pytest.raises(JsonRpcException, match="there is no bundle at x; install one") as caught:
            await client.command("codeodds.scoreFunction", at(1))
    assert caught.value.code == -32803


async def test_reloading_the_model_scores_everything_again() -> None:
    async with connect(*FAKE_SERVER, "--gate") as client:
        client.release()
        client.open(TEXT)
        await client.diagnostics(1)
        assert len(await client.calls()) == 2
        assert await client.command("codeodds.reloadModel") is None
        assert len(await client.until_called(4)) == 4


async def test_debug_information_holds_no_code_and_no_file_names() -> None:
    async with connect(
        capabilities=recorded.neovim(),
        name="Neovim",
        options={"threshold": 0.4, "completions_url": "http://u:secret@h/v1"},
    ) as client:
        client.open(TEXT.replace("def f", "def secret_name"), uri="file:///home/secret_folder/a.py")
        await client.pull("file:///home/secret_folder/a.py")
        answer = await client.command("codeodds.debugInformation")
    assert answer["codeodds"] == __version__
    assert answer["client"] == "Neovim"
    assert answer["position_encoding"] in ("utf-8", "utf-16", "utf-32")
    assert answer["model"]["name"] == "fake"
    assert answer["settings"]["threshold"] == 0.4
    assert answer["documents"] == {"open": 1, "functions": 3, "scored": 2}
    assert answer["counters"]["runs"] == 2
    assert answer["libraries"]["pygls"].startswith("2.")
    assert "secret" not in str(answer)


async def test_a_client_that_cannot_show_documents_is_told_where_the_settings_are() -> None:
    async with connect() as client:
        with pytest.raises(JsonRpcException, match=r"docs/settings\.md"):
            await client.command("codeodds.openSettings")
