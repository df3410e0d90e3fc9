"""Runs the reference solutions. A problem whose own solution fails labels nothing; its time sets the time limit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from tqdm import tqdm

from codeodds.execution.pool import Pool
from codeodds.execution.verdict import Job
from codeodds_trainer.data.problems.problem import Problem
from codeodds_trainer.data.problems.read import Skipped

GENEROUS_S = 20.0
"""CPU seconds of a reference solution, which is not yet known to be fast."""


def tick(progress: Any) -> None:
    """One step of a progress bar."""
    progress.update()


def verify_references(problems: Sequence[Problem], pool: Pool, most: int) -> tuple[list[Problem], list[Skipped]]:
    """Keep the references that pass, at most `most` of them run, and the CPU time of the fastest.

    Problems without any reference stay as they are. Problems with references of which none passes are given back as
    skipped.
    """
    jobs: list[Job] = []
    for problem in problems:
        for reference in problem.references[:most]:
            job = problem.job(problem.preamble + reference)
            jobs.append(msgspec.structs.replace(job, time_limit_s=GENEROUS_S))
    with tqdm(total=len(jobs), desc="references", unit="program") as progress:
        outcomes = pool.judge(jobs, lambda _: tick(progress))
        kept: list[Problem] = []
        skipped: list[Skipped] = []
        for problem in problems:
            verdicts = [(reference, next(outcomes)) for reference in problem.references[:most]]
            passing = [(reference, outcome) for reference, outcome in verdicts if outcome.passed]
            if passing:
                fastest = min(outcome.cpu_s for _, outcome in passing)
                references = [reference for reference, _ in passing]
                kept.append(msgspec.structs.replace(problem, references=references, reference_s=fastest))
            elif verdicts:
                first = verdicts[0][1]
                skipped.append(Skipped(problem.problem_id, f"no reference passes ({first.verdict}: {first.detail})"))
            else:
                kept.append(problem)
    return kept, skipped
