"""Python imports this when it starts, if its folder is on the path: whoever opens a connection gets an error.

Pipes between processes of the machine stay open, because asyncio makes one for itself.
"""

from __future__ import annotations

import sys
from typing import Any

BLOCKED = frozenset({"socket.connect", "socket.bind", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"})
MESSAGE = "the tests of the server open no connections"


UNIX = 1
"""The family AF_UNIX."""

active = True
"""Tests that need connections switch this off in their own process."""


def _check(event: str, arguments: tuple[Any, ...]) -> None:
    if active and event in BLOCKED and getattr(arguments[0], "family", None) != UNIX:
        raise PermissionError(f"{MESSAGE}: {event}")


sys.addaudithook(_check)
