"""From labelled problems to packs: tokenization, selection, balance."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from codeodds.bundle.tokenization import CodeTokenizer
from codeodds.errors import UnitError
from codeodds.types import ScoringUnit
from codeodds_trainer.ground.labelled import LabelledProblem, LabelledProgram
from codeodds_trainer.ground.trie import Pack, Targets, TokenizedProgram, build_packs


@dataclass(frozen=True, slots=True)
class ProblemPacks:
    """One problem, ready for the model."""

    problem: LabelledProblem
    packs: tuple[Pack, ...]


Labels = Mapping[str, tuple[int, int]]
"""Per problem id: how many of its programs pass, how many fail, over all files and prompts."""


def count_labels(problems: Iterable[LabelledProblem]) -> Labels:
    """One problem may stand in several files, under prompts of its own: its labels are counted together."""
    counts: dict[str, tuple[int, int]] = {}
    for problem in problems:
        passed = sum(program.passed for program in problem.programs)
        before = counts.get(problem.problem_id, (0, 0))
        counts[problem.problem_id] = (before[0] + passed, before[1] + len(problem.programs) - passed)
    return counts


def mixed_only(problems: Sequence[LabelledProblem], labels: Labels) -> list[LabelledProblem]:
    """The problems that have programs of both labels.

    One label alone teaches which problem is easy, not which code is right.
    """
    return [problem for problem in problems if min(labels[problem.problem_id]) > 0]


def cap_programs(problems: Sequence[LabelledProblem], max_programs: int | None) -> list[LabelledProblem]:
    """At most `max_programs` per problem and label; the choice depends on the problem alone: caches stay valid."""
    return list(problems) if max_programs is None else [_cap(problem, max_programs) for problem in problems]


def cap_problems(
    problems: Sequence[LabelledProblem], max_problems: int | None, *, mixed_first: bool = True
) -> list[LabelledProblem]:
    """At most `max_problems` by a hash of their ids: a larger file moves few of them.

    `mixed_first`: prefer those with programs of both labels, which alone tell right code from wrong. Without it the
    choice is blind to the labels.
    """
    if max_problems is None:
        return list(problems)
    order = sorted(
        range(len(problems)), key=lambda index: (mixed_first and not problems[index].mixed, _digest(problems[index]))
    )
    return [problems[index] for index in sorted(order[:max_problems])]


def _digest(problem: LabelledProblem) -> bytes:
    return hashlib.sha256(problem.problem_id.encode("utf-8", "surrogatepass")).digest()


def sample_programs(problems: Sequence[LabelledProblem], max_programs: int) -> list[LabelledProblem]:
    """At most `max_programs` per problem, drawn blind to their labels: the mix stays what it is."""
    return [
        LabelledProblem(
            problem.problem_id,
            problem.split,
            problem.dataset,
            problem.prompt,
            tuple(_shuffled(problem)[:max_programs]),
        )
        for problem in problems
    ]


def _cap(problem: LabelledProblem, max_programs: int) -> LabelledProblem:
    shuffled = _shuffled(problem)
    kept: list[LabelledProgram] = []
    for label in (True, False):
        kept += [program for program in shuffled if program.passed is label][:max_programs]
    return LabelledProblem(problem.problem_id, problem.split, problem.dataset, problem.prompt, tuple(kept))


def _shuffled(problem: LabelledProblem) -> list[LabelledProgram]:
    """The order depends on the problem alone."""
    programs = list(problem.programs)
    random.Random(problem.problem_id).shuffle(programs)
    return programs


def pack_problems(
    problems: Sequence[LabelledProblem],
    tokenizer: CodeTokenizer,
    *,
    pack_nodes: int,
    balance: bool,
    targets: Targets,
    position_power: float = 0.0,
) -> list[ProblemPacks]:
    """Tokenize every program exactly as the server does, and merge each problem's programs into packs.

    With `balance`, the programs of either label weigh half of their problem's total, which equals oversampling the
    rarer label. Without it each weighs 1. Programs that the server would refuse (empty, too long) are left out.
    """
    labels = count_labels(problems)
    packed = []
    for problem in tqdm(problems, desc="tokenizing", unit="problem"):
        programs, kept = [], []
        for program in problem.programs:
            try:
                encoded = tokenizer.encode(ScoringUnit(problem.prompt, program.completion))
            except UnitError:
                continue
            passing, failing = labels[problem.problem_id]
            same = passing if program.passed else failing
            kept.append(program)
            programs.append(
                TokenizedProgram(
                    ids=np.asarray(encoded.ids, dtype=np.int64),
                    solution_start=encoded.solution_start,
                    passed=program.passed,
                    weight=(passing + failing) / (2 * same) if balance else 1.0,
                )
            )
        whole = LabelledProblem(problem.problem_id, problem.split, problem.dataset, problem.prompt, tuple(kept))
        packed.append(ProblemPacks(whole, tuple(build_packs(programs, pack_nodes, targets, position_power))))
    return packed
