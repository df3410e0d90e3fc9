"""`codeodds-train dataset`: from labelled rollouts to files that `fit` reads."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from codeodds.execution.pool import Pool
from codeodds_trainer.data.curation.balance import copies
from codeodds_trainer.data.curation.datasheet import Datasheet, count, render, to_json
from codeodds_trainer.data.curation.duplicates import near_duplicates
from codeodds_trainer.data.curation.splits import deal_out, leaks
from codeodds_trainer.data.injection.mutants import MUTANT, mutate
from codeodds_trainer.data.judge.label import LabelledRollout, LabelledRow, label_rollouts, label_with
from codeodds_trainer.data.problems.problem import Problem
from codeodds_trainer.data.rollouts.sample import Rollout, RolloutRow
from codeodds_trainer.ground.artefact import read_rows, seal
from codeodds_trainer.ground.disk import write_whole
from codeodds_trainer.ground.errors import DataError

MUTANTS_FILE = "mutants-{seed}-{most}.jsonl"
"""Labelled mutants; a file of its own for each seed and number, so that a repeated command finds what it made."""

SOURCES = 3
"""Correct programs of a problem that mutants are made from."""


def make_dataset(
    labelled: Sequence[Path],
    problem_files: Sequence[Path],
    out: Path,
    *,
    decontaminate: Sequence[Path],
    similarity: float,
    split_ratios: Sequence[float] | None,
    mutants: int,
    balance: bool,
    seed: int,
    workers: int,
    say: Callable[[str], None],
) -> str:
    """Write train.jsonl, valid.jsonl and test.jsonl with a datasheet; returns a table.

    Raises: DataError, JudgeError.
    """
    out.mkdir(parents=True, exist_ok=True)
    problems = {problem.problem_id: problem for file in problem_files for problem in read_rows(file, Problem)}
    guarded = {problem.problem_id: problem for file in decontaminate for problem in read_rows(file, Problem)}
    rows = [row for file in labelled for row in read_rows(file, LabelledRow)]
    unknown = next((row.problem_id for row in rows if row.problem_id not in problems), None)
    if unknown is not None:
        raise DataError(f"problem {unknown} of the labelled programs is in none of the files of --problems")

    say("looking for near-duplicates")
    used = {row.problem_id: problems[row.problem_id] for row in rows}
    pairs = near_duplicates([*used.values(), *(guarded[name] for name in guarded if name not in used)], similarity)
    splits = {name: problem.split for name, problem in used.items()}
    if split_ratios is not None:
        splits = deal_out(used, pairs, split_ratios, seed)
    leaving = dict.fromkeys(leaks(splits, pairs), "near-duplicate in another split")
    for pair in pairs:
        for name, other in ((pair.one, pair.other), (pair.other, pair.one)):
            if other in guarded and name in used:
                leaving[name] = "decontaminated: near-duplicate of a problem named by --decontaminate"
    leaving |= {name: "decontaminated: named by --decontaminate" for name in used if name in guarded}

    kept = [msgspec.structs.replace(row, split=splits[row.problem_id]) for row in rows if row.problem_id not in leaving]
    if mutants:
        kept += _mutants(kept, problems, out / MUTANTS_FILE.format(seed=seed, most=mutants), mutants, seed, workers)
    by_split = {name: [row for row in kept if row.split == name] for name in sorted({row.split for row in kept})}
    left_out = Counter(leaving.values())
    for name, part in by_split.items():
        written, one_label = _balanced(part, seed) if balance and name == "train" else (part, 0)
        if one_label:
            left_out["one label only (training split)"] = one_label
        path = out / f"{name}.jsonl"
        write_whole(path, b"".join(msgspec.json.encode(row) + b"\n" for row in written))
        seal(path, LabelledRow, len(written), [*labelled, *problem_files])
    sheet = Datasheet(
        command=" ".join(["codeodds-train", *sys.argv[1:]]),
        sources=dict(Counter(problem.source for problem in used.values())),
        licences=dict(Counter(problem.licence for problem in used.values())),
        splits={name: count(part) for name, part in by_split.items()},
        left_out=dict(left_out),
        near_duplicates=len(pairs),
        mutant_kinds=dict(
            Counter(row.generator.removeprefix(MUTANT) for row in kept if row.generator.startswith(MUTANT))
        ),
    )
    write_whole(out / "datasheet.json", to_json(sheet))
    write_whole(out / "datasheet.html", render(sheet, kept).encode())
    return summary(sheet)


def _balanced(rows: Sequence[LabelledRow], seed: int) -> tuple[list[LabelledRow], int]:
    """The rows with the rarer label oversampled per problem, and how many problems had one label only."""
    together: dict[str, list[tuple[int, LabelledRollout]]] = {}
    for number, row in enumerate(rows):
        together.setdefault(row.problem_id, []).extend((number, rollout) for rollout in row.rollouts)
    chosen: list[list[LabelledRollout]] = [[] for _ in rows]
    one_label = 0
    for problem_id, items in together.items():
        counts = copies([rollout for _, rollout in items], f"{seed}/{problem_id}")
        one_label += not any(counts)
        for (number, rollout), times in zip(items, counts, strict=True):
            chosen[number] += [rollout] * times
    balanced = [
        msgspec.structs.replace(row, rollouts=rollouts) for row, rollouts in zip(rows, chosen, strict=True) if rollouts
    ]
    return balanced, one_label


def _mutants(
    rows: Sequence[LabelledRow], problems: dict[str, Problem], store: Path, most: int, seed: int, workers: int
) -> list[LabelledRow]:
    """Mutants of correct programs, executed: one row for each problem and kind."""
    made: dict[tuple[str, str], list[Rollout]] = {}
    splits = {row.problem_id: row.split for row in rows}
    for row in rows:
        right = [rollout.completion for rollout in row.rollouts if rollout.passed]
        known = {rollout.completion for rollout in row.rollouts}
        for completion in list(dict.fromkeys(right))[:SOURCES]:
            for mutant in mutate(row.prompt, completion, most, f"{seed}/{row.problem_id}"):
                if mutant.completion not in known and len(known) < len(row.rollouts) + most:
                    known.add(mutant.completion)
                    made.setdefault((row.problem_id, mutant.kind), []).append(
                        Rollout(completion=mutant.completion, finish="end of function")
                    )
    # `label_rollouts` goes on by problem, so that a row's id here names problem and kind.
    pending = [
        RolloutRow(
            problem_id=f"{problem_id} {MUTANT}{kind}",
            split=splits[problem_id],
            prompt=problems[problem_id].prompt,
            policy=MUTANT + kind,
            settings=str(seed),
            rollouts=rollouts,
        )
        for (problem_id, kind), rollouts in made.items()
    ]
    known_problems = {
        f"{problem_id} {MUTANT}{kind}": msgspec.structs.replace(problems[problem_id], problem_id=problem_id)
        for problem_id, kind in made
    }
    with Pool(workers) as pool:
        found = label_rollouts(pending, known_problems, store, label_with(pool, known_problems))
    wanted = {row.problem_id for row in pending}
    return [
        msgspec.structs.replace(row, problem_id=row.problem_id.split(f" {MUTANT}")[0])
        for row in found
        if row.problem_id in wanted and row.rollouts
    ]


def summary(sheet: Datasheet) -> str:
    """A table for people."""
    lines = []
    for name, counts in sheet.splits.items():
        share = counts.passed / counts.programs if counts.programs else 0.0
        lines.append(
            f"{name:>7}: {counts.problems:,} problems ({counts.mixed_problems:,} with both labels), "
            f"{counts.programs:,} programs, {share:.1%} pass"
        )
    lines += [f"left out: {number:,} problems: {reason}" for reason, number in sheet.left_out.items()]
    lines.append(f"near-duplicates: {sheet.near_duplicates:,} pairs")
    if sheet.mutant_kinds:
        lines.append("mutants of " + ", ".join(f"{kind} {number:,}" for kind, number in sheet.mutant_kinds.items()))
    return "\n".join(lines)
