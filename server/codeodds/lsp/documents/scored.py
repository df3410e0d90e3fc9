"""What the model says of each function of a document, and of the functions within it, or why it says nothing. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from codeodds.engine.api import ScorerInfo
from codeodds.engine.values import not_shown_because, score_lines
from codeodds.source.functions import Function, unscored_because
from codeodds.types import LineScore, Score


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
