"""All there is to say of a score, in words. Pure: the features put it into the protocol's shapes.

Every text says that it is an estimate; none claims that code is wrong.
"""

from __future__ import annotations

from codeodds.engine.api import ScorerInfo
from codeodds.lsp.documents.document import FunctionScore
from codeodds.lsp.settings.fields import Settings
from codeodds.lsp.shown.cues import fall, percent, sharpest_drops, threshold
from codeodds.types import LineScore

CLAIMS = {
    "function": "this function does what its signature and docstring say",
    "class": "the class's own statements do what its header and docstring say",
    "module": "the module's own statements do what its docstring says",
}
"""What is estimated, by kind of unit."""

SPARKS = "▁▂▃▄▅▆▇█"
MAX_SPARKS = 40
"""Widest sparkline, in characters. Of more values, the lowest of each group stands for it."""


def shown_lines(scored: FunctionScore, info: ScorerInfo) -> list[LineScore]:
    """The lines whose values were read late enough in the body to mean something, in order."""
    return [line for line in scored.lines if line.fraction >= info.min_prefix_fraction]


def sparkline(values: list[float]) -> str:
    """One character for each value, from ▁ (0) to █ (1)."""
    groups = min(len(values), MAX_SPARKS)
    lowest = [
        min(values[len(values) * index // groups : len(values) * (index + 1) // groups]) for index in range(groups)
    ]
    return "".join(SPARKS[min(int(value * len(SPARKS)), len(SPARKS) - 1)] for value in lowest)


def measured(info: ScorerInfo, settings: Settings) -> str:
    """What the threshold in use was measured to be worth, as a sentence; that of the nearest one if it was not."""
    wanted = threshold(info, settings)
    if not info.thresholds:
        return f"What a probability below {percent(wanted)} is worth was not measured for this model."
    nearest = min(info.thresholds, key=lambda row: abs(row.probability - wanted))
    found = (
        f"Of held-out programs below {percent(nearest.probability)}, {percent(nearest.precision)} failed their tests"
    )
    if abs(nearest.probability - wanted) < 0.005:
        return f"{found}."
    return f"{found}; at your threshold of {percent(wanted)} nothing was measured."


def model_name(info: ScorerInfo) -> str:
    """Name and version of the bundle."""
    return f"{info.name} {info.version}"


def reading_of(inner: FunctionScore) -> str:
    """One sentence on a function within the function, as plain text."""
    if inner.probability is None:
        return f"{inner.function.name} by itself is not scored: {inner.reason}."
    return f"{inner.function.name} by itself: {percent(inner.probability)}, by the same values."


def explanation(scored: FunctionScore, info: ScorerInfo, settings: Settings, *, markdown: bool = True) -> str:
    """All there is to say of a scored function, as Markdown or as plain text. Lines count from 1, as editors show them.

    Holds the function's name, and nothing else of the user's code.
    """
    strong, code = ("**", "`") if markdown else ("", "")
    function = scored.function
    if scored.probability is None:
        return f"{code}{function.name}{code} is not scored: {scored.reason or 'its score is not there yet'}."
    paragraphs = [
        f"{strong}{percent(scored.probability)}{strong} likely to be right as written: {code}{function.name}{code}",
        f"The model's estimate of the chance that {CLAIMS[function.kind]}. It is no verdict.",
    ]
    lines = shown_lines(scored, info)
    if lines:
        first, last = (function.solution_line + line.line + 1 for line in (lines[0], lines[-1]))
        values = sparkline([line.probability for line in lines])
        where = f"in line {first}" if first == last else f"from line {first} to line {last}"
        paragraphs.append(f"{code}{values}{code} {where}")
    drops = sharpest_drops(scored, info, settings.max_hints)
    if drops:
        bullets = [f"- line {function.solution_line + line.line + 1}: {fall(line)}" for line in drops]
        paragraphs.append("\n".join(["It falls most at", "", *bullets] if markdown else ["It falls most at", *bullets]))
    worth = measured(info, settings)
    if scored.within is not None:
        worth = f"Read within {code}{scored.within}{code}; what such a reading is worth was not measured."
    paragraphs.append(f"{model_name(info)}. {worth}")
    return "\n\n".join(paragraphs)
