"""What a model wrote so far, and what of it can be offered at a place. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
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
    left: bool = False
    """Whether it went beyond what is wanted: more of it would be thrown away."""

    @property
    def whole(self) -> bool:
        """Whether nothing is missing at its end."""
        return self.finished or self.left


@dataclass(slots=True)
class Samples:
    """All that was asked for, by request and number within it. Usable at any time, also when the time is up."""

    leaves: Callable[[str], bool] = lambda text: False
    """Whether a text goes beyond what is wanted."""
    _known: dict[tuple[int, int], Sample] = field(default_factory=dict)

    def add(self, request: int, pieces: Iterable[Piece]) -> None:
        """Add what a request brought."""
        for piece in pieces:
            sample = self._known.setdefault((request, piece.index), Sample())
            sample.text += piece.text
            sample.finished = sample.finished or piece.finished
            sample.left = sample.left or self.leaves(sample.text)

    def suffice(self, request: int, number: int) -> bool:
        """Whether a request brought so many samples, all of them whole, though some go on."""
        found = [sample for (known, _), sample in self._known.items() if known == request]
        return (
            len(found) == number
            and all(sample.whole for sample in found)
            and not all(sample.finished for sample in found)
        )

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

    def leaves(self, text: str) -> bool:
        """Whether a sample has left the function."""
        return self._within(text)[1]

    def _candidate(self, sample: Sample) -> str:
        lines, left = self._within(sample.text)
        if not (sample.finished or left) and len(lines) > 1:
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

    def _within(self, text: str) -> tuple[list[str], bool]:
        """The first line goes on where the cursor is."""
        lines = self._behind_place(normalise_newlines(text)).split("\n")
        return within_function(lines, self.cursor.indentation, first=1)


def within_function(lines: Sequence[str], own: int, first: int = 0) -> tuple[list[str], bool]:
    """The lines before the first that leaves a function, or ends a block of Markdown; and whether there is such a line.

    `own`: indentation of its ``def``, in characters. `first`: number of the first line that may leave it. A line within
    a string of several lines is indented as it likes.
    """
    quotes = {'"""': 0, "'''": 0}
    for number, line in enumerate(lines):
        inside = any(count % 2 for count in quotes.values())
        leaves = line.strip() and (indentation(line) <= own or line.lstrip().startswith("```"))
        if number >= first and leaves and not inside:
            return list(lines[:number]), True
        for quote in quotes:
            quotes[quote] += line.count(quote)
    return list(lines), False
