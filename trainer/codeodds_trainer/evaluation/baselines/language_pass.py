"""One run of the language model over each problem, for all that is wanted of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tqdm import tqdm

from codeodds_trainer.evaluation.baselines.pooled import PooledStates, pool
from codeodds_trainer.evaluation.baselines.store import Values, ValueStore
from codeodds_trainer.ground.labelled import LabelledProblem
from codeodds_trainer.ground.language_model import LanguageModel, PackReading, read_pack
from codeodds_trainer.ground.scoring import text_key
from codeodds_trainer.training.dataset import ProblemPacks, pack_problems

PACK_NODES = 1024
"""Trie nodes of one run; memory grows with its square."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a run over problems must leave behind."""

    log_probabilities: ValueStore | None = None
    """Gets the log-probability of every solution token."""
    states: PooledStates | None = None
    """Gets the pooled hidden states behind `layers`."""
    layers: tuple[int, ...] = ()


def run_language_model(
    model: LanguageModel, problems: Sequence[LabelledProblem], wanted: Wanted, name: str
) -> list[LabelledProblem]:
    """Compute what is not there yet; nothing is computed twice. `name`: of the progress bar.

    Returns: the problems with those of their programs that can be scored (not empty, not too long), under which their
    hidden states are stored.

    Raises: CacheError before anything runs if the hidden states do not fit; ModelError.
    """
    store, states = wanted.log_probabilities, wanted.states
    if states is None and (store is None or not store.pending(problems)):
        # Without anything to do, not even the tokenizer is loaded.
        return list(problems)
    packed = pack_problems(problems, model.tokenizer, pack_nodes=PACK_NODES, balance=False, targets="outcome")
    work: list[tuple[LabelledProblem, ProblemPacks, bool, list[int]]] = []
    for problem, item in zip(problems, packed, strict=True):
        scores = store is not None and bool(store.missing(problem))
        layers = states.missing(item.problem, wanted.layers) if states is not None and item.packs else []
        if scores or layers:
            work.append((problem, item, scores, layers))
    if states is not None and work:
        rows = sum(len(item.problem.programs) * len(layers) for _, item, _, layers in work)
        states.make_room(sum(len(layers) for *_, layers in work), rows, model.hidden_size)
    nodes = sum(len(pack.ids) for _, item, _, _ in work for pack in item.packs)
    with tqdm(total=nodes, desc=f"language model on {name}", unit="token", disable=not work) as progress:
        for problem, item, scores, layers in work:
            readings = []
            for pack in item.packs:
                readings.append(read_pack(model.model, pack, layers, scores))
                progress.update(len(pack.ids))
            if states is not None:
                for layer in layers:
                    states.store(item.problem, layer, pool(item, readings, layer))
            if store is not None and scores:
                store.add(_token_values(problem, item, readings))
    return [item.problem for item in packed]


def _token_values(problem: LabelledProblem, item: ProblemPacks, readings: Sequence[PackReading]) -> Values:
    """The log-probabilities of each program's solution tokens; None for programs that were left out."""
    values: Values = {text_key(problem, program): None for program in problem.programs}
    for pack, reading in zip(item.packs, readings, strict=True):
        assert reading.log_probabilities is not None
        for path, index in zip(pack.paths, pack.programs, strict=True):
            program = item.problem.programs[index]
            values[text_key(problem, program)] = reading.log_probabilities[path].tolist()
    return values
