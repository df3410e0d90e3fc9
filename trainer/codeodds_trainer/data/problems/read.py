"""Reads a benchmark, whatever its layout, and says which of its problems cannot be used."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec

from codeodds_trainer.data.problems import apps, humaneval, livecodebench, mbpp
from codeodds_trainer.data.problems.problem import MalformedProblem, Problem, has_tests
from codeodds_trainer.ground.errors import DataError
from codeodds_trainer.ground.labelled import open_rows

Layout = Literal["apps", "mbpp", "humaneval", "livecodebench", "own"]


class Skipped(NamedTuple):
    """A problem that cannot be used."""

    place: str
    """Line number or folder."""
    reason: str


def read_benchmark(
    path: Path, layout: Layout, split: str = "train", examples: int = 1, licence: str = ""
) -> tuple[list[Problem], list[Skipped]]:
    """All problems of a file or folder, and those that are malformed.

    `split`: of APPS problems, whose folder or file is one split. `examples`: tests shown in an MBPP docstring.

    Raises: DataError if the file or folder cannot be read at all.
    """
    problems: list[Problem] = []
    skipped: list[Skipped] = []
    seen: set[str] = set()
    for place, make in _sources(path, layout, split, examples, licence):
        try:
            problem = make()
            if not has_tests(problem):
                raise MalformedProblem("it has no tests; any program would pass")
            if problem.problem_id in seen:
                raise MalformedProblem(f"its id {problem.problem_id} was there before")
        except MalformedProblem as error:
            skipped.append(Skipped(place, str(error)))
        except RecursionError:
            skipped.append(Skipped(place, "it is nested too deeply"))
        else:
            seen.add(problem.problem_id)
            problems.append(problem)
    return problems, skipped


def _sources(
    path: Path, layout: Layout, split: str, examples: int, licence: str
) -> Iterator[tuple[str, Callable[[], Problem]]]:
    if layout == "apps" and path.is_dir():
        folders = sorted(folder for folder in path.iterdir() if folder.is_dir())
        if not folders:
            raise DataError(f"{path} holds no problem folders; give the folder whose folders are named 0000, 0001, ...")
        for folder in folders:
            yield folder.name, lambda folder=folder: apps.read_folder(folder, split)  # type: ignore[misc]
        return
    readers: dict[Layout, Callable[[Any], Problem]] = {
        "apps": lambda row: apps.read_row(row, split),
        "mbpp": lambda row: mbpp.read_row(row, examples),
        "humaneval": lambda row: humaneval.read_row(row, licence),
        "livecodebench": livecodebench.read_row,
        "own": _own,
    }
    reader = readers[layout]
    for place, text in _texts(path):
        yield place, lambda text=text: reader(_row(text))  # type: ignore[misc]


def _texts(path: Path) -> Iterator[tuple[str, bytes]]:
    """Lines of a JSON-lines file, or the members of a JSON array."""
    try:
        with open_rows(path) as file:
            if path.name.removesuffix(".gz").endswith(".json"):
                rows = json.loads(file.read())
                if not isinstance(rows, list):
                    raise DataError(f"{path} holds no array of problems; give a .jsonl file, or a .json file with one")
                for number, row in enumerate(rows, 1):
                    yield f"entry {number}", json.dumps(row).encode()
                return
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield f"line {number}", line
    except (OSError, EOFError, ValueError) as error:
        raise DataError(f"{path} cannot be read ({error}); give a .jsonl, .jsonl.gz or .json file") from error


def _row(text: bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise MalformedProblem("it is not valid JSON") from None


def _own(row: Any) -> Problem:
    if isinstance(row, dict) and isinstance(row.get("reference"), str):
        row = {**row, "references": [row["reference"]]}
    try:
        return msgspec.convert(row, Problem)
    except msgspec.ValidationError as error:
        raise MalformedProblem(str(error)) from None
