"""Edits and positions, without a server."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lsprotocol import types as lsp

from codeodds.lsp.convert import Converter
from codeodds.lsp.edits import apply_edits, offset_of
from codeodds.source.functions import normalise_newlines

ENCODINGS = list(lsp.PositionEncodingKind)
TEXTS = st.text(st.sampled_from("ab 🎉é\n\r\x0c\u2028"), max_size=30)


def _partial(start: tuple[int, int], end: tuple[int, int], text: str) -> lsp.TextDocumentContentChangePartial:
    return lsp.TextDocumentContentChangePartial(lsp.Range(lsp.Position(*start), lsp.Position(*end)), text)


@pytest.mark.parametrize(
    ("position", "offset"),
    [((0, 0), 0), ((0, 99), 2), ((1, 1), 5), ((2, 0), 7), ((2, 2), 8), ((2, 3), 9), ((3, 0), 10), ((9, 9), 10)],
)
def test_lines_end_at_lf_crlf_and_cr(position: tuple[int, int], offset: int) -> None:
    assert offset_of("ab\r\ncd\n🎉x\r", lsp.Position(*position), lsp.PositionEncodingKind.Utf16) == offset


@given(TEXTS, st.sampled_from(ENCODINGS), st.data())
def test_a_position_from_the_converter_leads_back(
    text: str, encoding: lsp.PositionEncodingKind, data: st.DataObject
) -> None:
    text = normalise_newlines(text)
    lines = text.split("\n")
    line = data.draw(st.integers(0, len(lines) - 1))
    character = data.draw(st.integers(0, len(lines[line])))
    position = Converter(lines, encoding).position(line, character)
    assert offset_of(text, position, encoding) == sum(len(before) + 1 for before in lines[:line]) + character


@given(TEXTS, TEXTS, st.sampled_from(ENCODINGS))
def test_replacing_everything_leaves_the_new_text(old: str, new: str, encoding: lsp.PositionEncodingKind) -> None:
    assert apply_edits(old, [_partial((0, 0), (999, 0), new)], encoding) == new
    assert apply_edits(old, [lsp.TextDocumentContentChangeWholeDocument(new)], encoding) == new


def test_changes_build_on_each_other() -> None:
    changes = [_partial((0, 1), (0, 3), "x\ny"), _partial((1, 0), (1, 1), "🎉"), _partial((1, 2), (1, 2), "!")]
    assert apply_edits("a🎉b", changes, lsp.PositionEncodingKind.Utf16) == "ax\n🎉!b"


def test_a_range_that_ends_before_it_starts_is_empty() -> None:
    assert apply_edits("abc", [_partial((0, 2), (0, 1), "x")], lsp.PositionEncodingKind.Utf16) == "abxc"


def test_places_behind_the_text_are_kept_inside_it() -> None:
    converter = Converter(["ab", "🎉"], lsp.PositionEncodingKind.Utf16)
    assert converter.position(0, 99) == lsp.Position(0, 2)
    assert converter.position(7, 3) == lsp.Position(7, 0)
    assert converter.line_range(1) == lsp.Range(lsp.Position(1, 0), lsp.Position(1, 2))
    assert converter.span(0, 1) == lsp.Range(lsp.Position(0, 0), lsp.Position(1, 2))
