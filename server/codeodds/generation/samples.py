"""What a model wrote so far, and what of it can be offered at a place. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from codeodds.generation.answer import Piece
from codeodds.source.functions import normalise_newlines
from codeodds.source.parsing import does_not_parse_because
from codeodds.source.places import Cursor, indentation

MAX_LINES_DROPPED = 10
"""A sample that does not parse may have broken off: at most so many of its last lines are dropped, until it does."""


@dataclass(slots=True)
class Sample:
    """One way to go on, as far as it came."""

    text: str = ""
    finished: bool = False
    """Whether it came to its own end."""


@dataclass(slots=True)
class Samples:
    """All that was asked for, by request and number within it. Usable at any time, also when the time is up."""

    _known: dict[tuple[int, int], Sample] = field(default_factory=dict)

    def add(self, request: int, pieces: Iterable[Piece]) -> None:
        """Add what a request brought."""
        for piece in pieces:
            sample = self._known.setdefault((request, piece.index), Sample())
            sample.text += piece.text
            sample.finished = sample.finished or piece.finished

    def of_request(self, request: int) -> int:
        """How many samples a request brought."""
        return sum(known == request for known, _ in self._known)

    def __iter__(self) -> Iterator[Sample]:
        return iter(self._known.values())

    def __len__(self) -> int:
        return len(self._known)


@dataclass(frozen=True, slots=True)
class Prompt:
    """What to send for a place, and how to read what comes back."""

    cursor: Cursor
    text: str
    """Imports, class header, signature, docstring, and the body up to the place, but for white space at its end: models
    write better where it is theirs to write."""
    dropped: str
    """That white space."""

    @classmethod
    def at(cls, cursor: Cursor) -> Prompt:
        """The prompt for a place."""
        whole = cursor.function.unit.problem + cursor.written
        kept = whole.rstrip(" \t")
        return cls(cursor, kept, whole[len(kept) :])

    def candidates(self, samples: Iterable[Sample]) -> list[str]:
        """What can be offered, in the order given: within the function, free of syntax errors where it can be cut so.

        Duplicates are left in, and what no cut makes right: the ranking tells them apart.
        """
        found = (self._candidate(sample) for sample in samples)
        return [text for text in found if text.strip()]

    def _candidate(self, sample: Sample) -> str:
        lines = self._within_function(self._behind_place(normalise_newlines(sample.text))).split("\n")
        if not sample.finished and len(lines) > 1:
            lines.pop()
        before = self.text + self.dropped
        for kept in range(len(lines), max(len(lines) - MAX_LINES_DROPPED, 0), -1):
            text = "\n".join(lines[:kept]).rstrip()
            if text and does_not_parse_because(before, text) is None:
                return text
        return "\n".join(lines).rstrip()

    def _behind_place(self, text: str) -> str:
        """Without the white space that stands at the place already."""
        white = len(text) - len(text.lstrip(" \t"))
        return text[min(white, len(self.dropped)) :]

    def _within_function(self, text: str) -> str:
        """Up to the first line that leaves the function, or ends a block of Markdown."""
        first, *others = text.split("\n")
        kept = [first]
        for line in others:
            if (line.strip() and indentation(line) <= self.cursor.indentation) or line.lstrip().startswith("```"):
                break
            kept.append(line)
        return "\n".join(kept)
