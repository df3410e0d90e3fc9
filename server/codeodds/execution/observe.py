"""What a program does with some arguments, as short marks that can be compared between programs.

The marks are made here, outside, from plain values that came out of the sandbox: a program can choose what it returns,
and nothing else.
"""

from __future__ import annotations

import ast
import hashlib
import math
from collections import deque
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

from codeodds.execution.checker import EntryPoint, Finding, TestsUnusable
from codeodds.execution.inside.wire import WireError
from codeodds.execution.stand_ins import Session, StandIn

PENDING = "!pending"
"""Stands for a call that is under way; it stays if the call ends its process."""

NOT_RUN = "!not run"
TIME_LIMIT = "!time limit"

DIGITS = 9
"""Significant digits of a float that count, and decimals."""

ITEMS = 256
"""Items of an iterator that count."""

OBJECTS = 64
"""Objects of the program's own classes that are looked into for one value."""

ITERATORS = frozenset({"generator", "map", "filter", "zip", "enumerate", "reversed"})


def observe_calls(
    session: Session, program: str, entry_point: str, arguments: Sequence[str], observed: list[str]
) -> Finding:
    """Make the calls from number ``len(observed)`` on, and append the mark of each.

    `arguments`: tuples as Python literals. Each call gets fresh ones.

    Raises: TestsUnusable for arguments that are no such literal; ProgramFailed if the program ends itself, `observed`
    then holds PENDING for that call.
    """
    values = [_literal(text, number) for number, text in enumerate(arguments, 1)]
    session.load(program)
    entry = EntryPoint(session, entry_point)
    if entry.missing is not None:
        return "runtime error", entry.missing
    for call in values[len(observed) :]:
        observed.append(PENDING)
        observed[-1] = _mark(entry, call)
        if session.failure is not None:
            raise session.failure
    return "pass", ""


def _literal(text: str, number: int) -> tuple[Any, ...]:
    try:
        value = ast.literal_eval(text)
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError) as error:
        raise TestsUnusable(f"observation {number} is no Python literal ({type(error).__name__})") from None
    if not isinstance(value, tuple):
        raise TestsUnusable(f"observation {number} is no tuple of arguments")
    return value


def _mark(entry: EntryPoint, arguments: tuple[Any, ...]) -> str:
    """A function that returns nothing has done its work on its arguments."""
    try:
        result = entry(*arguments)
        text = canonical(result) if result is not None else f"None after {canonical(list(arguments))}"
    except Exception as error:
        return f"!{type(error).__name__}"
    return "=" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def canonical(value: Any) -> str:
    """A text that is the same for values that tests hold for equal.

    Numbers are equal across their types, as in Python, and floats if they agree in 9 digits; lists and tuples differ.
    An iterator counts as its first 256 items, an object of a class of the program as the class's name and attributes.

    Raises: WireError for a value with too many objects or too deep; what asking the program raises.
    """
    return _text(value, 0, [OBJECTS])


def _text(value: Any, depth: int, left: list[int]) -> str:
    if depth > 100:
        raise WireError("a value nested more than 100 levels deep")
    if isinstance(value, StandIn):
        return _object_text(value, depth, left)
    if isinstance(value, (bool, int, float)):
        return _number_text(value)
    if isinstance(value, dict):
        pairs = [f"{_text(key, depth + 1, left)}:{_text(item, depth + 1, left)}" for key, item in value.items()]
        return "{" + ",".join(sorted(pairs)) + "}"
    if isinstance(value, (set, frozenset, type({}.keys()))):
        return "set(" + ",".join(sorted(_texts(value, depth, left))) + ")"
    if isinstance(value, tuple):
        return "(" + ",".join(_texts(value, depth, left)) + ")"
    if isinstance(value, (list, deque, type({}.values()), type({}.items()))):
        kind = "" if isinstance(value, list) else type(value).__name__
        return kind + "[" + ",".join(_texts(value, depth, left)) + "]"
    return f"{type(value).__name__} {value!r}"


def _texts(values: Iterable[Any], depth: int, left: list[int]) -> list[str]:
    return [_text(value, depth + 1, left) for value in values]


def _number_text(value: float) -> str:
    if isinstance(value, int):
        return hex(value)
    if math.isfinite(value):
        # Rounded first: 2.9999999999 is 3, and 1e-17 is 0.
        value = float(f"{round(value, DIGITS):.{DIGITS}g}")
        return hex(int(value)) if value.is_integer() else repr(value)
    return repr(value)


def _object_text(value: StandIn, depth: int, left: list[int]) -> str:
    left[0] -= 1
    if left[0] < 0:
        raise WireError(f"a value with more than {OBJECTS} objects")
    if value._kind in ITERATORS or value._kind.endswith("_iterator"):
        return "iterator[" + ",".join(_texts(islice(value, ITEMS), depth, left)) + "]"
    return f"object {_text(value._state(), depth + 1, left)}"
