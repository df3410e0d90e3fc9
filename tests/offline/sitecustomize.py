"""Python imports this when it starts, if its folder is on the path: whoever opens a connection gets an error.

Pipes between processes of the machine stay open, because asyncio makes one for itself. So do connections to
127.0.0.1 where a test says so, because it plays the server itself.
"""

from __future__ import annotations

import os
import sys
from typing import Any

BLOCKED = frozenset({"socket.connect", "socket.bind", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"})
MESSAGE = "the tests of the server open no connections"


UNIX = 1
"""The family AF_UNIX."""

LOOPBACK = "127.0.0.1"
LOOPBACK_VARIABLE = "CODEODDS_TESTS_LOOPBACK"
"""Set to 1 for processes that may talk to this machine."""

active = True
"""Tests that need connections switch this off in their own process."""
loopback = os.environ.get(LOOPBACK_VARIABLE) == "1"


def _check(event: str, arguments: tuple[Any, ...]) -> None:
    if active and event in BLOCKED and getattr(arguments[0], "family", None) != UNIX and not _stays_here(arguments):
        raise PermissionError(f"{MESSAGE}: {event}")


def _stays_here(arguments: tuple[Any, ...]) -> bool:
    """Whether it is about this machine alone, and may be: an address given as a number, no name to look up."""
    address = arguments[1] if len(arguments) > 1 and isinstance(arguments[1], tuple) else arguments
    return loopback and address[0] == LOOPBACK


sys.addaudithook(_check)
