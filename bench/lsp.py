"""Measures the language server as an editor sees it: ``python bench/lsp.py [--bundle PATH] [--quick] [--json]``.

A recorded typing session of 40 lines is replayed with its times (minutes); then cancellation, starts, idle time and
memory are measured. Linux only: memory and processor time come from /proc. Prints a table, and as its last line JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shlex
import sys
import time
from pathlib import Path
from typing import Any

from codeodds.bundle.loader import default_bundle_path
from function import UNIT
from lsp_client import started
from measure import percentile
from run import machine, versions
from typing_session import BEFORE, RECORDED, Keystroke, make_session, messages, read_session

URI, OTHER = "file:///w/typed.py", "file:///w/other.py"
DEBOUNCE_MS = 150
SETTINGS = {"debounce_ms": DEBOUNCE_MS, "threads": 2, "request_timeout_ms": 600_000}
TARGETS = {
    "keystroke_to_score_p95_ms": DEBOUNCE_MS + 120.0,
    "hover_while_scoring_p95_ms": 50.0,
    "cancel_p95_ms": 150.0,
    "idle_cpu_percent": 1.0,
    "growth_percent": 5.0,
}
"""What is aimed for on 2 cores; at most."""


async def typing(bundle: Path, threads: int, sent_together: list[list[Keystroke]]) -> dict[str, float]:
    """Replay a session, message by message. A version that a newer one supersedes shows no score, so it has no time."""
    sent: dict[int, float] = {}
    shown: dict[int, float] = {}
    text = BEFORE

    def traced(now: float, method: str, params: Any) -> None:
        if method == "$/logTrace" and params["message"].startswith("version "):
            shown.setdefault(int(params["message"].split()[1]), now)

    async with started(bundle, SETTINGS, threads) as server:
        server.open(URI, text)
        await server.score(URI)
        before = await server.counters()
        server.on_notification.append(traced)
        start = time.perf_counter()
        for version, strokes in enumerate(sent_together, start=2):
            await asyncio.sleep(start + strokes[0].t_ms / 1000 - time.perf_counter())
            changes = []
            for stroke in strokes:
                place = position(text, stroke.offset)
                end = position(text, stroke.offset + stroke.delete)
                changes.append({"range": {"start": place, "end": end}, "text": stroke.insert})
                text = text[: stroke.offset] + stroke.insert + text[stroke.offset + stroke.delete :]
            document = {"uri": URI, "version": version}
            sent[version] = time.perf_counter()
            server.notify("textDocument/didChange", {"textDocument": document, "contentChanges": changes})
        await asyncio.sleep(1 + DEBOUNCE_MS / 1000)
        after = await server.counters()
    times = [1000 * (shown[version] - sent[version]) for version in shown if version in sent]
    done = {name: after[name] - before[name] for name in after}
    tokens = done["cached_tokens"] + done["computed_tokens"]
    return {
        "keystrokes": len(sent_together),
        "scores_shown": len(times),
        "runs_interrupted": done["interrupted"],
        "keystroke_to_score_p50_ms": percentile(times, 50),
        "keystroke_to_score_p95_ms": percentile(times, 95),
        "keystroke_to_score_p99_ms": percentile(times, 99),
        "cache_hit_percent": 100 * done["cached_tokens"] / max(1, tokens),
    }


async def hovering(bundle: Path, threads: int, count: int) -> dict[str, float]:
    """Hover over a scored function while a long document is scored."""
    async with started(bundle, SETTINGS, threads) as server:
        server.open(URI, UNIT.text)
        await server.score(URI)
        place = {"textDocument": {"uri": URI}, "position": position(UNIT.text, UNIT.text.index("cheapest"))}
        server.open(OTHER, "".join(variant(number) for number in range(50)))
        times = []
        for _ in range(count):
            await asyncio.sleep(0.05)
            elapsed, result = await server.ask("textDocument/hover", place)
            assert result is not None
            times.append(elapsed)
    return {
        "hover_while_scoring_p50_ms": percentile(times, 50),
        "hover_while_scoring_p95_ms": percentile(times, 95),
    }


async def cancelling(bundle: Path, threads: int, count: int) -> dict[str, float]:
    """Cancel a request in the middle of its run: until the answer, and until the next run is done."""
    answered, free = [], []
    async with started(bundle, {**SETTINGS, "enable": False}, threads) as server:
        server.open(URI, UNIT.text)
        await server.score(URI)
        server.open(OTHER, "def f(a):\n    return a\n")
        for number in range(count):
            server.close(URI)
            server.open(URI, variant(1000 + number))
            request, answer = server.request("codeodds/score", {"textDocument": {"uri": URI}})
            await asyncio.sleep(0.15)
            start = time.perf_counter()
            server.notify("$/cancelRequest", {"id": request})
            end, message = await answer
            assert message["error"]["code"] == -32800, message
            answered.append(1000 * (end - start))
            small = {"uri": OTHER, "version": number + 2}
            text = f"def f(a):\n    return a + {number}\n"
            server.notify("textDocument/didChange", {"textDocument": small, "contentChanges": [{"text": text}]})
            await server.score(OTHER)
            free.append(1000 * (time.perf_counter() - start))
    return {
        "cancel_p50_ms": percentile(answered, 50),
        "cancel_p95_ms": percentile(answered, 95),
        "cancel_and_next_score_p95_ms": percentile(free, 95),
    }


async def starting(bundle: Path, threads: int, idle_s: float) -> dict[str, float]:
    """A fresh process to its first score; a score with the model in memory; then nothing at all."""
    start = time.perf_counter()
    async with started(bundle, {**SETTINGS, "idle_unload_s": 1}, threads) as server:
        empty = server.memory_mb()["now"]
        server.open(URI, UNIT.text)
        await server.score(URI)
        cold = 1000 * (time.perf_counter() - start)
        server.open(OTHER, variant(1))
        warm, _ = await server.score(OTHER)
        loaded = server.memory_mb()["now"]
        await asyncio.sleep(3)
        unloaded = server.memory_mb()["now"]
    async with started(bundle, SETTINGS, threads) as server:
        server.open(URI, UNIT.text)
        await server.score(URI)
        await asyncio.sleep(2)
        before, begin = server.cpu_s(), time.perf_counter()
        await asyncio.sleep(idle_s)
        idle = 100 * (server.cpu_s() - before) / (time.perf_counter() - begin)
    return {
        "cold_start_ms": cold,
        "warm_score_ms": warm,
        "idle_cpu_percent": idle,
        "started_mb": empty,
        "scored_mb": loaded,
        "unloaded_mb": unloaded,
    }


async def growing(bundle: Path, threads: int, documents: int) -> dict[str, float]:
    """Open, score and close documents, each with a function of its own, with a cache that is soon full."""
    limit_mb = 64
    settled = documents * 4 // 10
    async with started(bundle, {**SETTINGS, "enable": False, "memory_limit_mb": limit_mb}, threads) as server:
        before = 0.0
        for number in range(documents):
            uri = f"file:///w/{number}.py"
            body = f"    total = sum(values)\n    return [{number} * value / total for value in values]\n"
            server.open(uri, f"def scale_{number}(values):\n{body}")
            await server.score(uri)
            server.close(uri)
            if number == settled:
                before = server.memory_mb()["now"]
        after = server.memory_mb()
    return {
        "documents": documents,
        "memory_limit_mb": limit_mb,
        "memory_after_40_percent_mb": before,
        "memory_after_all_mb": after["now"],
        "growth_percent": 100 * (after["now"] - before) / before,
        "peak_mb": after["peak"],
    }


def variant(number: int) -> str:
    """The function of `function.UNIT` under another name, so that no cache knows it."""
    return f"# {number}\n" + UNIT.text.replace("cheapest_route", f"route_{number}") + "\n\n"


def position(text: str, offset: int) -> dict[str, int]:
    """Of an offset in a text that is ASCII."""
    start = text.rfind("\n", 0, offset) + 1
    return {"line": text.count("\n", 0, offset), "character": offset - start}


async def measure(options: argparse.Namespace) -> dict[str, float]:
    bundle, threads, quick = options.bundle or default_bundle_path(), options.threads, options.quick
    strokes = make_session(options.seed) if options.seed is not None else read_session(options.session)
    figures = await typing(bundle, threads, messages(strokes)[: 150 if quick else None])
    figures |= await hovering(bundle, threads, 20 if quick else 200)
    figures |= await cancelling(bundle, threads, 5 if quick else 40)
    figures |= await starting(bundle, threads, 5 if quick else 30)
    figures |= await growing(bundle, threads, 100 if quick else 1000)
    return figures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, help="folder of the bundle; the default bundle if not given")
    parser.add_argument("--threads", type=int, default=2, help="threads of the runtime (default: 2)")
    parser.add_argument("--session", type=Path, default=RECORDED, help=f"a recording (default: {RECORDED.name})")
    parser.add_argument("--seed", type=int, help="replay a session made from this seed instead of a recording")
    parser.add_argument("--quick", action="store_true", help="a short session and few repeats: a trial run")
    parser.add_argument("--json", action="store_true", help="print the JSON line only")
    options = parser.parse_args()
    figures = asyncio.run(measure(options))
    report = {
        "machine": machine(),
        "versions": versions(),
        "threads": options.threads,
        "command": shlex.join(["python", *sys.orig_argv[1:]]),
        "figures": {name: round(value, 1) for name, value in figures.items()},
    }
    if not options.json:
        print(f"{'figure':<32} {'value':>10}   target")
        for name, value in figures.items():
            print(f"{name:<32} {value:>10.1f}   {'≤ ' + format(TARGETS[name], 'g') if name in TARGETS else ''}")
    print(json.dumps(report))
    return 0


if __name__ == "__main__":
    sys.exit(main())
