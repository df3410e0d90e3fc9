"""What the best of n candidates is worth: ``python bench/best_of_n.py ROLLOUTS --store FOLDER [--limit N]``.

Each problem's labelled candidates are ranked through `codeodds.ranking.rank`, as any program would. Beside our order
stand random choice, the shortest first, mean log-probability (`--log-probabilities`, a store that `codeodds-train
evaluate` left), and the oracle. With `--run-code` the candidates also run in the judge's sandbox, and agreement on
outputs stands beside, alone and with our value as the weight of each vote; it never sees the tests.

Problems whose candidates are all right or all wrong are not scored: any choice among them gives the same. They count in
every figure. Rankings are kept in the store's folder, and a run that was killed goes on from there. Prints a table, and
as its last line JSON with the machine, the versions, the command and the figures.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from best_of_n_figures import ScoreOf, chance_figures, drawn_figures, gain_figures, to_json
from codeodds.bundle.loader import default_bundle_path, load_bundle
from codeodds.engine.scorer import open_scorer
from codeodds.errors import CodeoddsError
from codeodds.ranking.agreement import Observed, agreement_shares, places
from codeodds.ranking.rank import rank
from codeodds_trainer.evaluation.baselines.agreement import observe_problems
from codeodds_trainer.evaluation.baselines.store import ValueStore, scored_program
from codeodds_trainer.evaluation.evaluate import choose_problems
from codeodds_trainer.evaluation.figures.copies import as_drawn, read_copies
from codeodds_trainer.ground.errors import TrainerError
from codeodds_trainer.ground.labelled import LabelledProblem, read_problems
from codeodds_trainer.ground.scoring import ScoredSet, hash_of_weights, text_key
from codeodds_trainer.training.dataset import count_labels, mixed_only
from run import machine, versions

VALUE, AGREEMENT, COMBINED = "codeodds", "agreement", "agreement, weighted by value"


def main() -> int:
    options = _options()
    try:
        report = _measure(options)
    except (CodeoddsError, TrainerError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    if not options.json:
        _print_table(report["figures"])
    print(json.dumps(report))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure the best of n candidates, ranked through the Python API.")
    parser.add_argument("rollouts", type=Path, help="labelled rollouts, one problem a row (.jsonl or .jsonl.gz)")
    parser.add_argument("--store", type=Path, required=True, help="folder for what is computed; a later run reads it")
    parser.add_argument("--split", default="test", help="split of the problems (default: test)")
    parser.add_argument("--limit", type=int, help="problems at most, always the same ones, by a hash of their ids")
    parser.add_argument("--bundle", type=Path, help="folder of the bundle; the default bundle if not given")
    parser.add_argument("--threads", type=int, default=2, help="threads of the runtime (default: 2)")
    parser.add_argument("--log-probabilities", type=Path, metavar="FILE", help="the language model's, a JSONL store")
    parser.add_argument("--run-code", action="store_true", help="run the candidates in the sandbox, for agreement")
    parser.add_argument("--json", action="store_true", help="print the JSON line only")
    return parser.parse_args()


def _measure(options: argparse.Namespace) -> dict[str, object]:
    bundle = options.bundle or default_bundle_path()
    problems = choose_problems(read_problems(options.rollouts, [options.split]), options.limit)
    everything = as_drawn(_unscored(problems), read_copies(options.rollouts, options.split))
    mixed = mixed_only(problems, count_labels(problems))
    manifest = load_bundle(bundle).manifest
    name = options.rollouts.name.split(".")[0]
    store = ValueStore(options.store / f"{name}-ranked-{hash_of_weights(manifest)}.jsonl")
    rank_problems(mixed, store, bundle, options.threads)
    values = {key: found[0] for key, found in store.values.items() if found}
    columns: dict[str, ScoreOf] = {
        VALUE: lambda rows: [values.get(everything.rows[row].text) for row in rows],
        "shortest": lambda rows: [-float(everything.rows[row].characters) for row in rows],
    }
    if options.log_probabilities is not None:
        known = ValueStore(options.log_probabilities).values
        means = {key: sum(found) / len(found) for key, found in known.items() if found}
        columns["mean log-probability"] = lambda rows: [means.get(everything.rows[row].text) for row in rows]
    if options.run_code:
        marks = observe_problems(mixed, options.store / f"{name}-agreement.jsonl", workers=options.threads, name=name)
        observed = {key: Observed(tuple(found)) for key, found in marks.items()}
        columns |= _agreement_columns(everything, observed, values)
    found = {column: drawn_figures(everything, scores) for column, scores in columns.items()}
    return {
        "machine": machine(),
        "versions": versions(),
        "bundle": f"{manifest.name} {manifest.version}",
        "command": shlex.join(["python", *sys.orig_argv[1:]]),
        "figures": {
            "problems": len(set(everything.groups.tolist())),
            "problems_scored": len({problem.problem_id for problem in mixed}),
            "candidates": len(everything.rows),
            "columns": to_json(chance_figures(everything) | found),
            "gains_over_codeodds": to_json(gain_figures(everything, found, VALUE)),
        },
    }


def rank_problems(problems: Sequence[LabelledProblem], store: ValueStore, bundle: Path, threads: int) -> None:
    """Rank the candidates of each problem, unless the store has them. A line of the store is one problem."""
    pending = store.pending(problems)
    if not pending:
        return
    scorer = open_scorer(bundle, threads=threads)
    with store:
        for problem in tqdm(pending, desc="ranking", unit="problem"):
            ranking = rank(scorer, problem.prompt, [program.completion for program in problem.programs])
            store.add(
                {
                    text_key(problem, problem.programs[candidate.index]): (
                        None if candidate.probability is None else [candidate.probability]
                    )
                    for candidate in ranking.candidates
                }
            )


def _unscored(problems: Sequence[LabelledProblem]) -> ScoredSet:
    return ScoredSet([scored_program(problem, program, [0.0]) for problem in problems for program in problem.programs])


def _agreement_columns(
    everything: ScoredSet, observed: dict[str, Observed], values: dict[str, float]
) -> dict[str, ScoreOf]:
    """Agreement among the candidates drawn alone, as somebody with n candidates has it."""

    def agreement(rows: Sequence[int]) -> list[float | None]:
        return agreement_shares([observed.get(everything.rows[row].text) for row in rows], [1.0] * len(rows))

    def combined(rows: Sequence[int]) -> list[float | None]:
        texts = [everything.rows[row].text for row in rows]
        found = places([observed.get(text) for text in texts], [values.get(text) for text in texts])
        order = sorted({place for place in found if place is not None})
        return [None if place is None else float(order.index(place)) for place in found]

    return {AGREEMENT: agreement, COMBINED: combined}


def _print_table(figures: dict) -> None:  # type: ignore[type-arg]
    print(
        f"{figures['problems']} problems with {figures['candidates']:,} candidates; {figures['problems_scored']} have "
        "right and wrong ones and were ranked"
    )
    for title in ("columns", "gains_over_codeodds"):
        print(f"\n{title.replace('_', ' ')}")
        for column, found in figures[title].items():
            cells = [f"{one['value']:+.3f}" if title != "columns" else f"{one['value']:.3f}" for one in found.values()]
            ends = [f"[{one['low']:.3f}, {one['high']:.3f}]" for one in found.values()]
            shown = "  ".join(f"{name} {cell} {end}" for name, cell, end in zip(found, cells, ends, strict=True))
            print(f"{column:<30} {shown}")


if __name__ == "__main__":
    sys.exit(main())
