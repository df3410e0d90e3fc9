"""Is the same code judged alike in other styles? ``python bench/styles.py FILE.. --store FOLDER [--limit N]``.

The programs of problems with both labels are scored as they are and rewritten in each style that the trainer knows
(`codeodds_trainer.styles`): without docstring examples, type hints or comments, with other names, as a method, and in
all of these together. The rewriting keeps what a program computes, so every difference is one of taste: how far
probabilities move, and how well right programs still stand above wrong ones. Problems that a style leaves as they are
do not count for it.

Rankings are kept in the store's folder, and a run that was killed goes on from there. Prints a table, and as its last
line JSON with the machine, the versions, the command and the figures.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from best_of_n import rank_problems
from codeodds.bundle.loader import default_bundle_path, load_bundle
from codeodds.errors import CodeoddsError
from codeodds_trainer.evaluation.baselines.store import ValueStore
from codeodds_trainer.evaluation.evaluate import choose_problems
from codeodds_trainer.ground.errors import TrainerError
from codeodds_trainer.ground.labelled import LabelledProblem, LabelledProgram, read_problems
from codeodds_trainer.ground.metrics import auroc, mean_with_interval
from codeodds_trainer.ground.recipe import STYLE_NAMES, StyleName
from codeodds_trainer.ground.scoring import hash_of_weights, text_key
from codeodds_trainer.styles.rewrite import restyle_problem
from codeodds_trainer.training.dataset import count_labels, mixed_only
from run import machine, versions

ALL = "all of these"
VARIANTS: dict[str, list[StyleName]] = {name: [name] for name in STYLE_NAMES} | {ALL: list(STYLE_NAMES)}

Pair = tuple[LabelledProblem, LabelledProblem]
"""A problem as it is and rewritten, with the same programs."""


def main() -> int:
    options = _options()
    try:
        report = _measure(options)
    except (CodeoddsError, TrainerError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    _print_table(report["figures"])
    print(json.dumps(report))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure what the style of a program does to its score.")
    parser.add_argument("files", type=Path, nargs="+", help="labelled programs (.jsonl or .jsonl.gz)")
    parser.add_argument("--store", type=Path, required=True, help="folder for what is computed; a later run reads it")
    parser.add_argument("--split", default="test", help="split of the problems (default: test)")
    parser.add_argument("--limit", type=int, help="problems of a file at most, always the same ones, by a hash")
    parser.add_argument("--programs", type=int, default=6, help="programs of a problem at most (default: 6)")
    parser.add_argument("--bundle", type=Path, help="folder of the bundle; the default bundle if not given")
    parser.add_argument("--threads", type=int, default=2, help="threads of the runtime (default: 2)")
    return parser.parse_args()


def _measure(options: argparse.Namespace) -> dict[str, Any]:
    bundle = options.bundle or default_bundle_path()
    manifest = load_bundle(bundle).manifest
    figures: dict[str, dict[str, Any]] = {}
    for file in options.files:
        problems = read_problems(file, [options.split])
        mixed = choose_problems(mixed_only(problems, count_labels(problems)), options.limit)
        store = ValueStore(options.store / f"{problems[0].dataset}-styles-{hash_of_weights(manifest)}.jsonl")
        few = [_few(problem, options.programs) for problem in mixed]
        for style, names in VARIANTS.items():
            pairs = [pair for problem in few if (pair := _rewritten(problem, names)) is not None]
            rank_problems([one for pair in pairs for one in pair], store, bundle, options.threads)
            values = {key: found[0] for key, found in store.values.items() if found}
            if found := compare(pairs, values):
                figures.setdefault(problems[0].dataset, {})[style] = found
    return {
        "machine": machine(),
        "versions": versions(),
        "bundle": f"{manifest.name} {manifest.version}",
        "command": shlex.join(["python", *sys.orig_argv[1:]]),
        "figures": figures,
    }


def _few(problem: LabelledProblem, most: int) -> LabelledProblem:
    """The first programs of each label, half of `most` each."""
    half = max(1, most // 2)
    seen = {True: 0, False: 0}
    kept = []
    for program in problem.programs:
        seen[program.passed] += 1
        if seen[program.passed] <= half:
            kept.append(program)
    return _with(problem, kept)


def _rewritten(problem: LabelledProblem, styles: Sequence[StyleName]) -> Pair | None:
    """None where the styles change nothing, or where two programs become one, which leaves nothing to compare."""
    # Programs that cannot be rewritten would drop out of one side alone.
    whole = [one for one in problem.programs if restyle_problem(_with(problem, [one]), styles) is not None]
    before = _with(problem, whole)
    if not before.mixed:
        return None
    after = restyle_problem(before, styles)
    return None if after is None or len(after.programs) != len(before.programs) else (before, after)


def _with(problem: LabelledProblem, programs: Sequence[LabelledProgram]) -> LabelledProblem:
    return replace(problem, programs=tuple(programs))


def compare(pairs: Sequence[Pair], values: Mapping[str, float]) -> dict[str, Any] | None:
    """Figures of one style, with 95 % intervals over problems; None without a problem to compare."""
    rows = []
    for before, after in pairs:
        old, new = ([values.get(text_key(one, program)) for program in one.programs] for one in (before, after))
        if None in old or None in new:
            continue
        labels = np.asarray([program.passed for program in before.programs])
        one, other = np.asarray(old, dtype=float), np.asarray(new, dtype=float)
        rows.append((auroc(one, labels), auroc(other, labels), (other - one).mean(), np.abs(other - one).mean()))
    if not rows:
        return None
    old, new, shift, size = np.asarray(rows).T
    change, low, high = mean_with_interval(new - old)
    return {
        "problems": len(rows),
        "auroc": round(float(old.mean()), 3),
        "auroc_rewritten": round(float(new.mean()), 3),
        "change": [round(value, 3) for value in (change, low, high)],
        "mean_shift": round(float(shift.mean()), 3),
        "mean_absolute_shift": round(float(size.mean()), 3),
    }


def _print_table(figures: Mapping[str, Mapping[str, Any]]) -> None:
    names = ("problems", "as it is", "rewritten", "change", "p moves", "|p|")
    print("{:<22} {:<17} {:>8} {:>9} {:>9} {:>24} {:>8} {:>6}".format("data set", "style", *names))
    for dataset, styles in figures.items():
        for style, row in styles.items():
            change = "{:+.3f} ({:+.3f} to {:+.3f})".format(*row["change"])
            print(
                f"{dataset:<22} {style:<17} {row['problems']:>8} {row['auroc']:>9.3f} {row['auroc_rewritten']:>9.3f} "
                f"{change:>24} {row['mean_shift']:>+8.3f} {row['mean_absolute_shift']:>6.3f}"
            )


if __name__ == "__main__":
    sys.exit(main())
