"""Ends the server when the client's process is gone, as the protocol wants, even if the pipe to it stays open."""

from __future__ import annotations

import asyncio
import os
import sys

LOOK_EVERY_S = 10.0


def watch_parent(process_id: int | None) -> asyncio.Task[None] | None:
    """Start watching, on the running event loop. `process_id`: the client's, as it stands in `initialize`.

    None, or a system on which a process can't be asked for without harm: nothing is watched, and the end of stdin is
    what ends the server.
    """
    if process_id is None or sys.platform == "win32":
        return None
    return asyncio.get_running_loop().create_task(_watch(process_id))


def is_alive(process_id: int) -> bool:
    """Whether there is a process with this id."""
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


async def _watch(process_id: int) -> None:
    # A client may run in another container, whose ids mean nothing here.
    if not is_alive(process_id):
        return
    while is_alive(process_id):
        await asyncio.sleep(LOOK_EVERY_S)
    # The thread that reads stdin can't be interrupted, and would keep the interpreter from ending by itself.
    os._exit(1)
