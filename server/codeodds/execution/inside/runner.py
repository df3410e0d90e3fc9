"""Runs one program and does what the outside asks: call a function, read an attribute, go through an iterator.

It shares its process with the program, which may break or replace any part of it. Nothing here is trusted: the outside
takes every answer as plain data, and compares it itself.

Requests and answers are JSON lists; the first item says what it is.
"""

from __future__ import annotations

import atexit
import builtins
import io
import os
import socket
import sys
import threading
import types
from collections.abc import Callable
from typing import Any

from codeodds.execution.inside.wire import Channel, Closed, WireError, decode, encode

PROGRAM = "<program>"
MAX_TEXT = 300
MAX_ITEMS = 10_000
"""Items of an iterator that travel at once."""


class Runner:
    """One program's objects, and the numbers by which the outside knows them."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._objects: list[Any] = []
        self._namespace: dict[str, Any] = {}

    def serve(self) -> None:
        """Answer until the outside hangs up."""
        while True:
            try:
                request = self._channel.receive()
            except Closed:
                return
            self._channel.send(self._answer(request))

    def _answer(self, request: list[Any]) -> list[Any]:
        try:
            return list(getattr(self, f"on_{request[0]}")(*request[1:]))
        except BaseException as error:
            return describe(error)

    def on_load(self, source: str) -> list[Any]:
        """Define the program's names. Its ``if __name__ == "__main__"`` part does not run."""
        self._namespace = load(source, "program")
        return ["loaded"]

    def on_names(self, names: list[str]) -> list[Any]:
        """What the program means by some names."""
        found = {}
        for name in names:
            if name in self._namespace:
                found[name] = self._kind(self._namespace[name])
        return ["names", found]

    def on_call(self, handle: int, arguments: list[Any], keywords: dict[str, Any]) -> list[Any]:
        """Call an object. The answer holds the result, and the arguments as the call left them."""
        function = self._objects[handle]
        values = [self._in(argument) for argument in arguments]
        named = {name: self._in(argument) for name, argument in keywords.items()}
        result = self._out(function(*values, **named))
        return ["value", result, [self._out(value) if _mutable(value) else None for value in values]]

    def on_attribute(self, handle: int, name: str) -> list[Any]:
        return ["value", self._out(getattr(self._objects[handle], name)), []]

    def on_item(self, handle: int, key: Any) -> list[Any]:
        return ["value", self._out(self._objects[handle][self._in(key)]), []]

    def on_length(self, handle: int) -> list[Any]:
        return ["value", len(self._objects[handle]), []]

    def on_number(self, handle: int) -> list[Any]:
        return ["value", float(self._objects[handle]), []]

    def on_text(self, handle: int) -> list[Any]:
        return ["value", str(self._objects[handle]), []]

    def on_state(self, handle: int) -> list[Any]:
        """Class and attributes of an object, for the outside to compare."""
        value = self._objects[handle]
        slots = [name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ())]
        state = {name: getattr(value, name) for name in slots if hasattr(value, name)} | getattr(value, "__dict__", {})
        return ["value", self._out([type(value).__name__, state]), []]

    def on_iterate(self, handle: int) -> list[Any]:
        return ["value", self._handle(iter(self._objects[handle])), []]

    def on_next(self, handle: int, count: int) -> list[Any]:
        """Up to `count` items of an iterator; fewer mean that it has ended."""
        items = []
        for item in self._objects[handle]:
            items.append(self._out(item))
            if len(items) >= min(count, MAX_ITEMS):
                break
        return ["value", items, []]

    def _kind(self, value: Any) -> dict[str, Any]:
        if isinstance(value, types.ModuleType):
            return {"kind": "module"}
        if isinstance(value, type):
            is_exception = issubclass(value, BaseException)
            return {"kind": "exception" if is_exception else "class", "v": self._number(value), "bases": bases(value)}
        if callable(value):
            return {"kind": "function", "v": self._number(value)}
        return {"kind": "value", "v": self._out(value)}

    def _in(self, content: Any) -> Any:
        return decode(content, self._take_handle)

    def _out(self, value: Any) -> Any:
        return encode(value, self._handle)

    def _take_handle(self, content: dict[str, Any]) -> Any:
        if content["side"] == "inside":
            return self._objects[content["v"]]
        return self._callback(content["v"])

    def _callback(self, number: int) -> Callable[..., Any]:
        def callback(*arguments: Any) -> Any:
            self._channel.send(["callback", number, [self._out(argument) for argument in arguments]])
            while True:
                answer = self._channel.receive()
                if answer[0] == "return":
                    return self._in(answer[1])
                if answer[0] == "raise":
                    raise getattr(builtins, answer[1], RuntimeError)(answer[2])
                self._channel.send(self._answer(answer))

        return callback

    def _handle(self, value: Any) -> dict[str, Any]:
        return {"t": "handle", "side": "inside", "v": self._number(value), "class": type(value).__name__}

    def _number(self, value: Any) -> int:
        self._objects.append(value)
        return len(self._objects) - 1


