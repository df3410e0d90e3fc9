"""``codeodds-train packages`` and ``codeodds-train mutants``: files of right programs beside others with an error."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import BinaryIO

import msgspec
from tqdm import tqdm

from codeodds.bundle.tokenization import CodeTokenizer
from codeodds.execution.pool import Pool
from codeodds.types import ScoringUnit
from codeodds_trainer.data.injection.collect import Limits, PackagedFunction, collect_functions
from codeodds_trainer.data.injection.mutants import Mutant
from codeodds_trainer.data.injection.package_list import read_package_list
from codeodds_trainer.data.injection.packages import read_package
from codeodds_trainer.data.injection.pairs import (
    ORIGINAL,
    Alternatives,
    InjectedRow,
    equal_length_errors,
    generator_of,
    shuffled_rows,
)
from codeodds_trainer.data.injection.solved import Solved, completion_of_reference, mutants_that_fail
from codeodds_trainer.data.problems.problem import Problem
from codeodds_trainer.ground.artefact import read_finished, read_rows, seal
from codeodds_trainer.ground.disk import open_lines
from codeodds_trainer.ground.labelled import read_problems

MAX_TOKENS = 4096


def make_pairs(
    listed: Path,
    tokenizer: Path,
    out: Path,
    cache: Path,
    *,
    most: int,
    seed: int,
    alternatives: Alternatives | None,
    alternatives_fraction: float,
    say: Callable[[str], None],
) -> str:
    """Write functions of packages beside versions with an error; returns a table. Goes on where it was killed.

    Raises: DataError for a list that cannot be read or a package that cannot be had; ModelError.
    """
    packages = read_package_list(listed)
    codes = CodeTokenizer.from_file(tokenizer, MAX_TOKENS)
    functions: list[PackagedFunction] = []
    for package in packages:
        found = collect_functions(package, read_package(package, cache), codes, Limits())
        say(f"{package.name} {package.version}: {len(found)} functions ({package.split})")
        functions += found
    done = {row.problem_id for row in read_finished(out, InjectedRow)}
    # A function none of whose errors fit leaves no row, and is looked at again: cheap beside a language model.
    with open_lines(out) as file:
        for function in tqdm(functions, desc="injecting errors", unit="function"):
            if function.problem_id in done:
                continue
            asked = alternatives is not None and _place(function.problem_id) < alternatives_fraction
            others = alternatives(function.unit) if alternatives is not None and asked else ()
            errors = equal_length_errors(function.unit, codes, most, f"{seed}/{function.problem_id}", others)
            if errors:
                rows = [_packaged(function, error) for error in (None, *errors)]
                _write(file, shuffled_rows(rows, function.problem_id))
    rows = read_finished(out, InjectedRow)
    seal(out, InjectedRow, len(rows), [listed])
    return summary(rows)


def make_mutants(
    problem_file: Path, program_files: Sequence[Path], out: Path, *, most: int, programs: int, seed: int, workers: int
) -> str:
    """Write right programs beside mutants of theirs that fail; returns a table. Goes on where it was killed.

    Right programs are the problems' references, and up to `programs` passing ones a problem of each file.

    Raises: DataError, JudgeError.
    """
    problems = {problem.problem_id: problem for problem in read_rows(problem_file, Problem)}
    solved = [
        Solved(problem, completion, "reference")
        for problem in problems.values()
        if (completion := completion_of_reference(problem)) is not None
    ]
    for file in program_files:
        for found in read_problems(file):
            if found.problem_id in problems:
                right = [program for program in found.programs if program.passed][:programs]
                # The prompt is the file's: it is the text that the program was written behind.
                problem = msgspec.structs.replace(problems[found.problem_id], prompt=found.prompt, split=found.split)
                solved += [
                    Solved(problem, one.completion, f"{one.generator}-{number}") for number, one in enumerate(right)
                ]
    done = {row.problem_id for row in read_finished(out, InjectedRow)}
    pending = [item for item in solved if item.problem_id not in done]
    with Pool(workers) as pool, open_lines(out) as sink, tqdm(total=len(pending), unit="program") as progress:
        for rows in mutants_that_fail(pending, most, seed, pool):
            _write(sink, rows)
            progress.update()
    rows = read_finished(out, InjectedRow)
    seal(out, InjectedRow, len(rows), [problem_file, *program_files])
    return summary(rows)


def model_alternatives(path: str, gguf_file: str | None, device: str) -> Alternatives:
    """What a language model would have written instead; it is loaded at the first function."""
    from codeodds_trainer.data.injection.alternatives import likely_alternatives
    from codeodds_trainer.ground.base_model import BaseModelSource
    from codeodds_trainer.ground.language_model import LanguageModel

    model = LanguageModel(BaseModelSource(str(Path(path).expanduser()), gguf_file), MAX_TOKENS, device)

    def found(unit: ScoringUnit) -> Sequence[str]:
        return likely_alternatives(model, unit)

    return found


def summary(rows: Iterable[InjectedRow]) -> str:
    """A table for people: problems and programs by split, errors by kind."""
    splits: dict[str, set[str]] = {}
    kinds: dict[str, int] = {}
    for row in rows:
        splits.setdefault(row.split, set()).add(row.problem_id)
        if row.generator != ORIGINAL:
            kinds[row.generator] = kinds.get(row.generator, 0) + 1
    lines = [f"{split:>7}: {len(names):,} right programs" for split, names in sorted(splits.items())]
    lines += [f"{count:>7,} {kind}" for kind, count in sorted(kinds.items(), key=lambda item: -item[1])]
    return "\n".join(lines) or "nothing was found"


def _packaged(function: PackagedFunction, error: Mutant | None) -> InjectedRow:
    package = function.package
    return InjectedRow(
        problem_id=function.problem_id,
        split=package.split,
        prompt=function.unit.problem,
        completion=function.unit.solution if error is None else error.completion,
        passed=error is None,
        generator=ORIGINAL if error is None else generator_of(error),
        source=f"{package.name} {package.version}".strip(),
        licence=package.licence,
    )


def _write(file: BinaryIO, rows: Sequence[InjectedRow]) -> None:
    file.write(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))
    file.flush()


def _place(name: str) -> float:
    """A number in [0, 1) that depends on the name alone. `collect` chooses by a hash of the bare name: not by this."""
    digest = hashlib.sha256(b"alternatives/" + name.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:4], "big") / 2**32
