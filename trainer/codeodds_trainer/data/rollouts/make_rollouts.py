"""`codeodds-train rollouts`: from a file of problems to a file of rollouts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from codeodds_trainer.data.problems.problem import Problem
from codeodds_trainer.data.rollouts.policy import Policy
from codeodds_trainer.data.rollouts.sample import (
    RolloutRow,
    Sampler,
    fingerprint,
    sample_batch,
    sample_problems,
    sample_with,
    summary,
)
from codeodds_trainer.data.rollouts.scheme import Sampling
from codeodds_trainer.ground.artefact import is_sealed, meta_path, read_rows, seal
from codeodds_trainer.ground.errors import DataError

if TYPE_CHECKING:
    from codeodds_trainer.data.ray_runs import Work


class PolicyOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Which policy, and how it computes. Plain data: it travels to the nodes of a cluster."""

    model: str
    """Folder or hub name; the name that a server knows."""
    gguf_file: str | None = None
    server: str | None = None
    """Address of an OpenAI-compatible server."""
    device: str = "cpu"
    batch_size: int = 36
    """Completions at once, of a local model."""
    concurrency: int = 8
    """Requests at once, to a server."""

    @property
    def name(self) -> str:
        """What rows call the policy."""
        return self.model if self.server else Path(self.gguf_file or self.model).name


class ClusterOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Where work is spread to."""

    address: str
    """Of a Ray cluster, or ``auto``."""
    actors: int | None = None
    """Processes; as many as there are cores or GPUs if None."""
    gpus: float = 0.0
    """GPUs of each process."""


def make_rollouts(
    problems_file: Path,
    out: Path,
    policy: PolicyOptions,
    splits: Sequence[str],
    limit: int | None,
    sampling: Sampling,
    cluster: ClusterOptions | None,
) -> str:
    """Sample and write; returns a table.

    Raises: DataError, PolicyError, ClusterError.
    """
    problems = [problem for problem in read_rows(problems_file, Problem) if problem.split in splits][:limit]
    if not problems:
        raise DataError(f"{problems_file} holds no problem of the splits {', '.join(splits)}; see --splits")
    if is_sealed(out):
        # More problems may be asked for now; the finished rows stay.
        meta_path(out).unlink()
    at_once = policy.concurrency if policy.server else policy.batch_size
    per_batch = min(16, max(1, at_once // sampling.main_rollouts))
    if cluster is None:
        sampler = sample_with(open_policy(policy), sampling)
    else:
        sampler = sample_on_ray(policy, sampling, cluster)
    rows = sample_problems(problems, sampler, fingerprint(policy.name, sampling), out, per_batch)
    seal(out, RolloutRow, len(rows), [problems_file])
    return summary(rows)


def open_policy(options: PolicyOptions) -> Policy:
    """Raises: PolicyError."""
    if options.server is not None:
        from codeodds_trainer.data.rollouts.server import ServerPolicy

        return ServerPolicy(options.server, options.name, options.concurrency)
    from codeodds_trainer.data.rollouts.local import LocalPolicy
    from codeodds_trainer.ground.base_model import BaseModelSource

    path = str(Path(options.model).expanduser()) if options.model.startswith("~") else options.model
    return LocalPolicy(BaseModelSource(path, options.gguf_file), options.device, options.batch_size, options.name)


def sample_on_ray(policy: PolicyOptions, sampling: Sampling, cluster: ClusterOptions) -> Sampler:
    """A sampler on a cluster: each process opens the policy once."""
    from codeodds_trainer.data.ray_runs import map_on_ray

    def make() -> Work:
        opened = open_policy(policy)

        def work(item: bytes) -> list[bytes]:
            batch = msgspec.json.decode(item, type=list[Problem])
            return [msgspec.json.encode(row) for row in sample_batch(batch, opened, sampling)]

        return work

    def sample(batches: list[list[Problem]]) -> Iterator[RolloutRow]:
        items = [msgspec.json.encode(batch) for batch in batches]
        for result in map_on_ray(cluster.address, items, make, cluster.actors, cluster.gpus):
            yield msgspec.json.decode(result, type=RolloutRow)

    return sample
