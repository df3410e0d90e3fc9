"""Texts and positions, without a server."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lsprotocol import types as lsp
from pygls.workspace import PositionCodec, TextDocument

from codeodds.lsp.documents import text as text_module
from codeodds.lsp.documents.text import Converter, Text, changed_line
from codeodds.source.functions import normalise_newlines

ENCODINGS = list(lsp.PositionEncodingKind)
CHARACTERS = "ab 🎉é\n\r\x0c\u2028\ud83d\ude00"
TEXTS = st.text(st.sampled_from(CHARACTERS), max_size=30)
LIKE_PYGLS = st.text(st.sampled_from("ab 🎉é\n\r"), max_size=30)
"""pygls takes other characters for line ends as well."""
CHUNKS = st.integers(1, 5)
POSITIONS = st.builds(lsp.Position, st.integers(0, 8), st.integers(0, 12) | st.just(2**31 - 1))


def _changes(texts: st.SearchStrategy[str]) -> st.SearchStrategy[list[lsp.TextDocumentContentChangeEvent]]:
    partial = st.builds(
        lsp.TextDocumentContentChangePartial, range=st.builds(lsp.Range, POSITIONS, POSITIONS), text=texts
    )
    whole = st.builds(lsp.TextDocumentContentChangeWholeDocument, texts)
    return st.lists(st.one_of(partial, partial, partial, partial, whole), max_size=8)


def _partial(start: tuple[int, int], end: tuple[int, int], text: str) -> lsp.TextDocumentContentChangePartial:
    return lsp.TextDocumentContentChangePartial(lsp.Range(lsp.Position(*start), lsp.Position(*end)), text)


def _slow_offset(text: str, position: lsp.Position, encoding: lsp.PositionEncodingKind) -> int:
    """Character by character over the whole text."""
    starts = [0, *(match.end() for match in re.finditer(r"\r\n|\n|\r", text))]
    if position.line >= len(starts):
        return len(text)
    at, units = starts[position.line], 0
    while at < len(text) and text[at] not in "\r\n":
        units += {
            lsp.PositionEncodingKind.Utf8: len(text[at].encode("utf-8", "surrogatepass")),
            lsp.PositionEncodingKind.Utf16: len(text[at].encode("utf-16-le", "surrogatepass")) // 2,
            lsp.PositionEncodingKind.Utf32: 1,
        }[encoding]
        if units > position.character:
            break
        at += 1
    return at


def _slow_edits(
    text: str, changes: list[lsp.TextDocumentContentChangeEvent], encoding: lsp.PositionEncodingKind
) -> str:
    text = _with_pairs(text)
    for change in changes:
        if isinstance(change, lsp.TextDocumentContentChangePartial):
            start = _slow_offset(text, change.range.start, encoding)
            end = max(start, _slow_offset(text, change.range.end, encoding))
            text = _with_pairs(text[:start] + change.text + text[end:])
        else:
            text = _with_pairs(change.text)
    return text


def _with_pairs(text: str) -> str:
    """Halves of a pair that stand side by side become one character; a half alone stays."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


@pytest.fixture(autouse=True)
def _chunks_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_module, "CHUNK", text_module.CHUNK)


@given(TEXTS, _changes(TEXTS), st.sampled_from(ENCODINGS), CHUNKS)
def test_edits_in_chunks_are_edits_of_the_whole(
    old: str, changes: list[lsp.TextDocumentContentChangeEvent], encoding: lsp.PositionEncodingKind, chunk: int
) -> None:
    text_module.CHUNK = chunk
    before = Text(old, encoding)
    after = before.edited(changes)
    expected = _slow_edits(old, changes, encoding)
    assert str(after) == expected
    assert len(after) == len(expected)
    assert str(before) == _with_pairs(old)
    step_by_step = before
    for change in changes:
        step_by_step = step_by_step.edited([change])
    assert str(step_by_step) == expected


@given(LIKE_PYGLS, _changes(LIKE_PYGLS), st.sampled_from(ENCODINGS), CHUNKS)
def test_edits_are_those_of_pygls(
    old: str, changes: list[lsp.TextDocumentContentChangeEvent], encoding: lsp.PositionEncodingKind, chunk: int
) -> None:
    """Where its line ends are the protocol's, and ranges go forward to places that there are."""
    text_module.CHUNK = chunk
    theirs = TextDocument("file:///a.py", old, position_codec=PositionCodec(encoding))
    ours = Text(old, encoding)
    for change in changes:
        if isinstance(change, lsp.TextDocumentContentChangePartial):
            whole = str(ours)
            first, last = sorted(_slow_offset(whole, at, encoding) for at in (change.range.start, change.range.end))
            lines = normalise_newlines(whole[:first]), normalise_newlines(whole[:last])
            places = [_position_behind(before, encoding) for before in lines]
            change = lsp.TextDocumentContentChangePartial(lsp.Range(*places), change.text)
        theirs.apply_change(change)
        ours = ours.edited([change])
        assert str(ours) == theirs.source


def _position_behind(before: str, encoding: lsp.PositionEncodingKind) -> lsp.Position:
    lines = before.split("\n")
    return Converter(lines, encoding).position(len(lines) - 1, len(lines[-1]))


