"""Measures speed and memory: ``python bench/run.py [--bundle PATH] [--threads N] [--quick] [--json]``.

Prints a table, and as its last line JSON with the machine, the versions, the command and the figures.
Run it on an idle machine. Results that are worth keeping are committed in ``bench/results/``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import statistics
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from codeodds.bundle.loader import default_bundle_path
from codeodds.engine.scorer import OnnxScorer, open_scorer
from codeodds.errors import CodeoddsError
from function import UNIT
from measure import append_token, edit_middle, full_score, percentile, typing_replay
from processes import cold_start, initialize_ms

PACKAGES = ("codeodds", "onnxruntime", "tokenizers", "numpy", "pygls")

TARGETS = {
    "full_score_ms": 1000.0,
    "keystroke_p95_ms": 60.0,
    "initialize_ms": 1000.0,
    "eleven_functions_mb": 700.0,
    "cache_speedup": 8.0,
}
"""What is aimed for on 2 cores. At most, but for the speed-up: at least."""


def main() -> int:
    options = _options()
    bundle = options.bundle or default_bundle_path()
    try:
        scorer = open_scorer(bundle, threads=options.threads)
    except CodeoddsError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    assert isinstance(scorer, OnnxScorer)
    figures = {
        **_in_process(scorer, 3 if options.quick else 15, every=10 if options.quick else 1),
        **_in_fresh_processes(bundle, options.threads, 1 if options.quick else 5),
    }
    report = {
        "machine": machine(),
        "versions": versions(),
        "bundle": f"{scorer.info.name} {scorer.info.version}",
        "threads": options.threads,
        "command": shlex.join(["python", *sys.orig_argv[1:]]),
        "figures": {name: None if value is None else round(value, 1) for name, value in figures.items()},
    }
    if not options.json:
        _print_table(report)
    print(json.dumps(report))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure speed and memory of a bundle.")
    parser.add_argument("--bundle", type=Path, help="folder of the bundle; the default bundle if not given")
    parser.add_argument("--threads", type=int, default=2, help="threads of the runtime (default: 2)")
    parser.add_argument("--quick", action="store_true", help="few repeats and every tenth keystroke: a trial run")
    parser.add_argument("--json", action="store_true", help="print the JSON line only")
    return parser.parse_args()


def _in_process(scorer: OnnxScorer, repeats: int, every: int) -> dict[str, float]:
    tokens = scorer.score(UNIT)
    full = statistics.median(full_score(scorer, UNIT, repeats))
    append = statistics.median(append_token(scorer, UNIT, repeats))
    keys = typing_replay(scorer, UNIT, every)
    return {
        "function_tokens": tokens.cached_tokens + tokens.computed_tokens,
        "full_score_ms": full,
        "append_token_ms": append,
        "cache_speedup": full / append,
        "edit_middle_ms": statistics.median(edit_middle(scorer, UNIT, repeats)),
        "keystrokes": len(keys),
        "keystroke_p50_ms": percentile(keys, 50),
        "keystroke_p95_ms": percentile(keys, 95),
        "keystroke_max_ms": max(keys),
    }


def _in_fresh_processes(bundle: Path, threads: int, repeats: int) -> dict[str, float | None]:
    starts = [cold_start(bundle, threads) for _ in range(repeats)]
    medians = {name: statistics.median(start[name] for start in starts) for name in starts[0]}
    try:
        first_answer = statistics.median(initialize_ms(bundle) for _ in range(repeats))
    except (EOFError, OSError) as error:
        print(f"warning: the language server was not measured: {error}", file=sys.stderr)
        first_answer = None
    return {"cold_start_ms": medians.pop("process_ms"), **medians, "initialize_ms": first_answer}


def machine() -> dict[str, Any]:
    """What the figures depend on."""
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "usable_cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "load_average": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
    }


def versions() -> dict[str, str]:
    """Of Python and the packages that do the work."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def _cpu_model() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _print_table(report: dict[str, Any]) -> None:
    print(f"{report['bundle']} on {report['machine']['cpu']}, {report['threads']} threads")
    print(f"{'figure':<22} {'value':>10}   target")
    for name, value in report["figures"].items():
        target = TARGETS.get(name)
        bound = "" if target is None else f"{'≥' if name == 'cache_speedup' else '≤'} {target:g}"
        print(f"{name:<22} {'none' if value is None else f'{value:.1f}':>10}   {bound}")


if __name__ == "__main__":
    sys.exit(main())
