"""What stands in the tests' namespace for the program's functions, classes and objects.

A call goes into the sandbox and comes back as a plain value of our own making: whatever the program does to `__eq__`,
to builtins or to modules, the comparison happens here. An object of the program's own class stays inside; here it is a
`StandIn`, which equals no plain value.
"""

from __future__ import annotations

import builtins
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from codeodds.execution.inside.wire import Channel, Closed, WireError, decode, encode
from codeodds.execution.verdict import Verdict

ITEMS = 256
"""Items of an iterator fetched at once."""

LENGTHS = {"value": 3, "names": 2, "loaded": 1, "exit": 2, "syntax": 5, "memory": 5, "error": 5}
"""How long each kind of answer is."""

BROKEN = "the program broke the judge's side of its process"

PLAIN_METHODS = frozenset(
    name for kind in (str, bytes, list, tuple, dict, set, int, float, deque) for name in dir(kind) if name[0] != "_"
)


class ProgramFailed(BaseException):
    """The program ended, crashed, or answered with what is no answer. Tests cannot catch it as an Exception."""

    def __init__(self, kind: Verdict, text: str, gone: bool = False) -> None:
        super().__init__(text)
        self.kind = kind
        self.text = text
        self.gone = gone
        """True if its process hung up; how that ended says more."""


