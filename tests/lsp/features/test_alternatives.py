"""``codeodds.rankAlternatives`` end to end: order, diffs, and edits that do what the diffs say."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException

from codeodds.lsp.documents.text import Text
from tests.lsp import recorded
from tests.lsp.client import FAKE_SERVER, URI, connect

COMMAND = "codeodds.rankAlternatives"
TEXT = "x = 1\n\n\nclass C:\n    def f(self, a):\n        '''Do it.'''\n        b = BUG\n        return b\n\n\ny = 2\n"
BODIES = [
    "b = BUG\nb = BUG\nreturn b\n",
    "def f(self, a):\n    return a\n",
    "    b = BUG\n    return b",
    "return (\n",
    "return a\n",
    "",
]
CHANGED = TEXT.replace("        b = BUG\n        return b\n", "        return a\n")


def at(line: int, bodies: Any, uri: str = URI) -> dict[str, Any]:
    return {"uri": uri, "position": {"line": line, "character": 0}, "bodies": bodies}


def applied(text: str, edit: Any) -> str:
    (change,) = edit["documentChanges"] if "documentChanges" in edit else [{"edits": edit["changes"][URI]}]
    (part,) = change["edits"]
    start, end = (lsp.Position(**part["range"][name]) for name in ("start", "end"))
    partial = lsp.TextDocumentContentChangePartial(range=lsp.Range(start, end), text=part["newText"])
    return str(Text(text).edited([partial]))


async def test_bodies_come_back_ranked_with_diff_and_edit() -> None:
    async with connect(capabilities=recorded.vscode(), options={"enable": False}) as client:
        client.open(TEXT, version=3)
        answer = await client.command(COMMAND, at(6, BODIES))
    assert (answer["uri"], answer["version"], answer["function"], answer["complete"]) == (URI, 3, "C.f", True)
    assert answer["current"]["probability"] == pytest.approx(0.3)
    found = answer["alternatives"]
    assert [item["index"] for item in found] == [1, 4, 2, 0, 3, 5]
    assert [item["duplicateOf"] for item in found] == [None, 1, None, None, None, None]
    assert [item["isCurrent"] for item in found] == [False, False, True, False, False, False]
    best, _, current, _, broken, empty = found
    assert best["body"] == "        return a\n"
    assert best["diff"] == (
        "--- C.f\n+++ C.f (alternative 2)\n@@ -4,8 +4,7 @@\n class C:\n     def f(self, a):\n         '''Do it.'''\n"
        "-        b = BUG\n-        return b\n+        return a\n \n \n y = 2\n"
    )
    assert best["edit"]["documentChanges"][0]["textDocument"] == {"uri": URI, "version": 3}
    assert applied(TEXT, best["edit"]) == CHANGED
    assert (current["diff"], current["edit"], empty["edit"]) == (None, None, None)
    assert broken["reason"] == "it does not parse"
    assert applied(TEXT, broken["edit"]).count("return (") == 1, "whoever wants it may have it"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("def f(a): return BUG\n", "def f(a):\n    return a\n"),
        ("def f(a):\n    return BUG", "def f(a):\n    return a\n"),
        ("def f(a):\n    '''Do it.'''", "def f(a):\n    '''Do it.'''\n    return a\n"),
        ("é = '😀'\r\ndef f(a):\r\n    return '😀'\r\ny = 2\r\n", "é = '😀'\r\ndef f(a):\r\n    return a\r\ny = 2\r\n"),
    ],
)
async def test_the_edit_fits_wherever_the_body_stands(text: str, wanted: str) -> None:
    line = text.count("\n", 0, text.index("def"))
    async with connect(options={"enable": False}) as client:
        client.open(text)
        answer = await client.command(COMMAND, at(line, ["return a"]))
    (best,) = answer["alternatives"]
    assert applied(text, best["edit"]) == wanted
    assert best["diff"].startswith("--- f\n+++ f (alternative 1)\n@@ ")


async def test_whatever_the_bodies_are_none_is_lost() -> None:
    bodies = [
        "'\ud800'",
        "'\0'",
        "return 1\x0c\n",
        "'\u2028'\x85",
        "\\",
        "x" * 300_000,
        "'''",
        "\ufeffreturn 1",
        "def f(n):",
    ]
    bodies += ["\t return 1\n  return 2", "def f(n): return 3", "class A:\n  pass", "x = 1\n" * 2_500, "(" * 5_000]
    async with connect(options={"enable": False}) as client:
        client.open(TEXT)
        answer = await client.command(COMMAND, at(6, bodies))
    found = answer["alternatives"]
    assert sorted(item["index"] for item in found) == list(range(len(bodies)))
    assert {item["index"] for item in found if item["probability"] is not None} == {2, 7, 10, 11}
    assert all((item["probability"] is None) == (item["reason"] is not None) for item in found)


async def test_wrong_arguments_are_answered_with_a_sentence() -> None:
    cases: list[tuple[Any, str]] = [
        (at(6, []), "bodies are 0; give 1 to 999"),
        (at(6, ["return a"] * 1_000), "bodies are 1,000; give 1 to 999"),
        (at(6, "return a"), "Expected `array`, got `str`"),
        (at(6, [None]), "Expected `str`, got `null`"),
        (at(2, ["return a"]), "there is no function at line 2"),
        (at(99, ["return a"]), "line is 99"),
        (at(6, ["return a"], "file:///w/none.py"), "no open Python document"),
        ({"uri": URI}, "one object with uri, position"),
        ({**at(6, []), "generate": "yes"}, "Expected `bool`, got `str`"),
        ({**at(6, ["return a"] * 997), "generate": True}, "bodies are 997; give 0 to 996"),
        (None, "one object with uri, position"),
    ]
    async with connect(options={"enable": False}) as client:
        client.open(TEXT)
        for argument, message in cases:
            with pytest.raises(JsonRpcException) as caught:
                await client.command(COMMAND, argument)
            assert message in caught.value.message
            assert caught.value.code == -32602
        assert len((await client.command(COMMAND, at(6, ["return a"])))["alternatives"]) == 1


async def test_a_change_of_the_document_ends_the_ranking() -> None:
    async with connect(*FAKE_SERVER, "--gate", options={"enable": False}) as client:
        client.open(TEXT)
        running = asyncio.ensure_future(client.command(COMMAND, at(6, BODIES)))
        await client.until_called(1)
        client.replace(TEXT + "\n", 2)
        with pytest.raises(JsonRpcException) as caught:
            await running
        assert caught.value.code == -32802
        client.release()
        assert len((await client.command(COMMAND, at(6, BODIES)))["alternatives"]) == len(BODIES)
