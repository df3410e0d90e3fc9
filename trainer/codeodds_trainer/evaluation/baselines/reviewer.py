"""The reviewer's likelihood: how probable the task is, given the program (Zhang et al., 2022, arXiv 2211.16490).

The coder reads the task and judges the program, which is `language_pass`; the reviewer reads the program and judges the
task. Their product, the sum of both log-probabilities, is the paper's coder-reviewer score; its length-normalised
variant adds the means over the tokens.
"""

from __future__ import annotations

import ast
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from codeodds.bundle.tokenization import CodeTokenizer
from codeodds.errors import UnitError
from codeodds.types import ScoringUnit
from codeodds_trainer.evaluation.baselines.language_pass import PACK_NODES
from codeodds_trainer.evaluation.baselines.store import Values, ValueStore, scored_program, with_programs
from codeodds_trainer.ground.labelled import LabelledProblem
from codeodds_trainer.ground.language_model import LanguageModel, read_pack
from codeodds_trainer.ground.scoring import ScoredSet, text_key
from codeodds_trainer.ground.trie import TokenizedProgram, build_packs

REQUEST = "\n\n# Write a docstring for the code above.\n"


@dataclass(frozen=True, slots=True)
class Task:
    """A prompt, taken apart."""

    before: str
    """The prompt up to its docstring."""
    statement: str
    """The docstring's text, with the indentation of its quotes taken away."""
    after: str
    """What follows the docstring in the prompt."""

    def review(self, completion: str) -> ScoringUnit:
        """The program without its docstring and the request for one (`problem`), then the statement (`solution`)."""
        program = (self.before + self.after.lstrip("\n") + completion).strip("\n")
        return ScoringUnit(program + REQUEST + '"""', self.statement + '"""')


def task_of(prompt: str) -> Task | None:
    """The last docstring of a prompt is its task: a function's, or that of a module without functions.

    None if the prompt has no docstring or does not parse.
    """
    try:
        tree = ast.parse(prompt)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    found = []
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            text = ast.get_docstring(node, clean=True)
            if text:
                found.append((node.body[0], text))
    if not found:
        return None
    node, text = max(found, key=lambda item: item[0].lineno)
    lines = prompt.splitlines(keepends=True)
    return Task("".join(lines[: node.lineno - 1]), text, "".join(lines[node.end_lineno :]))


def cap(
    problems: Sequence[LabelledProblem], max_problems: int | None, max_programs: int | None
) -> list[LabelledProblem]:
    """A random part of the problems, and of each one's programs such a part that both labels stay.

    The choice depends on problem ids alone: a lower cap on problems chooses among those of a higher one.
    """
    ids = sorted({problem.problem_id for problem in problems}, key=lambda name: (random.Random(name).random(), name))
    kept: set[str] = set()
    for name in ids[:max_problems]:
        # One problem may stand under several prompts.
        own = [(problem, program) for problem in problems if problem.problem_id == name for program in problem.programs]
        random.Random(name).shuffle(own)
        chosen = own[:max_programs]
        if len({program.passed for _, program in chosen}) < 2:
            other = next((item for item in own if item[1].passed is not own[0][1].passed), None)
            chosen = chosen if other is None else [*chosen[:-1], other]
        kept |= {f"{name}\0{text_key(problem, program)}" for problem, program in chosen}
    result = [
        with_programs(
            problem,
            [item for item in problem.programs if f"{problem.problem_id}\0{text_key(problem, item)}" in kept],
        )
        for problem in problems
    ]
    return [problem for problem in result if problem.programs]


def run_reviewer(model: LanguageModel, problems: Sequence[LabelledProblem], store: ValueStore, name: str) -> None:
    """The log-probability of every token of the statement given each program, into the store. Resumable.

    A program gets None if the prompt shows no statement, or if it is too long with it. The programs of a problem run
    together: what they share, imports and signature at least, is computed once.

    Raises: ModelError.
    """
    pending = store.pending(problems)
    programs = sum(len(problem.programs) for problem in pending)
    with store, tqdm(total=programs, desc=f"reviewer on {name}", unit="program", disable=not pending) as progress:
        for problem in pending:
            store.add(statement_values(model, problem))
            progress.update(len(problem.programs))


def statement_values(model: LanguageModel, problem: LabelledProblem) -> Values:
    """Log-probabilities of the statement's tokens given each program of a problem, by `text_key`."""
    values: Values = {text_key(problem, program): None for program in problem.programs}
    task = task_of(problem.prompt)
    if task is None:
        return values
    texts, tokenized = [], []
    for program in problem.programs:
        tokens = _tokens(model.tokenizer, task.review(program.completion))
        if tokens is not None:
            texts.append(text_key(problem, program))
            tokenized.append(tokens)
    for pack in build_packs(tokenized, PACK_NODES) if tokenized else ():
        scores = read_pack(model.model, pack).log_probabilities
        assert scores is not None
        for path, index in zip(pack.paths, pack.programs, strict=True):
            values[texts[index]] = scores[path].tolist()
    return values


def _tokens(tokenizer: CodeTokenizer, unit: ScoringUnit) -> TokenizedProgram | None:
    try:
        encoded = tokenizer.encode(unit)
    except UnitError:
        return None
    return TokenizedProgram(np.asarray(encoded.ids, dtype=np.int64), encoded.solution_start, passed=True)


def coder_reviewer(
    problems: Iterable[LabelledProblem], coder: ValueStore, reviewer: ValueStore, *, normalised: bool
) -> ScoredSet:
    """Sum of both log-probabilities, of their means over tokens if `normalised`; one value a program that both know."""
    rows = []
    for problem in problems:
        for program in problem.programs:
            key = text_key(problem, program)
            program_values, statement = coder.values.get(key), reviewer.values.get(key)
            if program_values and statement:
                parts = (program_values, statement)
                score = sum(sum(part) / (len(part) if normalised else 1) for part in parts)
                rows.append(scored_program(problem, program, [score]))
    return ScoredSet(rows)
