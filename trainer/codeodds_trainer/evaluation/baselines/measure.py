"""All baselines of some data sets: each computes what its store lacks, and hands over rows that are keyed by text."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from codeodds_trainer.evaluation.baselines.agreement import agreement_scores, observe_problems
from codeodds_trainer.evaluation.baselines.language_pass import Wanted, run_language_model
from codeodds_trainer.evaluation.baselines.options import NEED_MODEL, BaselineOptions
from codeodds_trainer.evaluation.baselines.pooled import PooledStates
from codeodds_trainer.evaluation.baselines.probe import FittedProbe, choose_probe, read_probe, save_probe
from codeodds_trainer.evaluation.baselines.reviewer import cap, coder_reviewer, run_reviewer
from codeodds_trainer.evaluation.baselines.static_checks import run_static_checks
from codeodds_trainer.evaluation.baselines.store import ValueStore
from codeodds_trainer.ground.errors import ModelError
from codeodds_trainer.ground.labelled import LabelledProblem
from codeodds_trainer.ground.language_model import LanguageModel
from codeodds_trainer.ground.scoring import Baseline, ScoredSet, text_key
from codeodds_trainer.training.dataset import count_labels, mixed_only

MEAN_LOG_PROBABILITY = "mean log-probability, full base"
SUMMED_LOG_PROBABILITY = "summed log-probability, full base"
PROBE = "frozen probe, full base"
REVIEWER = "reviewer"
CODER_REVIEWER = "coder x reviewer"
CODER_REVIEWER_NORMALISED = "coder x reviewer, by length"
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

    Raises: ModelError, CacheError, TrainingError (nothing to fit the probe on), JudgeError.
    """
    mixed = {name: mixed_only(items, count_labels(items)) for name, items in problems.items()}
    found: Found = {name: {} for name in problems}
    if NEED_MODEL & set(options.names):
        if options.source is None:
            raise ModelError("these baselines need a language model; name one in BaselineOptions.source")
        model = LanguageModel(options.source, options.max_tokens, options.device)
        _language_model_baselines(mixed, model, options, store, say, found)
    if "static" in options.names:
        for name, items in mixed.items():
            checks = ValueStore(store / f"{name}-static.jsonl")
            run_static_checks(items, checks)
            found[name][STATIC] = Baseline(checks.scored(items), "last", tokenwise=False)
    if "agreement" in options.names:
        for name, items in mixed.items():
            _add_agreement(name, items, options, store, say, found[name])
    return found


def _language_model_baselines(
    mixed: DataSets,
    model: LanguageModel,
    options: BaselineOptions,
    store: Path,
    say: Callable[[str], None],
    found: Found,
) -> None:
    states = PooledStates(store / "states", model.identity, options.states_gb)
    probe = _probe(model, states, options, store, say) if "probe" in options.names else None
    for name, items in mixed.items():
        coder = ValueStore(store / f"{name}-logprob-{model.identity}.jsonl")
        reviewed = cap(items, options.reviewer_problems, options.reviewer_programs)
        reads = items if "logprob" in options.names else reviewed if "reviewer" in options.names else []
        if probe is not None:
            # First, because this pass leaves the log-probabilities of the same programs behind.
            scored = _probe_scores(name, items, model, states, probe, coder if reads is items else None, store)
            found[name][PROBE] = Baseline(scored, "last", tokenwise=False)
        if reads:
            with coder:
                run_language_model(model, reads, Wanted(coder), name)
        if "logprob" in options.names:
            scored = coder.scored(items)
            found[name][MEAN_LOG_PROBABILITY] = Baseline(scored, "mean", tokenwise=True)
            found[name][SUMMED_LOG_PROBABILITY] = Baseline(scored, "sum", tokenwise=True)
        if "reviewer" in options.names:
            reviewer = ValueStore(store / f"{name}-reviewer-{model.identity}.jsonl")
            run_reviewer(model, reviewed, reviewer, name)
            _add_reviewer(name, items, reviewed, coder, reviewer, say, found[name])


def _probe(
    model: LanguageModel, states: PooledStates, options: BaselineOptions, store: Path, say: Callable[[str], None]
) -> tuple[str, FittedProbe]:
    """The probe and a name for all that it depends on. Fitted once."""
    layers = options.probe_layers or (model.layers,)
    beyond = [layer for layer in layers if not 1 <= layer <= model.layers]
    if beyond:
        raise ModelError(f"--probe-layer {beyond[0]}: the model has {model.layers} layers; choose 1 to {model.layers}")
    texts = [
        text_key(problem, item)
        for side in (options.train, options.validation)
        for problem in side
        for item in problem.programs
    ]
    key = hashlib.sha256("\n".join([model.identity, str(layers), *texts]).encode()).hexdigest()[:8]
    file = store / f"probe-{key}.json"
    probe = read_probe(file)
    if probe is None:
        wanted = Wanted(states=states, layers=layers)
        train = run_language_model(model, options.train, wanted, "the probe's training programs")
        validation = run_language_model(model, options.validation, wanted, "the probe's validation programs")
        probe = choose_probe(train, validation, states, layers)
        save_probe(file, probe)
    say(
        f"frozen probe: layer {probe.layer}, ridge {probe.ridge:g}, fitted on {len(options.train):,} problems; "
        f"within-problem AUROC {probe.validation_auroc:.3f} on {len(options.validation):,} validation problems"
    )
    return key, probe


def _probe_scores(
    name: str,
    items: Sequence[LabelledProblem],
    model: LanguageModel,
    states: PooledStates,
    probe: tuple[str, FittedProbe],
    coder: ValueStore | None,
    store: Path,
) -> ScoredSet:
    key, fitted = probe
    values = ValueStore(store / f"{name}-probe-{key}.jsonl")
    pending = values.pending(items)
    if pending:
        whole = {problem.problem_id for problem in pending}
        missing = [problem for problem in items if problem.problem_id in whole]
        wanted = Wanted(coder, states, (fitted.layer,))
        if coder is None:
            kept = run_language_model(model, missing, wanted, name)
        else:
            with coder:
                kept = run_language_model(model, missing, wanted, name)
        with values:
            for problem, scorable in zip(missing, kept, strict=True):
                scores: dict[str, list[float] | None] = {text_key(problem, item): None for item in problem.programs}
                if scorable.programs:
                    logits = fitted.scores(states.load(scorable, fitted.layer)).tolist()
                    for item, logit in zip(scorable.programs, logits, strict=True):
                        scores[text_key(problem, item)] = [logit]
                values.add(scores)
    return values.scored(items)


def _add_reviewer(
    name: str,
    items: Sequence[LabelledProblem],
    reviewed: Sequence[LabelledProblem],
    coder: ValueStore,
    reviewer: ValueStore,
    say: Callable[[str], None],
    found: dict[str, Baseline],
) -> None:
    alone = reviewer.scored(reviewed, lambda values: [sum(values)])
    complete = _programs(items) == len(alone.rows)
    if not complete:
        say(
            f"{name}: the reviewer read {len(alone.rows):,} of {_programs(items):,} programs, of {len(reviewed):,} of "
            f"{len(items):,} problems"
        )
    found[REVIEWER] = Baseline(alone, "last", tokenwise=False, complete=complete)
    for shown, normalised in ((CODER_REVIEWER, False), (CODER_REVIEWER_NORMALISED, True)):
        both = coder_reviewer(reviewed, coder, reviewer, normalised=normalised)
        found[shown] = Baseline(both, "last", tokenwise=False, complete=complete)


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
