"""Mistakes that a bundle misses and catches, as diffs."""

from __future__ import annotations

import re
from collections.abc import Sequence

from codeodds.bundle.evaluation import MistakeExample


def example_lines(examples: Sequence[MistakeExample], level: str) -> list[str]:
    """Mistakes that are missed, and mistakes that are caught, as diffs."""
    lines = []
    for title, found in by_outcome(examples):
        lines += [f"{level} {title}", ""]
        for item in found:
            fence = "`" * max(3, 1 + max(map(len, re.findall("`+", item.right_line + item.wrong_line)), default=0))
            diff = [fence + "diff", f"- {item.right_line}", f"+ {item.wrong_line}", fence]
            lines += [example_words(item), "", *diff, ""]
    return lines


def by_outcome(examples: Sequence[MistakeExample]) -> list[tuple[str, list[MistakeExample]]]:
    """The missed and the caught ones, each with its heading; without an empty part."""
    parts = (
        ("Mistakes that it misses", [item for item in examples if not item.caught]),
        ("Mistakes that it catches", [item for item in examples if item.caught]),
    )
    return [part for part in parts if part[1]]


def example_words(example: MistakeExample) -> str:
    """Where it is from, its kind, and both probabilities."""
    return (
        f"{example.dataset}, {example.origin}, {example.kind}: {example.right_probability:.2f} for the right program, "
        f"{example.wrong_probability:.2f} for the other."
    )
