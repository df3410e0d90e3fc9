"""Execution agreement: programs of a problem that return the same for generated inputs, without any test.

The programs are clustered by what they do, as AlphaCode chose its submissions (Li et al., 2022, section 4.6), and a
program scores the share of the problem's programs in its cluster. It needs all programs at once and runs them: an upper
mark to show, not something that an editor can do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from tqdm import tqdm

from codeodds.execution.inputs import make_inputs
from codeodds.execution.pool import Pool
from codeodds.execution.shown import Entry, entry_of
from codeodds.execution.verdict import Job
from codeodds_trainer.evaluation.baselines.store import scored_program
from codeodds_trainer.ground.disk import open_lines, whole_lines
from codeodds_trainer.ground.labelled import LabelledProblem
from codeodds_trainer.ground.scoring import ScoredSet, hash_text, text_key

TIME_LIMIT_S = 1.0
"""CPU seconds of a program for the inputs up to the first that ends it, and for those between two that do."""

MEMORY_LIMIT_MB = 512
PROBLEMS_AT_ONCE = 8
TIE = 1e-3
"""What a tie-break may add to a score: less than any difference between shares of up to 500 programs."""

Marks = list[str]
"""What a program did with each input; see `Outcome.observed`."""


def observe_problems(
    problems: Sequence[LabelledProblem], store: Path, workers: int = 1, name: str = ""
) -> dict[str, Marks]:
    """Run the programs of each problem on its inputs; returns the marks by `text_key`. Resumable.

    A problem whose prompts show no function to call is left out. A program that cannot be called at all has no marks in
    its list. `store`: a JSON-lines file, one line a problem, whose key holds the inputs: other inputs are run anew.

    Raises: JudgeError if programs cannot be run here.
    """
    done = _read(store)
    jobs: dict[str, list[tuple[str, Job]]] = {}
    found: dict[str, Marks] = {}
    for head, of_problem in _jobs(problems):
        key = hash_text("\0".join([head, *(of_problem[0][1].observe or ())]))
        known = done.get(key, {})
        found |= {text: known[text] for text, _ in of_problem if text in known}
        missing = [(text, job) for text, job in of_problem if text not in known]
        if missing:
            jobs[key] = jobs.get(key, []) + missing
    total = sum(map(len, jobs.values()))
    with (
        open_lines(store) as file,
        Pool(workers) as pool,
        tqdm(total=total, desc=f"running {name}", unit="program", disable=not jobs) as progress,
    ):
        for batch in _batches(list(jobs.items())):
            outcomes = pool.judge([job for _, group in batch for _, job in group], lambda _: _update(progress))
            for key, group in batch:
                # Nothing is known of a program that the judge could not run: it is tried again by the next call.
                marks = {
                    text: outcome.observed or []
                    for (text, _), outcome in zip(group, outcomes, strict=False)
                    if outcome.verdict != "infrastructure error"
                }
                file.write(msgspec.json.encode([key, marks]) + b"\n")
                file.flush()
                found |= marks
    return found


def _update(progress: Any) -> None:
    progress.update()


def _batches(items: list[tuple[str, list[tuple[str, Job]]]]) -> Iterator[list[tuple[str, list[tuple[str, Job]]]]]:
    for first in range(0, len(items), PROBLEMS_AT_ONCE):
        yield items[first : first + PROBLEMS_AT_ONCE]


def _by_id(problems: Iterable[LabelledProblem]) -> list[list[LabelledProblem]]:
    """One problem may stand under several prompts: its programs are compared with each other all the same."""
    groups: dict[str, list[LabelledProblem]] = {}
    for problem in problems:
        groups.setdefault(problem.problem_id, []).append(problem)
    return list(groups.values())


def _jobs(problems: Sequence[LabelledProblem]) -> Iterator[tuple[str, list[tuple[str, Job]]]]:
    """What stands before each program of a problem, and one job for each different text. A problem with nothing to call
    is left out.
    """
    for group in _by_id(problems):
        entries = [(problem, entry) for problem in group if (entry := _entry(problem)) is not None]
        shown = [(problem.prompt, entry) for problem, entry in entries]
        inputs = make_inputs(shown, group[0].problem_id) if shown else []
        for problem, entry in entries if inputs else ():
            head = entry.preamble + problem.prompt
            texts = {text_key(problem, program): head + program.completion for program in problem.programs}
            yield head, [(text, _job(entry, program, inputs)) for text, program in texts.items()]


def _entry(problem: LabelledProblem) -> Entry | None:
    return entry_of(problem.prompt, [program.completion for program in problem.programs])


def _job(entry: Entry, program: str, inputs: list[str]) -> Job:
    return Job(
        program=program,
        observe=inputs,
        entry_point=entry.name,
        time_limit_s=TIME_LIMIT_S,
        memory_limit_mb=MEMORY_LIMIT_MB,
    )


def _read(store: Path) -> dict[str, dict[str, Marks]]:
    decoder = msgspec.json.Decoder(tuple[str, dict[str, Marks]])
    done: dict[str, dict[str, Marks]] = {}
    for line in whole_lines(store):
        try:
            key, marks = decoder.decode(line)
        except msgspec.MsgspecError:
            continue
        done.setdefault(key, {}).update(marks)
    return done


def agreement_scores(
    problems: Sequence[LabelledProblem], marks: Mapping[str, Marks], ties: ScoredSet | None = None
) -> ScoredSet:
    """One value a program: the share of its problem's observed programs that do the same; 0 if it only fails.

    `ties`: another score whose mean decides between programs of equal share.
    """
    rows = []
    other = {} if ties is None else {row.text: row.mean for row in ties.rows}
    for group in _by_id(problems):
        programs = [(problem, program, text_key(problem, program)) for problem in group for program in problem.programs]
        observed = {text: tuple(marks[text]) for _, _, text in programs if text in marks}
        sizes = Counter(observed.values())
        order = sorted({other[text] for text in observed if text in other})
        for problem, program, text in programs:
            if text in observed:
                score = 0.0 if fails(observed[text]) else sizes[observed[text]] / len(observed)
                if text in other:
                    score += TIE * (order.index(other[text]) + 1) / (len(order) + 1)
                rows.append(scored_program(problem, program, [score]))
    return ScoredSet(rows)


def fails(marks: Sequence[str]) -> bool:
    """True if no call gave a value."""
    return all(mark.startswith("!") for mark in marks)
