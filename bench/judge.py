"""Measures the judge: ``python bench/judge.py [--programs N] [--workers N] [--json]``.

Judges small programs with three asserts each, a third of them wrong, and prints a table and a JSON last line.
Run it on an idle machine. Results that are worth keeping are committed in ``bench/results/``.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
import time

from codeodds.execution.pool import Pool
from codeodds.execution.verdict import Job
from run import machine

TARGET_PER_SECOND = 60.0
"""Aimed for on 2 cores."""


def jobs(count: int) -> list[Job]:
    """Small programs of one kind, each with a text of its own."""
    made = []
    for number in range(count):
        sign = "-" if number % 3 == 0 else "+"
        program = (
            f"def total_{number}(values, start={number}):\n"
            f"    total = start\n    for value in values:\n        total {sign}= value\n    return total\n"
        )
        tests = [f"assert total_{number}({values}) == {number + sum(values)}" for values in ([], [1, 2], [5] * 50)]
        made.append(Job(program=program, tests=tests))
    return made


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--json", action="store_true", help="print the last line only")
    options = parser.parse_args()
    with Pool(options.workers) as pool:
        list(pool.judge(jobs(options.workers)))  # starts the workers
        start = time.perf_counter()
        outcomes = list(pool.judge(jobs(options.programs)))
        seconds = time.perf_counter() - start
    wrong = sum(outcome.verdict == "wrong answer" for outcome in outcomes)
    figures = {
        "programs": options.programs,
        "workers": options.workers,
        "programs_per_second": round(options.programs / seconds, 1),
        "wrong_answers": wrong,
        "network": outcomes[0].network,
    }
    if not options.json:
        for name, value in figures.items():
            print(f"{name:>22}  {value}")
        print(f"{'target per second':>22}  {TARGET_PER_SECOND:g}")
    command = shlex.join(["python", *sys.orig_argv[1:]])
    print(json.dumps({"machine": machine(), "command": command, "figures": figures}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
