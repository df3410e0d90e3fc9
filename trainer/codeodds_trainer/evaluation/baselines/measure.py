"""All baselines of some data sets: each computes what its store lacks, and hands over rows that are keyed by text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from codeodds_trainer.evaluation.baselines.agreement import agreement_scores, observe_problems
from codeodds_trainer.evaluation.baselines.language_pass import run_language_model
from codeodds_trainer.evaluation.baselines.options import NEEDS_MODEL, BaselineOptions
from codeodds_trainer.evaluation.baselines.static_checks import run_static_checks
from codeodds_trainer.evaluation.baselines.store import ValueStore
from codeodds_trainer.ground.errors import ModelError
from codeodds_trainer.ground.labelled import LabelledProblem
from codeodds_trainer.ground.language_model import LanguageModel
from codeodds_trainer.ground.scoring import Baseline
from codeodds_trainer.training.dataset import count_labels, mixed_only

MEAN_LOG_PROBABILITY = "mean log-probability, full base"
SUMMED_LOG_PROBABILITY = "summed log-probability, full base"
STATIC = "static checks"
AGREEMENT = "execution agreement"
AGREEMENT_TIES = "execution agreement, then log-probability"

DataSets = Mapping[str, Sequence[LabelledProblem]]
Found = dict[str, dict[str, Baseline]]


def measure_baselines(
    problems: DataSets, options: BaselineOptions, store: Path, say: Callable[[str], None]
) -> dict[str, dict[str, Baseline]]:
    """The baselines that `options` names, by data set and by the name to show.

    Only problems with both labels are read: those of one label are ranked alike by any score.
    `store`: a folder. Each baseline keeps one file of JSON lines a data set in it, and computes nothing that is there.

    Raises: ModelError, JudgeError.
    """
    mixed = {name: mixed_only(items, count_labels(items)) for name, items in problems.items()}
    found: Found = {name: {} for name in problems}
    if NEEDS_MODEL in options.names:
        if options.source is None:
            raise ModelError("this baseline needs a language model; name one in BaselineOptions.source")
        _log_probabilities(mixed, LanguageModel(options.source, options.max_tokens, options.device), store, found)
    if "static" in options.names:
        for name, items in mixed.items():
            checks = ValueStore(store / f"{name}-static.jsonl")
            run_static_checks(items, checks)
            found[name][STATIC] = Baseline(checks.scored(items), "last", tokenwise=False)
    if "agreement" in options.names:
        for name, items in mixed.items():
            _add_agreement(name, items, options, store, say, found[name])
    return found


def _log_probabilities(mixed: DataSets, model: LanguageModel, store: Path, found: Found) -> None:
    for name, items in mixed.items():
        values = ValueStore(store / f"{name}-logprob-{model.identity}.jsonl")
        with values:
            run_language_model(model, items, values, name)
        scored = values.scored(items)
        found[name][MEAN_LOG_PROBABILITY] = Baseline(scored, "mean", tokenwise=True)
        found[name][SUMMED_LOG_PROBABILITY] = Baseline(scored, "sum", tokenwise=True)


def _add_agreement(
    name: str,
    items: Sequence[LabelledProblem],
    options: BaselineOptions,
    store: Path,
    say: Callable[[str], None],
    found: dict[str, Baseline],
) -> None:
    marks = observe_problems(items, store / f"{name}-agreement.jsonl", options.workers, name)
    scored = agreement_scores(items, marks)
    complete = _programs(items) == len(scored.rows)
    if not complete:
        say(
            f"{name}: agreement covers {len(scored.rows):,} of {_programs(items):,} programs; the others' prompts show "
            "no function to call, or none that takes plain values"
        )
    found[AGREEMENT] = Baseline(scored, "last", tokenwise=False, complete=complete)
    if MEAN_LOG_PROBABILITY in found:
        ties = agreement_scores(items, marks, found[MEAN_LOG_PROBABILITY].scored)
        found[AGREEMENT_TIES] = Baseline(ties, "last", tokenwise=False, complete=complete)


def _programs(problems: Sequence[LabelledProblem]) -> int:
    return sum(len(problem.programs) for problem in problems)
