"""Rendering ``python-source-v1``: how problem and solution become the text that the model reads.

The text is `problem + solution`, verbatim, but for line ends: CRLF and CR become LF, so that a file saved on Windows
gets the scores of its twin. This is the one place that decides it. Positions in the rendered text can be mapped back.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from codeodds.errors import UnitNotText
from codeodds.types import IntArray, ScoringUnit

RENDERING = "python-source-v1"

_CARRIAGE_RETURN = re.compile("\r\n?")
_NOT_TEXT = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Rendered:
    """The model's text of one unit."""

    text: str
    """What is tokenized; line ends are LF."""

    positions: IntArray | None
    """For each character of `text`, where it starts in the unit's own text; then that text's length. int64
    [len(text) + 1]. None where the two texts are the same."""

    def to_unit(self, offsets: IntArray) -> IntArray:
        """Map positions in `text` to positions in ``ScoringUnit.text``; any shape, int64."""
        return offsets if self.positions is None else self.positions[offsets]


def render(unit: ScoringUnit) -> Rendered:
    """Raises: UnitNotText for a NUL character or a lone surrogate, which no Python source file can hold."""
    own = unit.text
    reject = _NOT_TEXT.search(own)
    if reject is not None:
        raise UnitNotText(_explain(unit, reject.start()))
    if "\r" not in own:
        return Rendered(own, None)
    kept = [index for index, char in enumerate(own) if char != "\n" or index == 0 or own[index - 1] != "\r"]
    return Rendered(_CARRIAGE_RETURN.sub("\n", own), np.asarray([*kept, len(own)], dtype=np.int64))


def _explain(unit: ScoringUnit, position: int) -> str:
    code = ord(unit.text[position])
    what = "a NUL character" if code == 0 else f"a lone surrogate (U+{code:04X})"
    part, at = ("problem", position) if position < len(unit.problem) else ("solution", position - len(unit.problem))
    return f"the {part} holds {what} at character {at}, which no Python source can hold; remove it"
