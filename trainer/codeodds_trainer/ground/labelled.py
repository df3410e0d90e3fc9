"""Labelled programs: what the trainer learns from.

Two JSON-lines layouts are read, plain or gzipped. One row per problem: ``{"problem_id", "split", "prompt", "rollouts":
[{"completion", "passed"}, ..]}``. One row per program: ``{"problem_id", "split", "prompt", "completion", "passed",
"generator"?}``. Other keys are allowed and ignored.
"""

from __future__ import annotations

import gzip
import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

import msgspec

from codeodds_trainer.ground.errors import DataError


@dataclass(frozen=True, slots=True)
class LabelledProgram:
    """One program and whether it passed all tests of its problem."""

    completion: str
    passed: bool
    generator: str


@dataclass(frozen=True, slots=True)
class LabelledProblem:
    """One problem with all labelled programs for it. Programs of equal text are kept once per label."""

    problem_id: str
    split: str
    dataset: str
    """Stem of the file that it came from; a problem met in two files is two problems of one id."""
    prompt: str
    programs: tuple[LabelledProgram, ...]

    @property
    def mixed(self) -> bool:
        """True if both labels occur: only such a problem tells right code from wrong."""
        return len({program.passed for program in self.programs}) == 2


class _Rollout(msgspec.Struct):
    completion: str
    passed: bool


class _Row(msgspec.Struct):
    problem_id: str
    split: str
    prompt: str
    rollouts: list[_Rollout] | None = None
    completion: str | None = None
    passed: bool | None = None
    generator: str = "policy"


def read_problems(path: Path, splits: Iterable[str] | None = None) -> list[LabelledProblem]:
    """All problems of a file, in order of first appearance, of the named splits only if given.

    Raises: DataError for a missing file, a row of another layout (with its line number), or a problem in two splits.
    """
    dataset = path.name.split(".")[0]
    return [_problem(dataset, group) for group in _read(path, splits).values()]


def count_programs(path: Path, splits: Iterable[str] | None = None) -> Counter[tuple[str, str, LabelledProgram]]:
    """How often each program stands in the file, by problem id, prompt and program; `read_problems` keeps it once.

    Raises: DataError as `read_problems` does.
    """
    counts: Counter[tuple[str, str, LabelledProgram]] = Counter()
    for (problem_id, prompt), rows in _read(path, splits).items():
        counts.update((problem_id, prompt, program) for row in rows for program in _programs(row))
    return counts


def _read(path: Path, splits: Iterable[str] | None) -> dict[tuple[str, str], list[_Row]]:
    """The rows of each problem id and prompt."""
    wanted = None if splits is None else set(splits)
    rows: dict[tuple[str, str], list[_Row]] = defaultdict(list)
    split_of: dict[str, str] = {}
    decoder = msgspec.json.Decoder(_Row)
    try:
        with open_rows(path) as lines:
            for number, line in enumerate(lines, 1):
                if not line.strip():
                    continue
                row = decoder.decode(line)
                if row.rollouts is None and (row.completion is None or row.passed is None):
                    raise DataError(f"{path}:{number}: a row needs either `rollouts` or `completion` and `passed`")
                if split_of.setdefault(row.problem_id, row.split) != row.split:
                    raise DataError(f"{path}:{number}: problem {row.problem_id} is in two splits; that leaks labels")
                if wanted is None or row.split in wanted:
                    rows[row.problem_id, row.prompt].append(row)
    except msgspec.MsgspecError as error:
        raise DataError(f"{path}:{number}: {error}") from error
    except (OSError, EOFError) as error:
        raise DataError(f"{path}: cannot be read ({error}); give a .jsonl or .jsonl.gz file") from error
    return rows


def _problem(dataset: str, rows: list[_Row]) -> LabelledProblem:
    programs = dict.fromkeys(program for row in rows for program in _programs(row))
    first = rows[0]
    return LabelledProblem(first.problem_id, first.split, dataset, first.prompt, tuple(programs))


def _programs(row: _Row) -> list[LabelledProgram]:
    if row.rollouts is None:
        return [LabelledProgram(cast(str, row.completion), cast(bool, row.passed), row.generator)]
    return [LabelledProgram(rollout.completion, rollout.passed, row.generator) for rollout in row.rollouts]


def open_rows(path: Path) -> IO[bytes]:
    """Open a file of lines, plain or gzipped (``.gz``).

    Raises: OSError.
    """
    return cast(IO[bytes], gzip.open(path, "rb")) if path.suffix == ".gz" else path.open("rb")


def sha256(path: Path) -> str:
    """Hex SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
