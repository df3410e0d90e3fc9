"""``codeodds.setCompletionsKey``: the client gives the key for the endpoint, from wherever it keeps secrets.

It stays in memory, is in no answer and no log, and goes to the address alone that it was given for. docs/protocol.md
describes the argument.
"""

from __future__ import annotations

from typing import Any

import msgspec
from pygls.exceptions import JsonRpcInvalidParams

from codeodds.errors import EndpointError
from codeodds.lsp.protocol.capabilities import SET_COMPLETIONS_KEY
from codeodds.lsp.protocol.extensions import read_argument
from codeodds.lsp.server import CodeoddsServer


class Argument(msgspec.Struct, frozen=True):
    """The address and its key; null forgets the key."""

    url: str
    key: str | None


class CompletionsKey:
    """Keeps the keys that clients give."""

    def __init__(self, server: CodeoddsServer) -> None:
        self._server = server

    async def answer(self, argument: Any) -> None:
        """Raises: JsonRpcInvalidParams for an argument of another shape, a URL without a server, and what can be no
        key; nothing of it is quoted.
        """
        wanted = read_argument(SET_COMPLETIONS_KEY, argument, Argument)
        try:
            self._server.sampling.keys.set(wanted.url, wanted.key)
        except EndpointError as error:
            raise JsonRpcInvalidParams(f"{SET_COMPLETIONS_KEY}: {error}") from error


def create(server: CodeoddsServer) -> CompletionsKey:
    """The feature, imported when it is first asked."""
    return CompletionsKey(server)
