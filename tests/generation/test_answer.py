"""Answers of completions servers, whole and in pieces, right and wrong. Pure."""

from __future__ import annotations

import json
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeodds.errors import EndpointError
from codeodds.generation.answer import MAX_BYTES, AnswerReader, Piece
from tests.generation.double import DONE, event


def read(*parts: bytes) -> list[Piece]:
    reader = AnswerReader()
    return [piece for part in parts for piece in reader.feed(part)] + reader.end()


STREAM = b": hello\n\nevent: x\n" + event("return é", 0) + event(" + 1", 1) + event("", 0, "stop") + DONE
PIECES = [Piece(0, "return é", False), Piece(1, " + 1", False), Piece(0, "", True)]


@given(cuts=st.lists(st.integers(0, len(STREAM)), max_size=8))
def test_a_stream_reads_the_same_however_it_is_cut(cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(STREAM)]
    assert read(*(STREAM[start:end] for start, end in pairwise(places))) == PIECES


def test_a_stream_may_end_without_done_and_with_carriage_returns() -> None:
    assert read(STREAM.replace(b"\n", b"\r\n").removesuffix(b"data: [DONE]\r\n\r\n")) == PIECES
    assert read(event("x").rstrip()) == [Piece(0, "x", False)]


def test_one_object_is_read_at_its_end() -> None:
    choices = [{"text": "a", "index": 0, "finish_reason": "length"}, {"text": "b", "index": 1, "finish_reason": "stop"}]
    content = b" \n" + json.dumps({"choices": choices}, indent=1).encode()
    assert read(content[:20], content[20:]) == [Piece(0, "a", False), Piece(1, "b", True)]


def test_a_choice_without_text_adds_nothing() -> None:
    assert read(b'data: {"choices": [{"index": 0, "finish_reason": "stop"}]}\n') == [Piece(0, "", True)]
    assert read(b'data: {"choices": [{"index": 0, "text": null}]}\n') == [Piece(0, "", False)]
    assert read(b'data: {"choices": []}\n') == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty answer"),
        (b"<!doctype html><title>Log in</title>", "web page"),
        (b"\n  <html>", "web page"),
        (b"hello", "something else"),
        (b'{"choices": ', "something else"),
        (b"[]", "something else"),
        (b'{"choices": "x"}', "something else"),
        (b'{"choices": [3]}', "something else"),
        (b'{"choices": [{"text": 3}]}', "something else"),
        (b'{"choices": [{"text": "", "index": -1}]}', "something else"),
        (b"data: {\n", "something else"),
        (b"data: \xff\n", "something else"),
        (b"[" * 100_000, "something else"),
        (b'data: {"error": {"message": "secret"}}\n', "reported an error"),
        (b"data: " + b"x" * MAX_BYTES, "more than 4,000,000 bytes"),
    ],
)
def test_what_is_no_answer_is_named_without_quoting_it(content: bytes, words: str) -> None:
    with pytest.raises(EndpointError) as caught:
        read(content)
    assert words in str(caught.value)
    assert "secret" not in str(caught.value)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    with suppress(EndpointError):
        read(content)
