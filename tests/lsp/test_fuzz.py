"""A thousand random edits end in what a server shows that never saw any of them."""

from __future__ import annotations

import asyncio
import random

import pytest
from lsprotocol import types as lsp

from codeodds.engine.fake import FakeScorer
from codeodds.source.functions import Function, find_functions, unscored_because
from codeodds.source.nested import with_nested
from codeodds.types import Score
from tests.lsp.client import Client, connect

START = """\
import os\r
\r
def f(a):\r
    b = a + 1\r
    return b\r

class C:
    '''🎉 \u2028'''
    def m(self, x="é🎉"):
        y = BUG + x
        return '🎉' + y

    @property
    async def p(self):
        return self.x + 1 + 2

def last(a, b):\x0c
    while a:
        a -= b
    return a
"""
SCRAPS = [
    "x",
    " ",
    "    ",
    "\n",
    "\r\n",
    "\r",
    "BUG",
    "🎉",
    "é",
    "\u2028",
    "\x0c",
    "(",
    ")",
    "'''",
    "#",
    ":\n",
    "def g(a):\n    return a + BUG\n",
    "    def h(a):\n        return a + BUG\n",
    "class D:\n    def m(self):\n        return 1 + 2\n",
    "import sys\n",
    "@deco\n",
    "\n\n\n",
]
EDITS = 1_000
UNITS = {
    lsp.PositionEncodingKind.Utf8: lambda character: len(character.encode("utf-8")),
    lsp.PositionEncodingKind.Utf16: lambda character: 2 if character > "\uffff" else 1,
    lsp.PositionEncodingKind.Utf32: lambda character: 1,
}


def position_of(text: str, offset: int, encoding: lsp.PositionEncodingKind) -> lsp.Position:
    """Character by character: slow, and written independently of the server."""
    line = character = 0
    for index in range(offset):
        letter = text[index]
        if letter == "\n" or (letter == "\r" and text[index + 1 : index + 2] != "\n"):
            line, character = line + 1, 0
        elif letter != "\r":
            character += UNITS[encoding](letter)
    return lsp.Position(line, character)


def random_change(rng: random.Random, text: str) -> tuple[int, int, str]:
    """(start, end, replacement); mostly small, sometimes across functions. Never between CR and LF, where the protocol
    has no position."""
    start = rng.randrange(len(text) + 1)
    length = rng.choice([0, 0, 0, 0, 1, 1, 2, 10, 80] if len(text) < 2000 else [0, 1, 10, 80, 400])
    end = min(len(text), start + length)
    start, end = (place - (text[place - 1 : place + 1] == "\r\n") for place in (start, end))
    replacement = rng.choice(SCRAPS) if rng.random() < 0.8 else ""
    if rng.random() < 0.02:
        return 0, len(text), START
    return start, end, replacement


def reference(text: str) -> list[float | None]:
    """The probability of each function, and of those within it, from a fresh scorer."""
    scorer, found = FakeScorer(), []
    for function in map(with_nested, find_functions(text)):
        score = None if unscored_because(function) else scorer.score(function.unit)
        found.append(shown(function, score))
        parts = score.parts if score is not None else [None] * len(function.nested)
        found += [shown(inner, part) for inner, part in zip(function.nested, parts, strict=True)]
    return found


def shown(function: Function, score: Score | None) -> float | None:
    if score is None or unscored_because(function) or len(score.values) < FakeScorer().info.min_solution_tokens:
        return None
    return score.probability


async def type_at_random(client: Client, seed: int, encoding: lsp.PositionEncodingKind) -> dict[int, str]:
    """The text of each version."""
    rng = random.Random(seed)
    texts = {1: START}
    client.open(START)
    for version in range(2, EDITS + 2):
        text = texts[version - 1]
        start, end, replacement = random_change(rng, text)
        span = lsp.Range(position_of(text, start, encoding), position_of(text, end, encoding))
        client.edit(span, replacement, version)
        texts[version] = text[:start] + replacement + text[end:]
        if rng.random() < 0.03:
            await client.hints()
        elif rng.random() < 0.05:
            await asyncio.sleep(0.002)
    return texts


@pytest.mark.parametrize("encoding", list(UNITS))
async def test_random_edits_end_in_the_scores_of_a_fresh_server(encoding: lsp.PositionEncodingKind) -> None:
    async with connect(options={"debounce_ms": 1}, encodings=[encoding]) as client:
        texts = await type_at_random(client, len(encoding), encoding)
        # Whatever is left at the end, some functions are to be compared.
        client.edit(lsp.Range(lsp.Position(0, 0), lsp.Position(0, 0)), START, EDITS + 2)
        answer = await client.score()
        hints = await client.hints()
    final = START + texts[EDITS + 1]
    async with connect(options={"enable": False}, encodings=[encoding]) as client:
        client.open(final, version=EDITS + 2)
        fresh = await client.score()
    assert answer == fresh
    assert len(fresh["functions"]) >= 4
    expected = reference(final)
    assert [item["probability"] for item in answer["functions"]] == [
        None if value is None else pytest.approx(value, abs=1e-6) for value in expected
    ]
    outermost = [item for item in answer["functions"] if item["within"] is None]
    assert len(hints) == sum(item["probability"] is not None for item in outermost)


async def test_no_version_is_shown_after_a_newer_one_nor_with_the_values_of_another() -> None:
    encoding = lsp.PositionEncodingKind.Utf16
    async with connect(options={"debounce_ms": 1, "threshold": 1.0}, encodings=[encoding]) as client:
        texts = await type_at_random(client, 5, encoding)
        client.edit(lsp.Range(lsp.Position(0, 0), lsp.Position(10_000, 0)), START, EDITS + 2)
        await client.diagnostics(EDITS + 2)
    texts[EDITS + 2] = START
    versions = [entry.version for entry in client.published]
    assert versions == sorted(versions)
    for entry in client.published:
        possible = {round(value, 4) for value in reference(texts[entry.version or 0]) if value is not None}
        assert {diagnostic.data["probability"] for diagnostic in entry.diagnostics} <= possible
