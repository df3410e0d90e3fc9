"""Which places of a document are pointed at: few, the worst first, and none where the user types. Pure."""

from __future__ import annotations

from bisect import bisect_left, insort
from dataclasses import dataclass

from codeodds.engine.api import ScorerInfo
from codeodds.lsp.documents.scheduler import Document
from codeodds.lsp.documents.scored import FunctionScore
from codeodds.lsp.settings.fields import Settings
from codeodds.lsp.shown.wording import fall, is_low, percent, sharpest_drops
from codeodds.source.suppression import Suppression

LOW_PROBABILITY = "CO001"
"""An improbable function in which no line stands out; it stands at the ``def`` line."""

SHARP_DROP = "CO002"
"""A line of an improbable function over which the value falls most."""

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
