"""Samples rollouts for many problems into a JSON-lines file, one row a problem. A killed run goes on after the last."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
from tqdm import tqdm

from codeodds_trainer.data.problems.problem import Problem
from codeodds_trainer.data.rollouts.policy import Policy
from codeodds_trainer.data.rollouts.scheme import Finish, Sampling, choose_forks
from codeodds_trainer.ground.artefact import read_finished
from codeodds_trainer.ground.disk import open_lines
from codeodds_trainer.ground.errors import DataError


class Rollout(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One completion of a prompt."""

    completion: str
    finish: Finish
    fork: str | None = None
    """The completion up to its forking token; null for a main rollout."""
    fork_index: int | None = None
    """Number of the forking token in the main rollout."""
    fork_prob: float | None = None
    """The policy's probability of the token that the main rollout took there."""


class RolloutRow(msgspec.Struct, frozen=True, kw_only=True):
    """All rollouts of one problem."""

    problem_id: str
    split: str
    prompt: str
    policy: str
    settings: str
    """Fingerprint of policy and sampling: rows of one file have the same."""
    rollouts: list[Rollout]


Sampler = Callable[[list[list[Problem]]], Iterator[RolloutRow]]
"""From batches of problems to their rows, in any order."""


def sample_with(policy: Policy, sampling: Sampling) -> Sampler:
    """A sampler in this process."""

    def sample(batches: list[list[Problem]]) -> Iterator[RolloutRow]:
        for batch in batches:
            yield from sample_batch(batch, policy, sampling)

    return sample


def sample_problems(
    problems: Sequence[Problem], sampler: Sampler, settings: str, out: Path, problems_per_batch: int
) -> list[RolloutRow]:
    """Sample every problem that `out` does not hold yet; returns all rows. `settings`: see `fingerprint`.

    Raises: DataError if `out` was made with other settings; what the sampler raises.
    """
    rows = read_finished(out, RolloutRow)
    if any(row.settings != settings for row in rows):
        raise DataError(f"{out} holds rollouts of another policy or with other settings; name another file with --out")
    done = {row.problem_id for row in rows}
    missing = [problem for problem in problems if problem.problem_id not in done]
    batches = [missing[at : at + problems_per_batch] for at in range(0, len(missing), problems_per_batch)]
    with open_lines(out) as file, tqdm(total=len(problems), initial=len(done), desc="rollouts", unit="problem") as bar:
        for row in sampler(batches):
            # A cluster that lost a node may bring a row twice.
            if row.problem_id not in done:
                done.add(row.problem_id)
                file.write(msgspec.json.encode(row) + b"\n")
                file.flush()
                rows.append(row)
                bar.update()
    return rows


def sample_batch(problems: Sequence[Problem], policy: Policy, sampling: Sampling) -> Iterator[RolloutRow]:
    """Rows of some problems, whose main rollouts are sampled together. They depend on nothing but the arguments."""
    settings = fingerprint(policy.name, sampling)
    seed = _seed(sampling.seed, *(problem.problem_id for problem in problems))
    mains = policy.main_rollouts([problem.prompt for problem in problems], sampling, seed)
    for problem, samples in zip(problems, mains, strict=True):
        rollouts = [Rollout(completion=sample.completion, finish=sample.finish) for sample in samples]
        forks = choose_forks(samples[0], sampling.forking_tokens)
        seed = _seed(sampling.seed, "forks", problem.problem_id)
        forked = policy.forked_rollouts(problem.prompt, samples[0], forks, sampling, seed) if forks else []
        for fork, branch in zip(forks, forked, strict=True):
            rollouts += [
                Rollout(
                    completion=sample.completion,
                    finish=sample.finish,
                    fork=fork.prefix,
                    fork_index=fork.index,
                    fork_prob=round(fork.probability, 6),
                )
                for sample in branch
            ]
        yield RolloutRow(
            problem_id=problem.problem_id,
            split=problem.split,
            prompt=problem.prompt,
            policy=policy.name,
            settings=settings,
            rollouts=rollouts,
        )


def fingerprint(policy: str, sampling: Sampling) -> str:
    """Names a policy with its settings."""
    return hashlib.sha256(policy.encode() + msgspec.json.encode(sampling)).hexdigest()[:16]


def summary(rows: Sequence[RolloutRow]) -> str:
    """A table for people."""
    rollouts = [rollout for row in rows for rollout in row.rollouts]
    finishes = Counter(rollout.finish for rollout in rollouts)
    distinct = sum(len({rollout.completion for rollout in row.rollouts}) for row in rows)
    lines = [
        f"{len(rows):>9,}  problems",
        f"{len(rollouts):>9,}  rollouts",
        f"{distinct:>9,}  distinct in their problem",
    ]
    lines += [f"{count:>9,}  ended by: {finish}" for finish, count in finishes.most_common()]
    probabilities = sorted(rollout.fork_prob for rollout in rollouts if rollout.fork_prob is not None)
    if probabilities:
        median = probabilities[len(probabilities) // 2]
        lines.append(f"{median:>9.3f}  median probability of a forking token")
    return "\n".join(lines)


def _seed(*parts: object) -> int:
    return int.from_bytes(hashlib.sha256(repr(parts).encode()).digest()[:4], "big")
