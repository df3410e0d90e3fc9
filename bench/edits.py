"""Measures what edits cost: ``python bench/edits.py [--bundle PATH] [--most N]``.

One `didChange` with many changes, and keys typed at the end of a file of 5.6 MB: how long does a question about another
document wait? Prints a table, and as its last line JSON. About two minutes.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import shlex
import sys
import time
from pathlib import Path
from typing import Any

from codeodds.bundle.loader import default_bundle_path
from lsp_client import Server, started
from measure import percentile
from run import machine, versions

COUNTS = (0, 1_000, 2_000, 4_000, 8_000, 12_000)
LINE = "    total = old_name + 41  # a comment behind it\n"
ORDERS = ("downwards", "upwards", "shuffled", "one line")
REPEATS = 3
LARGE = 5_600_000
SETTLE_S = 5
KEYS, KEY_EVERY_S = 30, 0.3
"""Slow enough for the document to be read after each key."""
ASK_EVERY_S = 0.02
URI, OTHER = "file:///w/changed.py", "file:///w/other.py"
SETTINGS = {"enable": False}
"""For many changes: what is measured is the edit."""


def changes(count: int, order: str) -> tuple[str, list[dict[str, Any]]]:
    """A text, and as many changes of it, as "replace all" sends them."""
    if order == "one line":
        places = [(0, len(LINE) * number + 12) for number in range(count)]
        text = LINE.replace("\n", " ") * count
    else:
        places, text = [(number, 12) for number in range(count)], LINE * count
    if order == "upwards":
        places.reverse()
    elif order == "shuffled":
        random.Random(0).shuffle(places)
    spans = [((line, at), (line, at + 8)) for line, at in places]
    return text, [{"range": _range(*span), "text": "new_name"} for span in spans]


async def many_changes(server: Server, count: int, order: str) -> tuple[float, float]:
    """From the notification to the answer of a question about another document, and the server's processor time; the
    least of some, in milliseconds. The latter minds a busy machine less.
    """
    text, sent = changes(count, order)
    times, processor = [], []
    for _ in range(REPEATS):
        server.open(URI, text)
        await asked(server)
        start, before = time.perf_counter(), server.cpu_s()
        server.notify("textDocument/didChange", {"textDocument": {"uri": URI, "version": 2}, "contentChanges": sent})
        await asked(server)
        times.append(1000 * (time.perf_counter() - start))
        processor.append(1000 * (server.cpu_s() - before))
        server.close(URI)
    return min(times), min(processor)


async def typing_at_the_end(server: Server) -> dict[str, float]:
    """Questions about another document while keys are typed at the end of a large one, in milliseconds."""
    text = large()
    server.open(URI, text)
    await asyncio.sleep(SETTLE_S)
    await asked(server)
    line = text.count("\n")
    times: list[float] = []
    ended = False

    async def ask() -> None:
        while not ended:
            times.append(await asked(server))
            await asyncio.sleep(ASK_EVERY_S)

    asking = asyncio.create_task(ask())
    for number in range(KEYS):
        change = {"range": _range((line, number), (line, number)), "text": "x"}
        server.notify(
            "textDocument/didChange",
            {"textDocument": {"uri": URI, "version": number + 2}, "contentChanges": [change]},
        )
        await asyncio.sleep(KEY_EVERY_S)
    await asyncio.sleep(SETTLE_S)
    ended = True
    await asking
    return {
        "questions": len(times),
        "question_p50_ms": percentile(times, 50),
        "question_p95_ms": percentile(times, 95),
        "question_longest_ms": max(times),
    }


def large() -> str:
    """Modules of the standard library one behind the other."""
    found: list[str] = []
    size = 0
    folder = Path(json.__file__).parents[1]
    for path in sorted(folder.glob("*.py")) * 3:
        text = path.read_text("utf-8", "replace")
        found.append(text)
        size += len(text)
        if size > LARGE:
            break
    return "".join(found)[:LARGE].rpartition("\n")[0] + "\n"


async def asked(server: Server) -> float:
    span = _range((0, 0), (100, 0))
    return (await server.ask("textDocument/inlayHint", {"textDocument": {"uri": OTHER}, "range": span}))[0]


def _range(start: tuple[int, int], end: tuple[int, int]) -> dict[str, Any]:
    return {name: {"line": line, "character": at} for name, (line, at) in (("start", start), ("end", end))}


async def measure(bundle: Path, most: int) -> dict[str, float]:
    """All of it, up to `most` changes at once."""
    found: dict[str, float] = {}
    async with started(bundle, SETTINGS, 2) as server:
        server.open(OTHER, "x = 1\n")
        print(f"{'':<26} {'ms':>9} {'processor ms':>9}")
        for order in ORDERS:
            for count in (count for count in COUNTS if count <= most):
                name = f"{order}, {count} changes"
                found[f"{name}, ms"], found[f"{name}, processor ms"] = await many_changes(server, count, order)
                print(f"{name:<26} {found[f'{name}, ms']:>9.1f} {found[f'{name}, processor ms']:>9.0f}", flush=True)
    async with started(bundle, {}, 2) as server:
        server.open(OTHER, "x = 1\n")
        found |= await typing_at_the_end(server)
    for name in ("question_p50_ms", "question_p95_ms", "question_longest_ms"):
        print(f"typing at the end of {LARGE:,} characters, {name}: {found[name]:.1f}")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, help="folder of the bundle; the default bundle if not given")
    parser.add_argument("--most", type=int, default=max(COUNTS), help="most changes at once (default: all)")
    options = parser.parse_args()
    found = asyncio.run(measure(options.bundle or default_bundle_path(), options.most))
    report = {
        "machine": machine(),
        "versions": versions(),
        "command": shlex.join(["python", *sys.orig_argv[1:]]),
        "figures": {name: round(value, 1) for name, value in found.items()},
    }
    print(json.dumps(report))
    return 0


if __name__ == "__main__":
    sys.exit(main())
