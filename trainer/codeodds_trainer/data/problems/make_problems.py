"""`codeodds-train problems`: from a benchmark to a file of problems."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import cast

import msgspec

from codeodds.execution.pool import Pool
from codeodds_trainer.data.problems.problem import Problem
from codeodds_trainer.data.problems.read import Layout, read_benchmark
from codeodds_trainer.data.problems.verify import verify_references
from codeodds_trainer.ground.artefact import seal
from codeodds_trainer.ground.disk import write_whole
from codeodds_trainer.ground.errors import DataError

NAMED = 20
"""Skipped problems named one by one; the rest are counted."""


def make_problems(
    benchmark: Path,
    layout: str,
    out: Path,
    split: str,
    examples: int,
    licence: str,
    verify: bool,
    references: int,
    workers: int,
    say: Callable[[str], None],
) -> str:
    """Read, verify, write; returns a table.

    Raises: DataError if nothing could be used; JudgeError.
    """
    problems, skipped = read_benchmark(benchmark, cast(Layout, layout), split, examples, licence)
    if verify:
        with Pool(workers) as pool:
            problems, failing = verify_references(problems, pool, references)
        skipped += failing
    else:
        problems = [
            msgspec.structs.replace(problem, references=problem.references[:references]) for problem in problems
        ]
    for place, reason in skipped[:NAMED]:
        say(f"skipped {place}: {reason}")
    if len(skipped) > NAMED:
        say(f"skipped {len(skipped) - NAMED:,} more")
    if not problems:
        raise DataError(f"{benchmark} holds no usable problem in the layout {layout}; is it another layout?")
    write_whole(out, b"".join(msgspec.json.encode(problem) + b"\n" for problem in problems))
    seal(out, Problem, len(problems), [benchmark])
    return summary(problems, len(skipped))


def summary(problems: list[Problem], skipped: int) -> str:
    """A table for people."""
    splits = Counter(problem.split for problem in problems)
    kinds = Counter(
        "asserts" if problem.tests else "calls" if problem.calls else "stdin and stdout" for problem in problems
    )
    lines = [f"{len(problems):>7,}  problems", f"{skipped:>7,}  skipped"]
    lines += [f"{count:>7,}  in split {split}" for split, count in sorted(splits.items())]
    lines += [f"{count:>7,}  tested by {kind}" for kind, count in kinds.most_common()]
    lines.append(f"{sum(bool(problem.references) for problem in problems):>7,}  with a reference solution")
    return "\n".join(lines)