def _mutable(value: Any) -> bool:
    return isinstance(value, (list, dict, set, bytearray)) or type(value).__name__ == "deque"


def load(source: str, name: str) -> dict[str, Any]:
    """Run a program as a module of this name; returns its namespace."""
    module = types.ModuleType(name)
    # Dataclasses and typing look their module up.
    sys.modules[name] = module
    exec(compile(source, PROGRAM, "exec", dont_inherit=True), module.__dict__)
    return module.__dict__


def describe(error: BaseException) -> list[Any]:
    """An exception as an answer: kind, class names, text, and the line of the program."""
    if isinstance(error, SystemExit):
        code = error.code if isinstance(error.code, (int, str)) else None
        return ["exit", code]
    kind = "syntax" if _is_own_syntax_error(error) else "memory" if isinstance(error, MemoryError) else "error"
    try:
        text = str(error)[:MAX_TEXT]
    except BaseException:
        text = ""
    return [kind, type(error).__name__, bases(type(error)), text, _line(error)]


def _is_own_syntax_error(error: BaseException) -> bool:
    """True if the program does not compile; it may also raise a SyntaxError, or compile something, as it runs."""
    if isinstance(error, (SyntaxError, ValueError)):
        return error.__traceback__ is not None and _line(error) is None and _innermost(error) == "load"
    return False


def _innermost(error: BaseException) -> str:
    trace = error.__traceback__
    name = ""
    while trace is not None:
        name = trace.tb_frame.f_code.co_name
        trace = trace.tb_next
    return name


def _line(error: BaseException) -> int | None:
    line = None
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == PROGRAM:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def bases(kind: type) -> list[str]:
    """Names of the builtin classes among a class's bases, the nearest first."""
    return [base.__name__ for base in kind.__mro__ if base.__module__ == "builtins"]


def run_calls(connection: socket.socket) -> int:
    """Serve calls; returns the exit status."""
    sys.stdin, sys.stdout, sys.stderr = _streams()
    try:
        Runner(Channel(connection)).serve()
    except (Closed, WireError, BrokenPipeError):
        return 1
    return 0


def run_main(connection: socket.socket) -> int:
    """Run a program that reads stdin and prints; returns its exit status. What it died of goes over the channel."""
    channel = Channel(connection)
    _, source = channel.receive()
    sys.stdin, sys.stdout, sys.stderr = _streams()
    sys.argv = ["program.py"]
    status = 0
    try:
        load(source, "__main__")
        threading._shutdown()  # type: ignore[attr-defined]
    except SystemExit as error:
        status = 0 if error.code is None else error.code & 0xFF if isinstance(error.code, int) else 1
    except BaseException as error:
        status = 1
        channel.send(describe(error))
    try:
        atexit._run_exitfuncs()
        sys.stdout.flush()
    except BaseException:
        status = status or 1
    return status


def _streams() -> tuple[Any, Any, Any]:
    def stream(number: int, mode: str) -> Any:
        raw = io.FileIO(number, mode, closefd=False)
        buffered = io.BufferedReader(raw) if mode == "r" else io.BufferedWriter(raw)
        return io.TextIOWrapper(buffered, encoding="utf-8", errors="surrogateescape")

    return stream(0, "r"), stream(1, "w"), stream(2, "w")


def finish(status: int) -> None:
    """End the process without the interpreter's own cleaning up."""
    os._exit(status)