class Session:
    """The conversation with one program."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._callbacks: list[Callable[..., Any]] = []
        self._raised: dict[str, type[Exception]] = {}
        self.failure: ProgramFailed | None = None
        """Set once the program is of no use any more, however the tests took it."""
        self.last_error: str | None = None
        """The newest exception of the program that reached a test, as words."""

    def load(self, source: str) -> None:
        """Raises: ProgramFailed if the program does not compile, or does not run to its end."""
        self._ask(["load", source], "loaded")

    def bind(self, names: list[str]) -> dict[str, Any]:
        """Stand-ins for those of the names that the program defines. Modules are not among them."""
        found = self._ask(["names", names], "names")[1]
        bound: dict[str, Any] = {}
        try:
            for name in names:
                item = found.get(name, {"kind": "module"})
                if item["kind"] == "function":
                    bound[name] = Function(self, name, item["v"])
                elif item["kind"] == "class":
                    bound[name] = Class(self, name, item["v"])
                elif item["kind"] == "exception":
                    bound[name] = self._raised[name] = type(name, (_builtin_exception(item["bases"]),), {})
                elif item["kind"] == "value":
                    bound[name] = self._in(item["v"])
        except (WireError, LookupError, TypeError, AttributeError):
            raise self._ended("runtime error", BROKEN) from None
        return bound

    def request(self, *request: Any) -> Any:
        """Ask for something; returns the value. An exception of the program is raised here as one of the same name."""
        return self._in(self._ask(list(request))[1])

    def call(self, handle: int, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        """Call an object; arguments that the program changed in place are changed here too."""
        named = {name: self.out(value) for name, value in keywords.items()}
        _, result, after = self._ask(["call", handle, [self.out(value) for value in arguments], named])
        for value, changed in zip(arguments, after, strict=False):
            if changed is not None:
                _replace(value, self._in(changed))
        return self._in(result)

    def out(self, value: Any) -> Any:
        """JSON for a value of a test."""
        return encode(value, self._handle)

    def _ask(self, request: list[Any], wanted: str = "value") -> list[Any]:
        """Ask, and return an answer of the kind that is wanted; raise what was raised inside."""
        if self.failure is not None:
            raise self.failure
        try:
            answer = self._exchange(request)
        except Closed:
            self.failure = ProgramFailed("runtime error", "the program ended the process", gone=True)
            raise self.failure from None
        except (WireError, LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
            raise self._ended("runtime error", str(error) if isinstance(error, WireError) else BROKEN) from None
        if answer[0] == wanted:
            return answer
        if len(answer) != LENGTHS["error"] and answer[0] != "exit":
            raise self._ended("runtime error", BROKEN)
        raise self._error(answer, wanted == "loaded")

    def _exchange(self, request: list[Any]) -> list[Any]:
        """Send a request, serve the callbacks that come before its answer; returns an answer of a known shape."""
        self._channel.send(request)
        while True:
            kind, *rest = answer = list(self._channel.receive())
            if kind == "callback":
                number, arguments = rest
                self._channel.send(self._call_back(number, arguments))
            elif len(answer) == LENGTHS[kind]:
                return answer
            else:
                raise ValueError("an answer of another length")

    def _error(self, answer: list[Any], loading: bool) -> BaseException:
        """The exception to raise here for one that was raised inside."""
        kind = answer[0]
        if kind == "exit":
            return self._ended("runtime error", "the program called sys.exit")
        _, name, base_names, text, line = answer
        words = describe(name, text, line)
        if kind == "memory":
            return self._ended("memory limit", words)
        if loading:
            return self._ended("syntax error" if kind == "syntax" else "runtime error", words)
        self.last_error = words
        found = self._raised.get(str(name)) or _builtin_exception(base_names)
        return _make(found, str(text), words)

    def _ended(self, kind: Verdict, text: str) -> ProgramFailed:
        self.failure = ProgramFailed(kind, text)
        return self.failure

    def _call_back(self, number: int, arguments: list[Any]) -> list[Any]:
        try:
            return ["return", self.out(self._callbacks[number](*(self._in(argument) for argument in arguments)))]
        except Exception as error:
            return ["raise", type(error).__name__, str(error)]

    def _in(self, content: Any) -> Any:
        return decode(content, self._take_handle)

    def _take_handle(self, content: dict[str, Any]) -> Any:
        number = content.get("v")
        if not isinstance(number, int):
            raise WireError(BROKEN)
        if content.get("side") == "outside":
            return self._callbacks[number % max(1, len(self._callbacks))]
        return StandIn(self, number, str(content.get("class")))

    def _handle(self, value: Any) -> dict[str, Any]:
        if isinstance(value, (StandIn, Function, Class)):
            return {"t": "handle", "side": "inside", "v": value._number}
        if callable(value):
            self._callbacks.append(value)
            return {"t": "handle", "side": "outside", "v": len(self._callbacks) - 1}
        raise TypeError(f"a {type(value).__name__} cannot be given to the program")


def describe(name: Any, text: Any, line: Any) -> str:
    """An exception of the program in words."""
    words = f"{name}: {text}" if text else str(name)
    return f"{words} (line {line})" if isinstance(line, int) else words


class RaisedInside(Exception):
    """An exception of the program that has no builtin base but Exception."""


class Function:
    """A function of the program."""

    def __init__(self, session: Session, name: str, number: int) -> None:
        self._session = session
        self.__name__ = name
        self._number = number

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        return self._session.call(self._number, arguments, keywords)


class Class(Function):
    """A class of the program. Objects that a test makes of it may be asked anything.

    That takes a name as classes have it: a class that poses as the function ``f`` must not escape the rule for results.
    """

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        made = super().__call__(*arguments, **keywords)
        if isinstance(made, StandIn) and self.__name__[:1].isupper():
            made._made_by_test = True
        return made

    def __getattr__(self, name: str) -> Any:
        return self._session.request("attribute", self._number, name)


class StandIn:
    """An object of the program. It equals another one of the same class and attributes, and nothing else."""

    def __init__(self, session: Session, number: int, kind: str) -> None:
        self._session = session
        self._number = number
        self._kind = kind
        self._made_by_test = False

    def __getattr__(self, name: str) -> Any:
        # An object that a function returned could pose as a string or a list, whose methods say what a test hopes for.
        if not self._made_by_test and name in PLAIN_METHODS:
            raise AttributeError(f"the program returned an object of its class {self._kind}; {name} is not asked of it")
        return self._session.request("attribute", self._number, name)

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        return self._session.call(self._number, arguments, keywords)

    def __getitem__(self, key: Any) -> Any:
        return self._session.request("item", self._number, self._session.out(key))

    def __len__(self) -> int:
        return int(self._session.request("length", self._number))

    def __float__(self) -> float:
        return float(self._session.request("number", self._number))

    def __str__(self) -> str:
        return str(self._session.request("text", self._number))

    def __iter__(self) -> Iterator[Any]:
        iterator = self._session.request("iterate", self._number)
        while True:
            items = self._session.request("next", iterator._number, ITEMS)
            yield from items
            if len(items) < ITEMS:
                return

    def __contains__(self, item: Any) -> bool:
        return any(item == other for other in self)

    def __bool__(self) -> bool:
        return True

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, StandIn):
            return False
        return self._number == other._number or bool(self._state() == other._state())

    __hash__ = object.__hash__

    def _state(self) -> Any:
        return self._session.request("state", self._number)


def _replace(value: Any, changed: Any) -> None:
    """Give a container of a test the content that the program left in it."""
    if isinstance(value, (list, bytearray)) and isinstance(changed, type(value)):
        value[:] = changed
    elif isinstance(value, (dict, set)) and isinstance(changed, (dict, set)):
        value.clear()
        value.update(changed)
    elif isinstance(value, deque) and isinstance(changed, deque):
        value.clear()
        value.extend(changed)


def _builtin_exception(names: list[str]) -> type[Exception]:
    """The nearest builtin exception among a class's bases."""
    for name in names:
        kind = getattr(builtins, str(name), None)
        if isinstance(kind, type) and issubclass(kind, Exception):
            return kind
    return RaisedInside


def _make(kind: type[Exception], text: str, words: str) -> Exception:
    try:
        error = kind(text)
    except TypeError:
        # UnicodeDecodeError and the like want more than a text.
        error = RaisedInside(words)
    error.__dict__["from_program"] = words
    return error
