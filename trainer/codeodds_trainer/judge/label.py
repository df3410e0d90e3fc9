"""Labels rollouts by running each program against its problem's tests. One row a problem; a killed run goes on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
from tqdm import tqdm

from codeodds_trainer.artefact import read_finished
from codeodds_trainer.disk import open_lines
from codeodds_trainer.errors import DataError
from codeodds_trainer.judge.pool import Pool
from codeodds_trainer.judge.verdict import Job, Outcome, Verdict
from codeodds_trainer.problems.problem import Problem
from codeodds_trainer.rollouts.sample import Rollout, RolloutRow

PROBLEMS_AT_ONCE = 8
"""Problems whose programs the judge gets together."""


class LabelledRollout(Rollout, frozen=True, kw_only=True, omit_defaults=True):
    """A rollout and what the judge says of it."""

    passed: bool
    verdict: Verdict


class LabelledRow(msgspec.Struct, frozen=True, kw_only=True):
    """All labelled rollouts of one problem; `codeodds_trainer.data` reads it."""

    problem_id: str
    split: str
    prompt: str
    generator: str
    rollouts: list[LabelledRollout]


def label_rollouts(
    rows: Iterable[RolloutRow], problems: Mapping[str, Problem], out: Path, pool: Pool
) -> list[LabelledRow]:
    """Label every row that `out` does not hold yet; returns all labelled rows.

    Equal programs of a problem run once. Programs of which nothing is known (infrastructure error) are left out.

    Raises: DataError for a row whose problem is unknown; JudgeError.
    """
    labelled = read_finished(out, LabelledRow)
    done = {row.problem_id for row in labelled}
    missing = [row for row in rows if row.problem_id not in done]
    unknown = [row.problem_id for row in missing if row.problem_id not in problems]
    if unknown:
        raise DataError(f"{len(unknown)} problems of the rollouts are not among the problems, {unknown[0]} first")
    programs = sum(len(row.rollouts) for row in missing)
    with open_lines(out) as file, tqdm(total=programs, desc="judging", unit="program") as progress:
        source = iter(missing)
        while batch := list(islice(source, PROBLEMS_AT_ONCE)):
            for row in _label(batch, problems, pool, progress):
                file.write(msgspec.json.encode(row) + b"\n")
                file.flush()
                labelled.append(row)
    return labelled


def _label(
    batch: Sequence[RolloutRow], problems: Mapping[str, Problem], pool: Pool, progress: Any
) -> Iterator[LabelledRow]:
    texts = [(row.problem_id, rollout.completion) for row in batch for rollout in row.rollouts]
    distinct = list(dict.fromkeys(texts))

    def jobs() -> Iterator[Job]:
        for problem_id, completion in distinct:
            problem = problems[problem_id]
            yield problem.job(problem.program(completion))

    outcomes: dict[tuple[str, str], Outcome] = dict(zip(distinct, pool.judge(jobs()), strict=True))
    for row in batch:
        found = []
        for rollout in row.rollouts:
            outcome = outcomes[row.problem_id, rollout.completion]
            progress.update()
            if outcome.verdict != "infrastructure error":
                found.append(
                    LabelledRollout(**msgspec.structs.asdict(rollout), passed=outcome.passed, verdict=outcome.verdict)
                )
        yield LabelledRow(
            problem_id=row.problem_id, split=row.split, prompt=row.prompt, generator=row.policy, rollouts=found
        )


def summary(rows: Sequence[LabelledRow]) -> str:
    """A table for people: verdicts, and how many problems can teach anything."""
    verdicts = Counter(rollout.verdict for row in rows for rollout in row.rollouts)
    total = sum(verdicts.values())
    mixed = sum(len({rollout.passed for rollout in row.rollouts}) == 2 for row in rows)
    lines = [f"{count:>9,}  {count / total:6.1%}  {verdict}" for verdict, count in verdicts.most_common()]
    return "\n".join([*lines, f"{len(rows):>9,}  problems, {mixed:,} of them with both labels"])
