"""Plain Python values as JSON, and messages on a socket.

Decoding builds nothing but plain values: no class of the program, no code. What is not plain travels as a *handle*, a
number that only the sender can do something with.
"""

from __future__ import annotations

import json
import socket
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

MAX_MESSAGE_BYTES = 64 * 2**20
"""Longer messages are refused: no test of a small program compares that much."""

MAX_DEPTH = 200
"""Deeper nesting is refused."""

_SMALL = 2**63
_LENGTH_BYTES = 8


class WireError(Exception):
    """A value or a message that cannot travel. The text never quotes it."""


class Closed(Exception):
    """The other side is gone."""


class Channel:
    """Messages over a stream socket: eight bytes of length, then JSON."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def send(self, message: Any) -> None:
        """Raises: WireError for a message that is too long; Closed."""
        content = json.dumps(message, separators=(",", ":")).encode("ascii")
        if len(content) > MAX_MESSAGE_BYTES:
            raise WireError(f"a value of {len(content):,} bytes; at most {MAX_MESSAGE_BYTES:,} are compared")
        try:
            self._connection.sendall(len(content).to_bytes(_LENGTH_BYTES, "big") + content)
        except OSError as error:
            raise Closed from error

    def receive(self) -> Any:
        """Raises: WireError for what is not a message; Closed; TimeoutError if the socket has a timeout."""
        length = int.from_bytes(self._read(_LENGTH_BYTES), "big")
        if length > MAX_MESSAGE_BYTES:
            raise WireError("the other side sent no valid message")
        try:
            return json.loads(self._read(length))
        except (ValueError, RecursionError) as error:
            raise WireError("the other side sent no valid message") from error

    def _read(self, count: int) -> bytes:
        parts = []
        while count:
            try:
                part = self._connection.recv(min(count, 1 << 20))
            except TimeoutError:
                raise
            except OSError as error:
                raise Closed from error
            if not part:
                raise Closed
            parts.append(part)
            count -= len(part)
        return b"".join(parts)


def encode(value: Any, make_handle: Callable[[Any], Any], depth: int = 0) -> Any:
    """JSON for a value. Subclasses of plain types travel as the plain type; `make_handle` gives the JSON for the rest.

    Raises: WireError for values nested too deeply (or in circles).
    """
    if value is None or value is True or value is False:
        return value
    if depth > MAX_DEPTH:
        raise WireError(f"a value nested more than {MAX_DEPTH} levels deep")

    def inner(items: Any) -> list[Any]:
        return [encode(item, make_handle, depth + 1) for item in items]

    kind = type(value)
    if kind is str:
        return value
    if kind is int or (isinstance(value, int) and kind is not bool):
        whole = int.__add__(value, 0)
        return whole if -_SMALL < whole < _SMALL else {"t": "int", "v": hex(whole)}
    if isinstance(value, float):
        number = float.__add__(value, 0.0)
        return number if abs(number) < float("inf") else {"t": "float", "v": float.__repr__(number)}
    if isinstance(value, str):
        return str.__str__(value)
    if kind is list:
        return inner(value)
    for tag, kinds, items in _CONTAINERS:
        if isinstance(value, kinds):
            return {"t": tag, "v": inner(items(value))}
    for tag, kinds, text in _TEXTS:
        if isinstance(value, kinds):
            return {"t": tag, "v": text(value)}
    if any(value is known for known in _TYPES):
        return {"t": "type", "v": value.__name__}
    if kind.__module__ == "numpy" and getattr(value, "shape", None) == () and hasattr(value, "item"):
        return encode(value.item(), make_handle, depth + 1)
    return make_handle(value)


def decode(content: Any, take_handle: Callable[[Any], Any], depth: int = 0) -> Any:
    """The value of a piece of JSON. `take_handle` receives the JSON of a handle.

    Raises: WireError for JSON that no value encodes to.
    """
    if content is None or isinstance(content, (bool, int, float, str)):
        return content
    if depth > MAX_DEPTH:
        raise WireError(f"a value nested more than {MAX_DEPTH} levels deep")
    if isinstance(content, list):
        return [decode(item, take_handle, depth + 1) for item in content]
    tag, inner = content.get("t"), content.get("v")
    if tag == "handle":
        return take_handle(content)
    try:
        if tag in _BUILD_CONTAINER:
            return _BUILD_CONTAINER[tag]([decode(item, take_handle, depth + 1) for item in inner])
        return _BUILD_TEXT[tag](inner)
    except (ArithmeticError, AttributeError, KeyError, LookupError, TypeError, ValueError) as error:
        raise WireError("the other side sent no valid value") from error


def _items(value: Any) -> Any:
    return ([key, item] for key, item in dict.items(value))


_CONTAINERS: tuple[tuple[str, Any, Callable[[Any], Any]], ...] = (
    ("list", list, list.__iter__),
    ("tuple", tuple, tuple.__iter__),
    ("Counter", Counter, _items),
    ("OrderedDict", OrderedDict, _items),
    ("dict", dict, _items),
    ("set", set, set.__iter__),
    ("frozenset", frozenset, frozenset.__iter__),
    ("deque", deque, deque.__iter__),
    ("keys", type({}.keys()), iter),
    ("values", type({}.values()), iter),
    ("items", type({}.items()), iter),
)
_TYPES = (bool, bytes, complex, dict, float, frozenset, int, list, object, set, str, tuple)
"""Builtin types travel as themselves: some functions take one."""

_TEXTS: tuple[tuple[str, Any, Callable[[Any], Any]], ...] = (
    ("bytes", bytes, lambda value: bytes(value).decode("latin-1")),
    ("bytearray", bytearray, lambda value: bytes(value).decode("latin-1")),
    ("complex", complex, lambda value: [repr(value.real), repr(value.imag)]),
    ("Decimal", Decimal, str),
    ("Fraction", Fraction, lambda value: f"{value.numerator}/{value.denominator}"),
    ("range", range, lambda value: [value.start, value.stop, value.step]),
    ("datetime", datetime, lambda value: value.isoformat()),
    ("date", date, lambda value: value.isoformat()),
    ("time", time, lambda value: value.isoformat()),
    ("timedelta", timedelta, lambda value: [value.days, value.seconds, value.microseconds]),
)
_BUILD_CONTAINER: dict[Any, Callable[[list[Any]], Any]] = {
    "list": list,
    "tuple": tuple,
    "Counter": lambda pairs: Counter(dict(pairs)),
    "OrderedDict": OrderedDict,
    "dict": dict,
    "set": set,
    "frozenset": frozenset,
    "deque": deque,
    "keys": lambda keys: dict.fromkeys(keys).keys(),
    "values": lambda values: dict(enumerate(values)).values(),
    "items": lambda pairs: dict(pairs).items(),
}
_BUILD_TEXT: dict[Any, Callable[[Any], Any]] = {
    "int": lambda text: int(text, 16),
    "float": float,
    "bytes": lambda text: text.encode("latin-1"),
    "bytearray": lambda text: bytearray(text.encode("latin-1")),
    "complex": lambda parts: complex(float(parts[0]), float(parts[1])),
    "Decimal": Decimal,
    "Fraction": Fraction,
    "range": lambda parts: range(*parts),
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "type": {kind.__name__: kind for kind in _TYPES}.__getitem__,
    "timedelta": lambda parts: timedelta(*parts),
}
