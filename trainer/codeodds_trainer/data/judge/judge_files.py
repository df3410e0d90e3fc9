"""`codeodds-train judge`: rows of programs and tests in, verdicts out.

In:  {"id": "a", "program": "def f(x): ..", "tests": ["assert f(1) == 2"]}
  or {"id": "b", "program": "print(input())", "inputs": ["1\\n"], "outputs": ["1\\n"]}
     with optional "time_limit_s" and "memory_limit_mb"
Out: {"id": "a", "verdict": "pass", "passed": true, "seconds": 0.01, "detail": "", "network": "namespace"}
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import msgspec
from tqdm import tqdm

from codeodds.execution.pool import Pool
from codeodds.execution.verdict import Job, Outcome
from codeodds_trainer.data.judge.label import LabelledRow, Labeller, label_batch, label_rollouts, label_with, summary
from codeodds_trainer.data.problems.problem import Problem
from codeodds_trainer.data.rollouts.sample import RolloutRow
from codeodds_trainer.ground.artefact import is_sealed, meta_path, read_rows, seal
from codeodds_trainer.ground.errors import DataError

if TYPE_CHECKING:
    from codeodds_trainer.data.ray_runs import Work

MAX_LINE_BYTES = 64 * 2**20


class Row(msgspec.Struct):
    """One line of the input."""

    id: str | int | float
    program: str
    tests: list[str] | None = None
    inputs: list[str] | None = None
    outputs: list[str] | None = None
    time_limit_s: float | None = None
    memory_limit_mb: int | None = None


def judge_files(rows: Path, out: Path, workers: int, time_limit_s: float, memory_limit_mb: int) -> Counter[str]:
    """Judge the rows of a file into another; ``-`` means stdin and stdout.

    Returns: how often each verdict was given.

    Raises: DataError for a file that cannot be read; JudgeError if programs cannot be run here.
    """
    with ExitStack() as stack:
        source, sink = sys.stdin.buffer, sys.stdout.buffer
        if str(rows) != "-":
            try:
                source = stack.enter_context(rows.open("rb"))
            except OSError as error:
                raise DataError(
                    f"--jsonl {rows} cannot be read ({error.strerror}); name a file of rows, or -"
                ) from None
        if str(out) != "-":
            sink = stack.enter_context(out.open("wb"))
        return judge_rows(source, sink, workers, time_limit_s, memory_limit_mb)


def label_files(problems: Path, rollouts: Path, out: Path, workers: int, ray: str | None) -> str:
    """Label a file of rollouts by a file of problems; returns a table. `ray`: address of a cluster that judges.

    Raises: DataError, JudgeError, ClusterError.
    """
    known = {problem.problem_id: problem for problem in read_rows(problems, Problem)}
    if is_sealed(out):
        meta_path(out).unlink()
    rows = read_rows(rollouts, RolloutRow)
    if ray is not None:
        labelled = label_rollouts(rows, known, out, label_on_ray(known, ray))
    else:
        with Pool(workers) as pool:
            labelled = label_rollouts(rows, known, out, label_with(pool, known))
    seal(out, LabelledRow, len(labelled), [problems, rollouts])
    return summary(labelled)


def label_on_ray(problems: Mapping[str, Problem], address: str) -> Labeller:
    """A labeller on a cluster: each process has one judging worker. Rows travel with their problems."""
    from codeodds_trainer.data.ray_runs import map_on_ray

    def make() -> Work:
        pool = Pool(1)

        def work(item: bytes) -> list[bytes]:
            rows, needed = msgspec.json.decode(item, type=tuple[list[RolloutRow], list[Problem]])
            known = {problem.problem_id: problem for problem in needed}
            return [msgspec.json.encode(row) for row in label_batch(rows, known, pool)]

        return work

    def label(batches: list[list[RolloutRow]]) -> Iterator[LabelledRow]:
        items = [msgspec.json.encode((batch, [problems[row.problem_id] for row in batch])) for batch in batches]
        for result in map_on_ray(address, items, make, None, 0.0):
            yield msgspec.json.decode(result, type=LabelledRow)

    return label


def judge_rows(
    source: IO[bytes], sink: IO[bytes], workers: int, time_limit_s: float, memory_limit_mb: int
) -> Counter[str]:
    """Judge every row of `source` into `sink`, in order. A row that is no job is an infrastructure error.

    Returns: how often each verdict was given.
    """
    verdicts: Counter[str] = Counter()
    with Pool(workers) as pool, tqdm(desc="judging", unit="program") as progress:

        def done(outcome: Outcome) -> None:
            progress.update()

        rows = _Rows(source, time_limit_s, memory_limit_mb)
        for outcome in pool.judge(rows.jobs(), done):
            identity, problem = rows.taken.pop(0)
            verdict = "infrastructure error" if problem else outcome.verdict
            verdicts[verdict] += 1
            result = {
                "id": identity,
                "verdict": verdict,
                "passed": verdict == "pass",
                "seconds": outcome.seconds,
                "detail": problem or outcome.detail,
                "network": outcome.network,
            }
            sink.write(json.dumps(result).encode("ascii") + b"\n")
            sink.flush()
    return verdicts


class _Rows:
    """Reads rows; remembers the id of each that was given out as a job, and what is wrong with it."""

    def __init__(self, source: IO[bytes], time_limit_s: float, memory_limit_mb: int) -> None:
        self._source = source
        self._defaults = {"time_limit_s": time_limit_s, "memory_limit_mb": memory_limit_mb}
        self._decoder = msgspec.json.Decoder(Row)
        self.taken: list[tuple[Any, str]] = []

    def jobs(self) -> Iterator[Job]:
        """One job a row; an empty one for a row that is none."""
        while line := self._source.readline(MAX_LINE_BYTES + 1):
            if not line.strip():
                continue
            identity, job, problem = self._read(line)
            self.taken.append((identity, problem))
            yield job

    def _read(self, line: bytes) -> tuple[Any, Job, str]:
        nothing = Job(program="", tests=[])
        if len(line) > MAX_LINE_BYTES and not line.endswith(b"\n"):
            while (rest := self._source.readline(MAX_LINE_BYTES)) and not rest.endswith(b"\n"):
                pass
            return None, nothing, f"the row is longer than {MAX_LINE_BYTES // 2**20} MiB; leave it out"
        try:
            row = self._decoder.decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            return _identity(line), nothing, f"the row cannot be read ({error}); see codeodds-train judge --help"
        given = {name: value for name in self._defaults if (value := getattr(row, name)) is not None}
        content = {"program": row.program, "tests": row.tests, "inputs": row.inputs, "outputs": row.outputs}
        try:
            job = msgspec.convert({**content, **self._defaults, **given}, Job)
        except msgspec.ValidationError as error:
            return row.id, nothing, f"the row cannot be judged ({error})"
        by_output = row.inputs is not None or row.outputs is not None
        if (row.tests is not None) == by_output or len(row.inputs or ()) != len(row.outputs or ()):
            return row.id, nothing, "a row needs either `tests`, or as many `inputs` as `outputs`"
        if not row.tests and not row.inputs:
            return row.id, nothing, "the row has no tests; any program would pass"
        return row.id, job, ""


def _identity(line: bytes) -> Any:
    try:
        value = json.loads(line)["id"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    return value if isinstance(value, (str, int, float)) else None