@given(TEXTS, POSITIONS, st.sampled_from(ENCODINGS), CHUNKS)
def test_an_offset_is_found_as_in_the_whole(
    text: str, position: lsp.Position, encoding: lsp.PositionEncodingKind, chunk: int
) -> None:
    text_module.CHUNK = chunk
    assert Text(text, encoding).offset(position) == _slow_offset(_with_pairs(text), position, encoding)


@pytest.mark.parametrize(
    ("position", "offset"),
    [((0, 0), 0), ((0, 99), 2), ((1, 1), 5), ((2, 0), 7), ((2, 2), 8), ((2, 3), 9), ((3, 0), 10), ((9, 9), 10)],
)
def test_lines_end_at_lf_crlf_and_cr(position: tuple[int, int], offset: int) -> None:
    assert Text("ab\r\ncd\n🎉x\r").offset(lsp.Position(*position)) == offset


@given(TEXTS, st.sampled_from(ENCODINGS), CHUNKS, st.data())
def test_a_position_from_the_converter_leads_back(
    text: str, encoding: lsp.PositionEncodingKind, chunk: int, data: st.DataObject
) -> None:
    text_module.CHUNK = chunk
    text = _with_pairs(normalise_newlines(text))
    lines = text.split("\n")
    line = data.draw(st.integers(0, len(lines) - 1))
    character = data.draw(st.integers(0, len(lines[line])))
    position = Converter(lines, encoding).position(line, character)
    assert Text(text, encoding).offset(position) == sum(len(before) + 1 for before in lines[:line]) + character


@pytest.mark.parametrize(
    ("old", "changes", "new"),
    [
        ("a🎉b", [((0, 1), (0, 3), "x\ny"), ((1, 0), (1, 1), "🎉"), ((1, 2), (1, 2), "!")], "ax\n🎉!b"),
        ("abc", [((0, 2), (0, 1), "x")], "abxc"),
        ("", [((0, 0), (0, 0), "a")], "a"),
        ("", [((7, 7), (9, 9), "a"), ((0, 0), (0, 1), "")], ""),
        ("a\r", [((1, 0), (1, 0), "\n"), ((1, 0), (1, 0), "b")], "a\r\nb"),
        ("a\rb\nc", [((1, 0), (1, 1), ""), ((1, 0), (1, 0), "d")], "a\r\ndc"),
        ("a\r\nb", [((0, 1), (0, 9), "\r"), ((1, 0), (1, 0), "x")], "a\rx\r\nb"),
        ("a", [((0, 1), (0, 1), "\ud83d"), ((0, 2), (0, 2), "\ude00"), ((0, 3), (0, 3), "!")], "a😀!"),
        ("a😀b", [((0, 2), (0, 3), "-")], "a-b"),
    ],
    ids=["sequence", "backwards", "empty", "behind", "cr then lf", "cr meets lf", "before crlf", "halves", "inside"],
)
def test_changes_build_on_each_other(
    old: str, changes: list[tuple[tuple[int, int], tuple[int, int], str]], new: str
) -> None:
    assert str(Text(old).edited([_partial(*change) for change in changes])) == new


@pytest.mark.parametrize("order", [1, -1], ids=["downwards", "upwards"])
@pytest.mark.parametrize("line_length", [30, 400_000], ids=["short lines", "one line"])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_thousands_of_changes(order: int, line_length: int, encoding: lsp.PositionEncodingKind) -> None:
    """As `replace all` sends them, in chunks of their usual size."""
    words = ["é🎉old" if number % line_length < line_length - 1 else "old\r\n" for number in range(4_000)]
    positions, line, character = [], 0, 0
    width = Converter(["é🎉"], encoding).position(0, 2).character
    for word in words:
        positions.append((line, character + (0 if word.startswith("old") else width)))
        line, character = (line + 1, 0) if word.endswith("\n") else (line, character + width + 3)
    changes = [_partial(at, (at[0], at[1] + 3), "new") for at in positions][::order]
    assert str(Text("".join(words), encoding).edited(changes)) == "".join(words).replace("old", "new")


def test_an_edit_shares_what_it_does_not_change() -> None:
    before = Text("x = 1\n" * 200_000)
    after = before.edited([_partial((150_000, 0), (150_000, 1), "y")])
    kept = {id(chunk) for chunk in before._chunks}
    made = [chunk for chunk in after._chunks if id(chunk) not in kept]
    assert sum(map(len, made)) <= 2 * text_module.CHUNK
    assert str(after) == "x = 1\n" * 150_000 + "y = 1\n" + "x = 1\n" * 49_999


def test_the_line_of_the_last_change() -> None:
    whole = lsp.TextDocumentContentChangeWholeDocument("a\n\nb")
    assert changed_line([_partial((3, 0), (9, 0), "a\r\nb\rc")]) == 5
    assert changed_line([_partial((3, 0), (3, 0), "a"), whole]) == 3
    assert changed_line([whole]) is None
    assert changed_line([]) is None


def test_places_behind_the_text_are_kept_inside_it() -> None:
    converter = Converter(["ab", "🎉"], lsp.PositionEncodingKind.Utf16)
    assert converter.position(0, 99) == lsp.Position(0, 2)
    assert converter.position(7, 3) == lsp.Position(7, 0)
    assert converter.line_range(1) == lsp.Range(lsp.Position(1, 0), lsp.Position(1, 2))
    assert converter.span(0, 1) == lsp.Range(lsp.Position(0, 0), lsp.Position(1, 2))
