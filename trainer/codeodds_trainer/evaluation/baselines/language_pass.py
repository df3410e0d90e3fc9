"""One run of the language model over each problem: the log-probability of every solution token."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from codeodds_trainer.evaluation.baselines.store import Values, ValueStore
from codeodds_trainer.ground.labelled import LabelledProblem
from codeodds_trainer.ground.language_model import LanguageModel, read_pack
from codeodds_trainer.ground.scoring import text_key
from codeodds_trainer.training.dataset import ProblemPacks, pack_problems

PACK_NODES = 1024
"""Trie nodes of one run; memory grows with its square."""


def run_language_model(model: LanguageModel, problems: Sequence[LabelledProblem], store: ValueStore, name: str) -> None:
    """The log-probability of every solution token of what `store` lacks. `name`: of the progress bar.

    Programs that cannot be scored (empty, too long) are stored without values.

    Raises: ModelError.
    """
    pending = store.pending(problems)
    if not pending:
        # Without anything to do, not even the tokenizer is loaded.
        return
    packed = pack_problems(pending, model.tokenizer, pack_nodes=PACK_NODES, balance=False, targets="outcome")
    nodes = sum(len(pack.ids) for item in packed for pack in item.packs)
    with tqdm(total=nodes, desc=f"language model on {name}", unit="token") as progress:
        for problem, item in zip(pending, packed, strict=True):
            values = []
            for pack in item.packs:
                values.append(read_pack(model.model, pack))
                progress.update(len(pack.ids))
            store.add(_token_values(problem, item, values))


def _token_values(problem: LabelledProblem, item: ProblemPacks, read: Sequence[npt.NDArray[np.float32]]) -> Values:
    """The log-probabilities of each program's solution tokens; None for programs that were left out."""
    values: Values = {text_key(problem, program): None for program in problem.programs}
    for pack, found in zip(item.packs, read, strict=True):
        for path, index in zip(pack.paths, pack.programs, strict=True):
            program = item.problem.programs[index]
            values[text_key(problem, program)] = found[path].tolist()
    return values
