"""Inputs to watch programs on, made from what the prompt shows. Neither tests nor reference solutions are read.

The examples of the prompt come first, then variations of them. Where the prompt shows no example, values that the type
hints allow take their place, or of the types that the parameters' names suggest.
"""

from __future__ import annotations

import copy
import math
import random
import re
from collections.abc import Sequence
from typing import Any

from codeodds.execution.hinted import UnknownHint, hinted_value
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
    base = list({literal(arguments): arguments for arguments in found}.values())
    # Many short lists are alike, and only what is drawn anew fits its hint: a variation may cut a pair.
    base = base or typical_arguments(shown[0][1].parameters, rng, 3 * count)
    for arguments in base:
        _keep(made, arguments)
    for attempt in range(ATTEMPTS * count if base else 0):
        if len(made) >= count:
            break
        _keep(made, vary(base[attempt % len(base)], rng))
    return list(made)[:count]


def typical_arguments(parameters: Sequence[str], rng: random.Random, count: int = INPUTS) -> list[Arguments]:
    """Arguments for a function without examples; none for a function without parameters.

    `count` of them where a type hint is understood; else three, or six where the name of a parameter suggests nothing.
    """
    hinted = [_hinted_values(parameter, rng, count) for parameter in parameters]
    kinds = [suggested_kind(parameter.partition(":")[0].strip()) for parameter in parameters]
    known = all(values or kind for values, kind in zip(hinted, kinds, strict=True))
    guessed = [KINDS[guess][index] for guess in GUESSES for index in range(2)]
    columns = [
        values or (KINDS[kind][: 3 if known else 2] if kind else guessed)
        for values, kind in zip(hinted, kinds, strict=True)
    ]
    number = count if any(hinted) else 3 if known else len(guessed)
    return [
        tuple(copy.deepcopy(column[index % len(column)]) for column in columns)
        for index in range(number if columns else 0)
    ]


def _hinted_values(parameter: str, rng: random.Random, count: int) -> list[Any]:
    """Empty where no hint stands or it is not understood."""
    _, colon, hint = parameter.partition(":")
    try:
        return [hinted_value(hint, rng) for _ in range(count if colon else 0)]
    except UnknownHint:
        return []


def suggested_kind(name: str) -> str | None:
    """The kind of value that a parameter's name suggests; None if it suggests none."""
    return next((kind for pattern, kind in NAMED if re.search(pattern, name.lower())), None)


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
