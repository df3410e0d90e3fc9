"""A typing session: which characters, at which times. Read from a recording, or made from a seed.

A recording is a file of JSON lines ``{"t_ms": 1234.5, "offset": 17, "delete": 0, "insert": "x"}``: at this time since
the start, so many characters behind the offset are deleted and the text is inserted there. Changes with one time came
in one message, in this order. Lines that start with ``#`` say where it comes from.

`RECORDED` is what a real VS Code sent, its own indentation and closing brackets included, while a script typed
(tests/e2e/record.ts). No person did: pauses and typos were drawn. They follow, as those of `make_session` do, what
studies of typing report: intervals between keys are roughly log-normal, with longer pauses at the ends of words and
lines, and a few seconds of thought now and then.
"""

from __future__ import annotations

import itertools
import json
import math
import random
from dataclasses import dataclass
from pathlib import Path

from function import PROBLEM, SOLUTION

INTERVAL_MS = 130.0
"""Median between two keys within a word: about 70 words a minute."""
SPREAD = 0.35
"""Standard deviation of its logarithm."""
WORD_MS, LINE_MS, THOUGHT_MS = 120.0, 500.0, 2500.0
"""Medians of what is added at a word's end, at a line's end, and for a thought."""
THOUGHT_SHARE = 0.25
"""Share of lines after which the typist thinks."""
TYPO_SHARE = 0.04
"""Share of keys that are wrong at first."""

MORE = """\


def all_routes(flights, start, goal, max_stops):
    \"\"\"Return every route from start to goal, cheapest first.\"\"\"
    found = []
    pending = [(start, (start,), 0)]
    while pending:
        airport, route, price = pending.pop()
        if airport == goal:
            found.append((price, route))
            continue
        if len(route) > max_stops + 1:
            continue
        for origin, target, fare in flights:
            if origin == airport and target not in route:
                pending.append((target, route + (target,), price + fare))
    found.sort()
    return [route for _, route in found]
"""
RECORDED = Path(__file__).with_name("typed_session.jsonl")
BEFORE = PROBLEM
"""What stands in the document when the typing starts."""
TYPED = SOLUTION + MORE
"""What is typed behind it: 40 lines of code."""


@dataclass(frozen=True, slots=True)
class Keystroke:
    """One change of the document."""

    t_ms: float
    """Since the start of the session."""
    offset: int
    """In characters, within the whole document."""
    delete: int
    insert: str


def make_session(seed: int = 0) -> list[Keystroke]:
    """Type `TYPED` behind `BEFORE`; an editor indents by itself, so a line break brings its indentation."""
    rng = random.Random(seed)
    strokes: list[Keystroke] = []
    now, position = 0.0, 0
    while position < len(TYPED):
        letter = TYPED[position]
        end = position + 1
        while letter == "\n" and end < len(TYPED) and TYPED[end] == " ":
            end += 1
        if letter.isalpha() and rng.random() < TYPO_SHARE:
            strokes.append(Keystroke(now, len(BEFORE) + position, 0, rng.choice("abcdefghijklmnopqrstuvwxyz")))
            now += 2 * _interval(rng)
            strokes.append(Keystroke(now, len(BEFORE) + position, 1, ""))
            now += _interval(rng)
        strokes.append(Keystroke(now, len(BEFORE) + position, 0, TYPED[position:end]))
        now += _interval(rng)
        if letter == " ":
            now += WORD_MS * math.exp(SPREAD * rng.gauss(0, 1))
        if letter == "\n":
            now += LINE_MS * math.exp(SPREAD * rng.gauss(0, 1))
            if rng.random() < THOUGHT_SHARE:
                now += THOUGHT_MS * math.exp(SPREAD * rng.gauss(0, 1))
        position = end
    return strokes


def read_session(path: Path) -> list[Keystroke]:
    """A recording. Its text before the first change is `BEFORE`."""
    lines = path.read_text("utf-8").splitlines()
    return [Keystroke(**json.loads(line)) for line in lines if line and not line.startswith("#")]


def messages(strokes: list[Keystroke]) -> list[list[Keystroke]]:
    """The changes that go out together."""
    return [list(group) for _, group in itertools.groupby(strokes, key=lambda stroke: stroke.t_ms)]


def _interval(rng: random.Random) -> float:
    return INTERVAL_MS * math.exp(SPREAD * rng.gauss(0, 1))
