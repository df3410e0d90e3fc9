"""One version of an open document, and what the model says of each of its functions, and of the functions within these,
or why it says nothing. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from codeodds.engine.api import ScorerInfo
from codeodds.engine.values import not_shown_because, score_lines
from codeodds.lsp.documents.text import Text
from codeodds.source.functions import Function, normalise_newlines, unscored_because
from codeodds.types import LineScore, Score

PYTHON = frozenset({"python", "python3", "python-base", "python-ts", "python-mode", "python-ts-mode"})
"""What clients call the language; some use the names of Emacs' modes."""


@dataclass(frozen=True, slots=True)
class FunctionScore:
    """One function and what the model says of it, or why it says nothing."""

    function: Function
    probability: float | None = None
    lines: tuple[LineScore, ...] = ()
    """By line of the solution; add `function.solution_line`."""
    reason: str | None = None
    """Why there is no probability, as words that complete "not scored: ..."."""
    nested: tuple[FunctionScore, ...] = ()
    """The functions within it, read from the values of its own tokens."""
    within: str | None = None
    """Of a function that was read so, the name of the outermost one around it, which is the one that was scored."""

    @property
    def pending(self) -> bool:
        """Whether the model has yet to say something."""
        return self.probability is None and self.reason is None


@dataclass(slots=True)
class Document:
    """One version of an open document."""

    uri: str
    version: int
    source: Text
    scored: tuple[FunctionScore, ...] = ()
    """What is known so far of this version's functions, in order."""
    changed_line: int | None = None
    """Line of the last edit; None if the text came as a whole."""
    changed_at: float = 0.0
    """When that was, on the event loop's clock, in seconds."""
    edited: bool = False
    """Whether somebody works on it: it was changed since it was opened."""
    imports: str = ""
    """Import lines that hold here too: those of a notebook's earlier cells."""
    functions: tuple[Function, ...] | None = None
    """The document's functions, once it was parsed."""
    _lines: list[str] = field(init=False, default_factory=list, repr=False)

    @property
    def text(self) -> str:
        """The whole text, put together when it is first asked for."""
        return str(self.source)

    @property
    def lines(self) -> list[str]:
        """The text's lines without their ends, found when they are first asked for. Never empty."""
        if not self._lines:
            self._lines = normalise_newlines(self.text).split("\n")
        return self._lines


Listener = Callable[[Document], None]


def read_score(function: Function, score: Score, info: ScorerInfo | None) -> FunctionScore:
    """What a score says of a function. `info`: of the scorer, if it is known still."""
    nested = tuple(
        _read(inner, part, info, function.name) for inner, part in zip(function.nested, score.parts, strict=True)
    )
    return _read(function, score, info, None, nested)


def unscored(function: Function, reason: str | None = None) -> FunctionScore:
    """A function without a score. `reason`: None if it may yet come."""
    why = None if reason is None else f"the function around it is not scored: {reason}"
    nested = tuple(
        FunctionScore(inner, reason=unscored_because(inner) or why, within=function.name) for inner in function.nested
    )
    return FunctionScore(function, reason=reason, nested=nested)


def _read(
    function: Function,
    score: Score | None,
    info: ScorerInfo | None,
    within: str | None,
    nested: tuple[FunctionScore, ...] = (),
) -> FunctionScore:
    reason = unscored_because(function)
    if reason is not None or score is None:
        return FunctionScore(function, reason=reason or "it has no body yet", nested=nested, within=within)
    reason = None if info is None else not_shown_because(score, info)
    if reason is not None:
        return FunctionScore(function, reason=reason, nested=nested, within=within)
    lines = _lines(function, score)
    return FunctionScore(function, score.probability, lines, None, nested, within)


def _lines(function: Function, score: Score) -> tuple[LineScore, ...]:
    """By line below `function.solution_line`, also where the unit leaves lines of the document out."""
    lines = score_lines(score, function.unit.solution)
    if function.solution_lines:
        lines = [line._replace(line=function.solution_lines[line.line] - function.solution_line) for line in lines]
    return tuple(lines)


def everything(scored: Iterable[FunctionScore]) -> Iterator[FunctionScore]:
    """Each function, and behind it those within it."""
    for item in scored:
        yield item
        yield from item.nested


def touches(function: Function, first: int, last: int) -> bool:
    """Whether a function stands at one of the lines from `first` to `last`."""
    return min(function.line, function.solution_line) <= last and first <= function.end_line


def innermost(scored: FunctionScore, line: int) -> FunctionScore:
    """Of a function and those within it, the one that is closest around a line of the function."""
    return next((item for item in reversed(scored.nested) if touches(item.function, line, line)), scored)


def says_python(language_id: str) -> bool:
    """Whether a client calls a text Python."""
    return language_id.lower() in PYTHON
