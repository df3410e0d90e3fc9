"""From a scoring unit to token ids. Training and serving both go through here, so that they read the same tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from codeodds.bundle.rendering import render
from codeodds.errors import BundleUnsupported, UnitEmpty, UnitTooLong
from codeodds.types import IntArray, ScoringUnit

MAX_CHARACTERS_PER_TOKEN = 20
"""Source code has 3 to 4 characters per token. A text beyond this many is refused before any time is spent on it."""

DECODED_BEFORE = 4
"""So many tokens before a sampled text are decoded with it."""


@dataclass(frozen=True, slots=True)
class EncodedUnit:
    """The tokens of one scoring unit."""

    ids: IntArray
    """Token ids of problem and solution, int64 [n]."""

    solution_start: int
    """Index of the first solution token. A token belongs to the solution if it ends beyond the solution's start, so one
    that straddles the border does."""

    offsets: IntArray
    """Character range [start, end) of each solution token within the solution, int64 [n - solution_start, 2]. Tokens
    that hold parts of one character share its range."""


class CodeTokenizer:
    """A bundle's tokenizer, used as the model was trained: no special tokens, no truncation, no padding.

    Text that looks like a special token (``<|endoftext|>`` in a string literal) is read as ordinary text.
    """

    def __init__(self, tokenizer: Tokenizer, max_tokens: int) -> None:
        """`max_tokens`: longest unit, in tokens, that `encode` accepts."""
        tokenizer.no_truncation()
        tokenizer.no_padding()
        tokenizer.encode_special_tokens = True
        self._tokenizer = tokenizer
        self._max_tokens = max_tokens

    @classmethod
    def from_file(cls, path: Path, max_tokens: int) -> CodeTokenizer:
        """Read a ``tokenizer.json``.

        Raises: BundleUnsupported if the tokenizers package cannot read it.
        """
        try:
            tokenizer = Tokenizer.from_file(str(path))
        except Exception as error:  # tokenizers raises nothing more specific.
            raise BundleUnsupported(
                f"{path}: the tokenizers package cannot read this tokenizer ({error}); "
                "upgrade tokenizers or export the bundle again"
            ) from error
        return cls(tokenizer, max_tokens)

    @property
    def largest_id(self) -> int:
        """The largest token id that `encode` can return; -1 for an empty vocabulary."""
        return max(self._tokenizer.get_vocab(with_added_tokens=True).values(), default=-1)

    @cached_property
    def ends(self) -> frozenset[int]:
        """Ids of the special tokens, such as ``<|endoftext|>``: no text holds one."""
        return frozenset(self._tokenizer.get_added_tokens_decoder())

    @cached_property
    def known(self) -> npt.NDArray[np.int64]:
        """Every id that stands for something, int64, rising."""
        return np.unique(np.asarray(list(self._tokenizer.get_vocab(with_added_tokens=True).values()), dtype=np.int64))

    def continuation(self, before: IntArray, ids: Sequence[int]) -> str:
        """The text that tokens add behind others; a part of a character at its end is left out.

        The last of the tokens before are read with them: some tokenizers drop a space at the start of a text.
        """
        near = [int(token) for token in before[-DECODED_BEFORE:]]
        start, whole = (self._tokenizer.decode(part, skip_special_tokens=False) for part in (near, [*near, *ids]))
        return str(whole[len(start) :]).rstrip("\ufffd")

    def encode_prompt(self, text: str) -> IntArray:
        """The tokens of a text to go on from, int64 [n].

        Raises: UnitNotText, UnitEmpty (no tokens), UnitTooLong (`max_tokens` or more: nothing could follow).
        """
        unit = ScoringUnit("", text)
        ids = self.encode(unit).ids
        if len(ids) >= self._max_tokens:
            raise UnitTooLong(
                f"the function and its context have {len(ids)} tokens; this model reads at most {self._max_tokens}, "
                "so nothing can follow; split the function"
            )
        return ids

    def decode(self, token: int) -> str:
        """The text that a token stands for; a part of a character is a replacement character."""
        return str(self._tokenizer.decode([token], skip_special_tokens=False))

    def encode_texts(self, texts: Sequence[str]) -> list[IntArray]:
        """The tokens of several texts that are alike, whatever their number, int64 [n] each.

        Raises: UnitNotText.
        """
        rendered = [render(ScoringUnit("", text)).text for text in texts]
        found = self._tokenizer.encode_batch_fast(rendered, add_special_tokens=False)
        return [np.asarray(encoding.ids, dtype=np.int64) for encoding in found]

    def encode(self, unit: ScoringUnit) -> EncodedUnit:
        """Tokenize problem and solution as one text.

        Raises: UnitNotText, UnitEmpty (no solution tokens), UnitTooLong (more than `max_tokens`).
        """
        characters = len(unit.problem) + len(unit.solution)
        most = self._max_tokens * MAX_CHARACTERS_PER_TOKEN
        if characters > most:
            raise UnitTooLong(
                f"the function and its context have {characters} characters; this model reads at most "
                f"{self._max_tokens} tokens and refuses more than {most} characters; split the function"
            )
        rendered = render(unit)
        encoding = self._tokenizer.encode(rendered.text, add_special_tokens=False)
        ids = np.asarray(encoding.ids, dtype=np.int64)
        if len(ids) > self._max_tokens:
            raise UnitTooLong(
                f"the function and its context have {len(ids)} tokens; this model reads at most {self._max_tokens}; "
                "split the function"
            )
        border = len(unit.problem)
        ranges = rendered.to_unit(np.asarray(encoding.offsets, dtype=np.int64).reshape(-1, 2))
        start = int(np.count_nonzero(ranges[:, 1] <= border))
        if start == len(ids):
            raise UnitEmpty("the function has no body yet: there are no solution tokens to score")
        return EncodedUnit(ids, start, np.maximum(ranges[start:] - border, 0))
