"""Labels rollouts by running each program against its problem's tests. One row a problem; a killed run goes on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
from tqdm import tqdm

from codeodds.execution.pool import Pool
from codeodds.execution.verdict import Job, Outcome, Verdict
from codeodds_trainer.data.problems.problem import Problem
from codeodds_trainer.data.rollouts.sample import Rollout, RolloutRow
from codeodds_trainer.ground.artefact import read_finished
from codeodds_trainer.ground.disk import open_lines
from codeodds_trainer.ground.errors import DataError

PROBLEMS_AT_ONCE = 8
"""Problems whose programs the judge gets together."""


class LabelledRollout(Rollout, frozen=True, kw_only=True, omit_defaults=True):
    """A rollout and what the judge says of it."""

    passed: bool
    verdict: Verdict


class LabelledRow(msgspec.Struct, frozen=True, kw_only=True):
    """All labelled rollouts of one problem; `codeodds_trainer.ground.labelled` reads it."""

    problem_id: str
    split: str
    prompt: str
    generator: str
    rollouts: list[LabelledRollout]


Labeller = Callable[[list[list[RolloutRow]]], Iterator[LabelledRow]]
"""From batches of rows to the same rows labelled, in any order."""


def label_with(pool: Pool, problems: Mapping[str, Problem]) -> Labeller:
    """A labeller on this machine."""

    def label(batches: list[list[RolloutRow]]) -> Iterator[LabelledRow]:
        for batch in batches:
            yield from label_batch(batch, problems, pool)

    return label


def label_rollouts(
    rows: Iterable[RolloutRow], problems: Collection[str], out: Path, labeller: Labeller
) -> list[LabelledRow]:
    """Label every row that `out` does not hold yet; returns all labelled rows.

    Raises: DataError for a row whose problem is unknown; what the labeller raises.
    """
    labelled = read_finished(out, LabelledRow)
    done = {row.problem_id for row in labelled}
    missing = [row for row in rows if row.problem_id not in done]
    unknown = [row.problem_id for row in missing if row.problem_id not in problems]
    if unknown:
        raise DataError(f"{len(unknown)} problems of the rollouts are not among the problems, {unknown[0]} first")
    programs = sum(len(row.rollouts) for row in missing)
    batches = [missing[at : at + PROBLEMS_AT_ONCE] for at in range(0, len(missing), PROBLEMS_AT_ONCE)]
    sizes = {row.problem_id: len(row.rollouts) for row in missing}
    with open_lines(out) as file, tqdm(total=programs, desc="judging", unit="program") as progress:
        for row in labeller(batches):
            # A cluster that lost a node may bring a row twice.
            if row.problem_id not in done:
                done.add(row.problem_id)
                file.write(msgspec.json.encode(row) + b"\n")
                file.flush()
                labelled.append(row)
                progress.update(sizes[row.problem_id])
    return labelled


def label_batch(batch: Sequence[RolloutRow], problems: Mapping[str, Problem], pool: Pool) -> Iterator[LabelledRow]:
    """The rows labelled. Equal programs of a problem run once; those of which nothing is known are left out.

    Raises: JudgeError.
    """
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
            if outcome.verdict != "infrastructure error":
                content = msgspec.structs.asdict(rollout)
                found.append(LabelledRollout(**content, passed=outcome.passed, verdict=outcome.verdict))
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
