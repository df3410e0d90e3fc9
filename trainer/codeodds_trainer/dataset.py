"""From labelled problems to packs: tokenization, selection, balance."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from codeodds.bundle.tokenization import CodeTokenizer
from codeodds.types import ScoringUnit
from tqdm import tqdm

from codeodds_trainer.data import LabelledProblem, LabelledProgram
from codeodds_trainer.trie import Pack, Targets, TokenizedProgram, build_packs


@dataclass(frozen=True, slots=True)
class ProblemPacks:
    """One problem, ready for the model."""

    problem: LabelledProblem
    packs: tuple[Pack, ...]


def select_for_training(
    problems: Sequence[LabelledProblem], *, balance: bool, max_programs: int | None, seed: int
) -> tuple[list[LabelledProblem], int]:
    """The problems to train on, and how many were left out because all their programs share one label."""
    chosen = [problem for problem in problems if problem.mixed or not balance]
    if max_programs is not None:
        chosen = [_cap(problem, max_programs, seed) for problem in chosen]
    return chosen, len(problems) - (len(chosen) if balance else len(problems))


def _cap(problem: LabelledProblem, max_programs: int, seed: int) -> LabelledProblem:
    shuffled = list(problem.programs)
    random.Random(f"{seed}/{problem.problem_id}").shuffle(shuffled)
    kept: list[LabelledProgram] = []
    for label in (True, False):
        kept += [program for program in shuffled if program.passed is label][:max_programs]
    return LabelledProblem(problem.problem_id, problem.split, problem.dataset, problem.prompt, tuple(kept))


def pack_problems(
    problems: Iterable[LabelledProblem],
    tokenizer: CodeTokenizer,
    *,
    pack_nodes: int,
    balance: bool,
    targets: Targets,
) -> list[ProblemPacks]:
    """Tokenize every program exactly as the server does, and merge each problem's programs into packs.

    With `balance`, the programs of either label weigh half of their problem's total, which equals oversampling the rarer
    label. Without it each weighs 1. Programs whose solution has no tokens are left out.
    """
    packed = []
    for problem in tqdm(list(problems), desc="tokenizing", unit="problem"):
        share = {label: sum(program.passed is label for program in problem.programs) for label in (True, False)}
        programs = []
        for program in problem.programs:
            encoded = tokenizer.encode(ScoringUnit(problem.prompt, program.completion))
            weight = len(problem.programs) / (2 * share[program.passed]) if balance else 1.0
            programs.append(
                TokenizedProgram(
                    ids=np.asarray(encoded.ids, dtype=np.int64),
                    solution_start=encoded.solution_start,
                    passed=program.passed,
                    weight=weight,
                )
            )
        packed.append(ProblemPacks(problem, tuple(build_packs(programs, pack_nodes, targets))))
    return packed
