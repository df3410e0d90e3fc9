"""Requests and commands that the protocol does not have: their arguments are read strictly, or refused with a sentence;
what fails for a reason that codeodds names is answered with that reason.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

import msgspec
from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException, JsonRpcInvalidParams

from codeodds.errors import CodeoddsError, Superseded

SERVER_CANCELLED = int(lsp.LSPErrorCodes.ServerCancelled)
REQUEST_FAILED = int(lsp.LSPErrorCodes.RequestFailed)

Count = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
"""The `uinteger` of the protocol."""


class Position(msgspec.Struct, frozen=True):
    """A position of the protocol. Only the line matters."""

    line: Count
    character: Count = 0


class Range(msgspec.Struct, frozen=True):
    """A range of the protocol. Only the lines matter."""

    start: Position
    end: Position


_Argument = TypeVar("_Argument", bound=msgspec.Struct)


def read_argument(
    name: str, argument: Any, kind: type[_Argument], what: str = "its argument is one object"
) -> _Argument:
    """The argument of a command; with another `what`, the parameters of a request.

    Raises: JsonRpcInvalidParams that says what it should be, and quotes nothing of it.
    """
    try:
        return msgspec.convert(_plain(argument), kind)
    except (msgspec.ValidationError, UnicodeError) as error:
        members = ", ".join(field.name for field in msgspec.structs.fields(kind) if field.required)
        raise JsonRpcInvalidParams(f"{name}: {what} with {members} ({error})") from error


def as_response(error: CodeoddsError) -> JsonRpcException:
    """ServerCancelled if the document changed meanwhile: the client may ask again. RequestFailed for the rest."""
    code = SERVER_CANCELLED if isinstance(error, Superseded) else REQUEST_FAILED
    return JsonRpcException(str(error), code)


def _plain(value: Any) -> Any:
    """pygls makes named tuples of some JSON objects; make them dicts again."""
    if hasattr(value, "_asdict"):
        value = value._asdict()
    if isinstance(value, dict):
        return {name: _plain(member) for name, member in value.items()}
    return [_plain(member) for member in value] if isinstance(value, list | tuple) else value
