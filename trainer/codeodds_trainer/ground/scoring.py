"""Scores labelled programs with a finished bundle, through the engine that users run. Resumable."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from codeodds.bundle.manifest import Manifest
from codeodds.engine.api import Scorer
from codeodds.errors import UnitError
from codeodds.types import ScoringUnit
from codeodds_trainer.ground.disk import open_lines, whole_lines
from codeodds_trainer.ground.labelled import LabelledProblem, LabelledProgram

DIGITS = 5
"""Decimals of a value in a store of scores."""


class ScoredProgram(msgspec.Struct):
    """What a bundle says of one labelled program."""

    problem_id: str
    dataset: str
    generator: str
    passed: bool
    text: str
    """Hash of prompt and completion: names the program in every store of scores; see `text_key`."""
    values: list[float]
    """What the score says at each solution token: raw logits of a bundle, log-probabilities of a language model."""
    characters: int
    """Length of the completion."""

    @property
    def last(self) -> float:
        """The value at the last solution token."""
        return self.values[-1]

    @property
    def mean(self) -> float:
        """The mean value over the solution."""
        return sum(self.values) / len(self.values)


Reading = Literal["last", "mean", "sum"]
"""How the values at a program's tokens become its one score."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """A score that anyone can have without the value head, for the programs of one data set."""

    scored: ScoredSet
    """It need only cover the problems with both labels: programs of any other are all right or all wrong, however they
    are ranked."""
    reading: Reading
    tokenwise: bool
    """True if `values` has one entry for each solution token, so that a prefix of the program can be scored too. False
    if it has one entry for the whole program."""
    complete: bool = True
    """False if it covers only a part of the problems with both labels, or of their programs, because it is slow or
    knows nothing of the rest. Its figures are then those of the part, and compare with others' on that part alone."""


class ScoredSet:
    """Columns over scored programs."""

    def __init__(self, rows: Sequence[ScoredProgram]) -> None:
        self.rows = list(rows)
        ids = list(dict.fromkeys(row.problem_id for row in rows))
        number = {problem_id: index for index, problem_id in enumerate(ids)}
        self.last: npt.NDArray[np.float64] = np.asarray([row.last for row in rows])
        self.mean: npt.NDArray[np.float64] = np.asarray([row.mean for row in rows])
        self.tokens: npt.NDArray[np.int64] = np.asarray([len(row.values) for row in rows], dtype=np.int64)
        self.labels: npt.NDArray[np.bool_] = np.asarray([row.passed for row in rows], dtype=np.bool_)
        self.groups: npt.NDArray[np.int64] = np.asarray([number[row.problem_id] for row in rows], dtype=np.int64)
        self.characters: npt.NDArray[np.int64] = np.asarray([row.characters for row in rows], dtype=np.int64)


def score_problems(scorer: Scorer, problems: Sequence[LabelledProblem], store: Path) -> ScoredSet:
    """Score every program of the problems; programs that the engine refuses (empty, too long) are left out.

    `store`: a JSON-lines file with one line per finished problem. Problems found in it are not scored again, so a
    killed run goes on where it stopped. Its name should say which bundle made it.
    """
    done = read_scores(store)
    rows: list[ScoredProgram] = []
    with open_lines(store) as file:
        for problem in tqdm(problems, desc=f"scoring {store.stem}", unit="problem"):
            key = f"{problem.dataset}/{problem.problem_id}/{hash_text(problem.prompt)}"
            if key not in done:
                done[key] = [_score(scorer, problem, index) for index in _by_text(problem)]
                file.write(msgspec.json.encode([key, done[key]]) + b"\n")
                file.flush()
            rows += [row for row in done[key] if row is not None]
    return ScoredSet(rows)


def _by_text(problem: LabelledProblem) -> list[int]:
    """Programs in order of their text: neighbours share the longest prefixes, which the engine caches."""
    return sorted(range(len(problem.programs)), key=lambda index: problem.programs[index].completion)


def _score(scorer: Scorer, problem: LabelledProblem, index: int) -> ScoredProgram | None:
    program = problem.programs[index]
    try:
        score = scorer.score(ScoringUnit(problem.prompt, program.completion))
    except UnitError:
        return None
    return ScoredProgram(
        problem_id=problem.problem_id,
        dataset=problem.dataset,
        generator=program.generator,
        passed=program.passed,
        text=text_key(problem, program),
        values=[round(value, DIGITS) for value in score.raw.tolist()],
        characters=len(program.completion),
    )


def read_scores(store: Path) -> dict[str, list[ScoredProgram | None]]:
    """The finished problems of a store, each with its programs; None stands for one that cannot be scored."""
    decoder = msgspec.json.Decoder(tuple[str, list[ScoredProgram | None]])
    done: dict[str, list[ScoredProgram | None]] = {}
    for line in whole_lines(store):
        try:
            key, rows = decoder.decode(line)
        except msgspec.MsgspecError:
            continue
        done[key] = rows
    return done


def text_key(problem: LabelledProblem, program: LabelledProgram) -> str:
    """What `ScoredProgram.text` holds for this program."""
    return program_key(problem.prompt, program.completion)


def program_key(prompt: str, completion: str) -> str:
    """The same from the texts themselves."""
    return hash_text(prompt + "\0" + completion)


def hash_text(text: str) -> str:
    """A short name for a text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def hash_of_weights(manifest: Manifest) -> str:
    """Names what the raw scores depend on: graph, weights and tokenizer."""
    digest = hashlib.sha256()
    for file in manifest.files:
        if file.path.endswith((".onnx", ".bin")) or file.path == manifest.tokenizer:
            digest.update(bytes.fromhex(file.sha256))
    return digest.hexdigest()[:12]


def validation_store(scores: Path, manifest: Manifest) -> Path:
    """Where a bundle's scores of validation programs are kept: calibration makes them, thresholds need them again."""
    return scores / f"validation-{hash_of_weights(manifest)}.jsonl"
