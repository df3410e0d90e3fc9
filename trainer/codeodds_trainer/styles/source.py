"""A prompt and its completion as one parsed text, and edits on it."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple

Function = ast.FunctionDef | ast.AsyncFunctionDef
Style = tuple[str, list[str]]
"""A prompt, and the completions of all programs for it, in order."""


class Edit(NamedTuple):
    """Characters [start, end) of a text become `text`."""

    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Program:
    """A program that parses, whose completion goes on with the body of the prompt's last function."""

    prompt: str
    completion: str
    tree: ast.Module
    function: Function
    tokens: Sequence[tokenize.TokenInfo]
    """Of the whole text; columns are characters."""

    @property
    def source(self) -> str:
        return self.prompt + self.completion

    @property
    def prompt_lines(self) -> int:
        return self.prompt.count("\n")

    def span(self, node: ast.expr | ast.stmt | ast.arg) -> tuple[int, int]:
        """Where a node stands: characters [start, end) of the text."""
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self._place(node.lineno, node.col_offset), self._place(node.end_lineno, node.end_col_offset)

    @cached_property
    def lines(self) -> list[str]:
        """Without their ends."""
        return self.source.split("\n")

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *accumulate(len(line) + 1 for line in self.lines)]

    def place(self, line: int, column: int) -> int:
        """Character of the text at a line, from 1, and a column in characters."""
        return self._starts[line - 1] + column

    def _place(self, line: int, column: int) -> int:
        """The same from a column in bytes of UTF-8, as ast counts."""
        return self.place(line, len(self.lines[line - 1].encode()[:column].decode()))


def parse_program(prompt: str, completion: str) -> Program | None:
    """None for a text that does not parse, or whose prompt begins no function that the completion finishes."""
    source = prompt + completion
    if not prompt.endswith("\n") or not completion.strip() or "\r" in source or "\f" in source:
        return None
    try:
        tree = ast.parse(source)
        tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    except (SyntaxError, ValueError, RecursionError, MemoryError, tokenize.TokenError):
        return None
    last = prompt.count("\n")
    open_ones = [
        node for node in ast.walk(tree) if isinstance(node, Function) and node.lineno <= last < (node.end_lineno or 0)
    ]
    if not open_ones:
        return None
    return Program(prompt, completion, tree, max(open_ones, key=lambda node: node.lineno), tokens)


def apply(text: str, edits: Iterable[Edit], start: int = 0) -> str:
    """The text with the edits, which do not overlap; places count from `start`."""
    for edit in sorted(edits, reverse=True):
        text = text[: edit.start - start] + edit.text + text[edit.end - start :]
    return text


def apply_to_both(programs: Sequence[Program], edits: Sequence[Sequence[Edit]]) -> Style:
    """The programs of one prompt, each with its edits; those in the prompt are the first program's."""
    cut = len(programs[0].prompt)
    prompt = apply(programs[0].prompt, [edit for edit in edits[0] if edit.start < cut])
    return prompt, [
        apply(program.completion, [edit for edit in found if edit.start >= cut], cut)
        for program, found in zip(programs, edits, strict=True)
    ]


def names_in(tree: ast.AST) -> set[str]:
    """Every identifier that a tree uses or binds, attributes and keywords included."""
    found: set[str] = set()
    for node in ast.walk(tree):
        for _, value in ast.iter_fields(node):
            for item in value if isinstance(value, list) else [value]:
                if isinstance(item, str) and not isinstance(node, ast.Constant):
                    found.update(item.split("."))
    return found
