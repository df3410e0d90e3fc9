"""Which places of a document are pointed at: few, the worst first, and none where the user types. Pure.

Every text says that it is an estimate; none claims that code is wrong.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from dataclasses import dataclass

from codeodds.engine.api import ScorerInfo
from codeodds.engine.values import standing_out
from codeodds.lsp.documents.document import Document, FunctionScore
from codeodds.lsp.settings.fields import Settings
from codeodds.source.suppression import Suppression
from codeodds.types import LineScore

LOW_PROBABILITY = "CO001"
"""An improbable function in which no line stands out; it stands at the ``def`` line."""

SHARP_DROP = "CO002"
"""A line of an improbable function over which the value falls most."""

MORE_LIKELY = "CO003"
"""An edit that is much more likely than what stands there."""

CODES = "codes.md"
"""The page that explains the codes."""

SCREEN_LINES = 50
"""Lines that an editor shows at once, for the setting `hints_per_screen`."""


@dataclass(frozen=True, slots=True)
class Cue:
    """One place that is pointed at."""

    line: int
    """Of the document, from 0."""
    code: str
    message: str
    scored: FunctionScore


def cues(document: Document, info: ScorerInfo, settings: Settings, *, quiet_line: int | None = None) -> list[Cue]:
    """The cues of a document in order of lines.

    `quiet_line`: the line at which the user types, if there is one.
    """
    suppression = Suppression(document.lines)
    found = []
    for scored in document.scored:
        if is_low(scored, info, settings) and not suppression.function(scored.function):
            found += [cue for cue in _of(scored, info, settings) if not suppression.line(cue.line)]
    found = [cue for cue in found if cue.line != quiet_line]
    return _thin_out(found, settings.hints_per_screen)


def threshold(info: ScorerInfo, settings: Settings) -> float:
    """Functions whose probability is below this are pointed at."""
    return info.low_probability if settings.threshold is None else settings.threshold


def is_low(scored: FunctionScore, info: ScorerInfo, settings: Settings) -> bool:
    """Whether a function is pointed at."""
    return scored.probability is not None and scored.probability < threshold(info, settings)


def sharpest_drops(scored: FunctionScore, info: ScorerInfo, count: int) -> list[LineScore]:
    """At most `count` lines over which the value falls sharply, in order of lines."""
    return sorted(standing_out(scored.lines, info, count))


def percent(probability: float) -> str:
    """``62 %``; ``under 1 %`` and ``over 99 %`` rather than certainty."""
    if probability < 0.01:
        return "under 1 %"
    if probability > 0.99:
        return "over 99 %"
    return f"{100 * probability:.0f} %"


def fall(line: LineScore) -> str:
    """The value before a line and at its end: ``0.72 → 0.41``."""
    return f"{line.probability + line.drop:.2f} → {line.probability:.2f}"


def _of(scored: FunctionScore, info: ScorerInfo, settings: Settings) -> list[Cue]:
    assert scored.probability is not None
    likely = f"{percent(scored.probability)} likely to be right as written"
    start = scored.function.solution_line
    return [
        Cue(start + line.line, SHARP_DROP, f"{likely}; the estimate falls most here ({fall(line)})", scored)
        for line in sharpest_drops(scored, info, settings.max_hints)
    ] or [Cue(scored.function.line, LOW_PROBABILITY, f"{likely}; no single line stands out", scored)]


def _thin_out(found: list[Cue], most: int) -> list[Cue]:
    """Leave cues out, those of the most probable functions first, until no screen has more than `most`."""
    kept: list[Cue] = []
    lines: list[int] = []
    for cue in sorted(found, key=lambda cue: (cue.scored.probability, cue.line)):
        at = bisect_left(lines, cue.line)
        near = [*lines[max(0, at - most) : at], cue.line, *lines[at : at + most]]
        if all(last - first >= SCREEN_LINES for first, last in zip(near, near[most:], strict=False)):
            insort(lines, cue.line)
            kept.append(cue)
    return sorted(kept, key=lambda cue: cue.line)
