"""Inputs to watch programs on, made from what the prompt shows. Neither tests nor reference solutions are read.

The examples of the prompt come first, then variations of them. Where the prompt shows no example, values of the types
that the parameters' names suggest take their place.
"""

from __future__ import annotations

import copy
import math
import random
import re
from collections.abc import Sequence
from typing import Any

from codeodds.execution.shown import Arguments, Entry, example_arguments

INPUTS = 12
"""Calls of each program."""

ATTEMPTS = 40
"""Variations tried for each that is wanted; many repeat another."""

LONGEST_TEXT = 4_000
"""Characters of an input's literal; longer ones are left out."""

KINDS: dict[str, tuple[Any, ...]] = {
    "int": (3, 10, 1, 7, 0, 24),
    "float": (2.5, 10.0, 1.0, 0.5, 0.0, 7.25),
    "str": ("hello", "a b a", "Python3", "abcba", "x", ""),
    "list": ([3, 1, 2], [1, 2, 3, 4, 5], [5, 5, 1], [7], [-1, 4, 0, 2], []),
    "tuple": ((3, 1, 2), (1, 2, 3, 4), (5, 5, 1), (7,), (-1, 4, 0), ()),
    "matrix": (
        [[1, 2], [3, 4]],
        [[1, 2, 3], [4, 5, 6], [7, 8, 9]],
        [[5]],
        [[2, 1], [1, 2]],
        [[0, 3], [4, 0]],
        [[1, 2]],
    ),
    "dict": ({"a": 1, "b": 2}, {"x": 3}, {"a": 5, "b": 5, "c": 1}, {}, {1: 2, 3: 4}, {"k": 0}),
    "bool": (True, False, True, False, True, False),
}
"""Typical values of a type."""

NAMED: tuple[tuple[str, str], ...] = (
    (r"matrix|^mat$|grid|list_?of_?lists|list[12]?d", "matrix"),
    (r"dict|^dic|mapping", "dict"),
    (r"tup", "tuple"),
    (r"list|lst|arr|nums$|numbers|elements|values|^seq|data", "list"),
    (r"str|text|word|char|sentence|^s\d?$|name", "str"),
    (r"^[bcdhijklmnpqrtwxyz]\d?$|num|count|size|len|index|year|day|side|radius|height|width|base", "int"),
)
"""What the name of a parameter suggests, the first that fits."""

ANNOTATED: tuple[tuple[str, str], ...] = (
    (r"^list\[list|^list\[tuple", "matrix"),
    (r"^(list|sequence|iterable)", "list"),
    (r"^dict", "dict"),
    (r"^tuple", "tuple"),
    (r"^(str|int|float|bool)\b", ""),
)
"""What an annotation says; an empty kind means the annotation's own word."""

GUESSES = ("int", "list", "str")
"""Tried in turn for parameters that suggest nothing."""


def make_inputs(shown: Sequence[tuple[str, Entry]], seed: str, count: int = INPUTS) -> list[str]:
    """Up to `count` different tuples of arguments, as Python literals. `seed`: the problem's id; it fixes them.

    `shown`: the prompts of one problem and what each asks for; they may differ in names and annotations.

    Empty if the function takes no arguments.
    """
    rng = random.Random(seed)
    made: dict[str, None] = {}
    found = [arguments for prompt, entry in shown for arguments in example_arguments(prompt, entry.name)]
    base = list({literal(arguments): arguments for arguments in found}.values()) or typical_arguments(
        shown[0][1].parameters
    )
    for arguments in base:
        _keep(made, arguments)
    for attempt in range(ATTEMPTS * count if base else 0):
        if len(made) >= count:
            break
        _keep(made, vary(base[attempt % len(base)], rng))
    return list(made)[:count]


def typical_arguments(parameters: Sequence[str]) -> list[Arguments]:
    """Arguments for a function without examples, three or six of them; none for a function without parameters."""
    kinds = [suggested_kind(parameter) for parameter in parameters]
    if not kinds:
        return []
    if all(kinds):
        return [tuple(copy.deepcopy(KINDS[kind or ""][index]) for kind in kinds) for index in range(3)]
    return [
        tuple(copy.deepcopy(KINDS[kind or guess][index]) for kind in kinds) for guess in GUESSES for index in range(2)
    ]


