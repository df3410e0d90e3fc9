"""`codeodds-train rollouts`: from a file of problems to a file of rollouts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from codeodds_trainer.artefact import is_sealed, meta_path, read_rows, seal
from codeodds_trainer.errors import DataError
from codeodds_trainer.problems.problem import Problem
from codeodds_trainer.rollouts.policy import Policy
from codeodds_trainer.rollouts.sample import RolloutRow, sample_problems, summary
from codeodds_trainer.rollouts.scheme import Sampling


def make_rollouts(
    problems_file: Path,
    out: Path,
    model: tuple[str, str | None, str | None],
    how: tuple[str, int, int],
    splits: Sequence[str],
    limit: int | None,
    sampling: Sampling,
) -> str:
    """Sample and write; returns a table.

    `model`: name or folder, GGUF file, server. `how`: device, batch size, concurrency.

    Raises: DataError, PolicyError.
    """
    problems = [problem for problem in read_rows(problems_file, Problem) if problem.split in splits][:limit]
    if not problems:
        raise DataError(f"{problems_file} holds no problem of the splits {', '.join(splits)}; see --splits")
    if is_sealed(out):
        # More problems may be asked for now; the finished rows stay.
        meta_path(out).unlink()
    _, batch_size, concurrency = how
    per_batch = max(1, (concurrency if model[2] else batch_size) // sampling.main_rollouts)
    rows = sample_problems(problems, open_policy(model, how), sampling, out, min(per_batch, 16))
    seal(out, RolloutRow, len(rows), [problems_file])
    return summary(rows)


def open_policy(model: tuple[str, str | None, str | None], how: tuple[str, int, int]) -> Policy:
    """The policy that the command's options name.

    Raises: PolicyError.
    """
    name, gguf_file, server = model
    device, batch_size, concurrency = how
    if server is not None:
        from codeodds_trainer.rollouts.server import ServerPolicy

        return ServerPolicy(server, name, concurrency)
    from codeodds_trainer.model import BaseModelSource
    from codeodds_trainer.rollouts.local import LocalPolicy

    path = str(Path(name).expanduser()) if name.startswith("~") else name
    return LocalPolicy(BaseModelSource(path, gguf_file), device, batch_size, name=Path(gguf_file or name).name)
