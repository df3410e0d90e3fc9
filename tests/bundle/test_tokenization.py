"""From unit to tokens and back to characters."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeodds.bundle.rendering import render
from codeodds.bundle.tokenization import CodeTokenizer
from codeodds.errors import UnitEmpty, UnitNotText, UnitTooLong
from codeodds.types import ScoringUnit
from tests.trainer.tiny_models import train_tokenizer

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60)


@pytest.fixture(scope="module")
def tokenizer() -> CodeTokenizer:
    return CodeTokenizer(train_tokenizer(), max_tokens=400)


def test_solution_tokens_cover_the_solution(tokenizer: CodeTokenizer) -> None:
    unit = ScoringUnit("def add(a, b):\n", "    return a + b\n")
    encoded = tokenizer.encode(unit)
    assert encoded.ids.dtype == encoded.offsets.dtype == np.int64
    assert len(encoded.offsets) == len(encoded.ids) - encoded.solution_start
    assert "".join(unit.solution[start:end] for start, end in encoded.offsets.tolist()) == unit.solution


def test_a_token_across_the_border_belongs_to_the_solution(tokenizer: CodeTokenizer) -> None:
    whole = tokenizer.encode(ScoringUnit("", "return"))
    assert len(whole.ids) == 1
    encoded = tokenizer.encode(ScoringUnit("ret", "urn"))
    assert encoded.solution_start == 0
    assert encoded.offsets.tolist() == [[0, 3]]


def test_parts_of_a_character_share_its_range(tokenizer: CodeTokenizer) -> None:
    assert tokenizer.encode(ScoringUnit("x", "🎉")).offsets.tolist() == [[0, 1]] * 4


def test_special_tokens_in_a_text_are_text(tokenizer: CodeTokenizer) -> None:
    special = train_tokenizer().token_to_id("<|endoftext|>")
    encoded = tokenizer.encode(ScoringUnit("", "<|endoftext|>"))
    assert special not in encoded.ids
    assert len(encoded.ids) > 1


def test_truncation_and_padding_of_the_file_are_ignored() -> None:
    inner = train_tokenizer()
    inner.enable_truncation(2)
    inner.enable_padding(length=50)
    assert len(CodeTokenizer(inner, max_tokens=100).encode(ScoringUnit("", "a,b,c")).ids) == 5


@pytest.mark.parametrize("solution", ["", "\x00", "a\x00", "\ud800", "a\udfff"])
def test_solutions_that_cannot_be_read(tokenizer: CodeTokenizer, solution: str) -> None:
    with pytest.raises((UnitEmpty, UnitNotText)):
        tokenizer.encode(ScoringUnit("def f():\n", solution))


def test_message_names_part_and_place() -> None:
    with pytest.raises(UnitNotText, match="the solution holds a NUL character at character 2, "):
        render(ScoringUnit("abc", "de\0"))
    with pytest.raises(UnitNotText, match=r"the problem holds a lone surrogate \(U\+DC80\) at character 1, "):
        render(ScoringUnit("a\udc80", "de\0"))


def test_limit_in_tokens(tokenizer: CodeTokenizer) -> None:
    assert len(tokenizer.encode(ScoringUnit("", "é" * 200)).ids) == 400
    with pytest.raises(UnitTooLong, match="have 402 tokens; this model reads at most 400"):
        tokenizer.encode(ScoringUnit("", "é" * 201))


@pytest.mark.parametrize("text", ["x" * 50_000, " " * 50_000, "x = 1\n" * 100_000])
def test_limit_in_characters(tokenizer: CodeTokenizer, text: str) -> None:
    with pytest.raises(UnitTooLong, match=f"have {len(text)} characters.*at most 400 tokens"):
        tokenizer.encode(ScoringUnit("", text))


@pytest.mark.parametrize("ends", ["\r\n", "\r"])
def test_other_line_ends_give_the_same_tokens(tokenizer: CodeTokenizer, ends: str) -> None:
    unix = ScoringUnit("def f():\n", "    x = 1\n    return x\n")
    other = ScoringUnit(unix.problem.replace("\n", ends), unix.solution.replace("\n", ends))
    found, wanted = tokenizer.encode(other), tokenizer.encode(unix)
    assert found.ids.tolist() == wanted.ids.tolist()
    assert found.solution_start == wanted.solution_start
    assert "".join(other.solution[start:end] for start, end in found.offsets.tolist()) == other.solution


@given(problem=TEXT, solution=TEXT)
def test_offsets_stay_inside_and_leave_no_gap(tokenizer: CodeTokenizer, problem: str, solution: str) -> None:
    try:
        encoded = tokenizer.encode(ScoringUnit(problem, solution))
    except UnitEmpty:
        assert solution == "" or (problem.endswith("\r") and solution == "\n")
        return
    starts, ends = encoded.offsets.T
    assert starts[0] == 0 or (problem.endswith("\r") and solution.startswith("\n"))
    assert ends[-1] == len(solution)
    assert (starts <= ends).all()
    assert (starts[1:] <= ends[:-1]).all()
    assert (np.diff(ends) >= 0).all()


@given(TEXT)
def test_rendering_maps_back(text: str) -> None:
    rendered = render(ScoringUnit(text, ""))
    assert rendered.text == text.replace("\r\n", "\n").replace("\r", "\n")
    positions = rendered.to_unit(np.arange(len(rendered.text) + 1))
    assert positions[-1] == len(text)
    for character, position in zip(rendered.text, positions.tolist(), strict=False):
        assert text[position] == ("\r" if character == "\n" and text[position] == "\r" else character)