def suggested_kind(parameter: str) -> str | None:
    """The kind of value that a parameter's annotation or name suggests; None if neither does."""
    name, _, annotation = (part.strip() for part in parameter.lower().partition(":"))
    for pattern, kind in ANNOTATED:
        match = re.search(pattern, annotation.replace("typing.", ""))
        if match:
            return kind or match[1]
    for pattern, kind in NAMED:
        if re.search(pattern, name):
            return kind
    return None


def vary(arguments: Arguments, rng: random.Random) -> Arguments:
    """The arguments with one of them, sometimes two, changed. Types stay."""
    changed = list(copy.deepcopy(arguments))
    for index in rng.sample(range(len(changed)), min(len(changed), rng.choice((1, 1, 2)))):
        changed[index] = vary_value(changed[index], rng)
    return tuple(changed)


def vary_value(value: Any, rng: random.Random) -> Any:
    """A value of the same type near this one."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return rng.choice((value + 1, value - 1, 0, -value, value * 2 + 1, value * 10, value // 2))
    if isinstance(value, float):
        varied = rng.choice((value + 1.0, value - 0.5, 0.0, -value, value * 10.0))
        # Infinity has no literal.
        return varied if math.isfinite(varied) else value
    if isinstance(value, str):
        return _vary_text(value, rng)
    if isinstance(value, bytes):
        return _vary_text(value.decode("latin-1"), rng).encode("latin-1", "replace")
    if isinstance(value, (list, tuple)):
        items = _vary_items(list(value), rng)
        return items if isinstance(value, list) else tuple(items)
    if isinstance(value, set):
        return set(_vary_items(sorted(value, key=literal), rng))
    if isinstance(value, dict):
        return dict(_vary_pairs(list(value.items()), rng))
    return value


def _vary_text(text: str, rng: random.Random) -> str:
    if not text:
        return rng.choice("ab1 ")
    at = rng.randrange(len(text))
    return rng.choice(
        (
            text[:-1],
            text[1:],
            text[::-1],
            text[:at] + rng.choice(text) + text[at + 1 :],
            text[:at] + text[at + 1 :],
            text + rng.choice(text),
            text.swapcase(),
        )
    )


def _vary_items(items: list[Any], rng: random.Random) -> list[Any]:
    if not items:
        return [1]
    at = rng.randrange(len(items))
    change = rng.randrange(6)
    if change == 0:
        return rng.sample(items, len(items))
    if change == 1:
        return items[:at] + items[at + 1 :]
    if change == 2:
        return items[::-1]
    if change == 3:
        return [*items, copy.deepcopy(items[at])]
    return [*items[:at], vary_value(items[at], rng), *items[at + 1 :]]


def _vary_pairs(pairs: list[tuple[Any, Any]], rng: random.Random) -> list[tuple[Any, Any]]:
    if not pairs:
        return pairs
    at = rng.randrange(len(pairs))
    if rng.random() < 0.3:
        return pairs[:at] + pairs[at + 1 :]
    return [*pairs[:at], (pairs[at][0], vary_value(pairs[at][1], rng)), *pairs[at + 1 :]]


def literal(value: Any) -> str:
    """The literal of a value. Unlike `repr` it does not depend on the process: the order of a set's items is fixed."""
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, tuple):
        return f"({', '.join(map(literal, value))}{',' if len(value) == 1 else ''})"
    if isinstance(value, set):
        return f"{{{', '.join(sorted(map(literal, value)))}}}" if value else "set()"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{literal(key)}: {literal(item)}' for key, item in value.items())}}}"
    return repr(value)


def _keep(made: dict[str, None], arguments: Arguments) -> None:
    text = literal(arguments)
    if len(text) <= LONGEST_TEXT:
        made[text] = None
