"""Hidden states of whole programs on disk: at the last solution token, and their mean over the solution.

One file for each problem and layer, float16 [programs, 2, hidden], named by all that its content depends on.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from codeodds_trainer.ground.errors import CacheError
from codeodds_trainer.ground.labelled import LabelledProblem
from codeodds_trainer.ground.language_model import PackReading
from codeodds_trainer.ground.scoring import text_key
from codeodds_trainer.training.dataset import ProblemPacks

BYTES_PER_VALUE = 2
LARGEST = float(np.finfo(np.float16).max)

Floats = npt.NDArray[np.float32]


class PooledStates:
    """A folder of pooled hidden states of one language model."""

    def __init__(self, folder: Path, identity: str, budget_gb: float = 2.0) -> None:
        """`identity`: names the language model. `budget_gb`: most that one run may add to the folder."""
        self._folder = folder
        self._identity = identity
        self._budget_gb = budget_gb

    def path(self, problem: LabelledProblem, layer: int) -> Path:
        """The file of a problem's programs at one layer."""
        texts = [text_key(problem, program) for program in problem.programs]
        digest = hashlib.sha256("\n".join([self._identity, str(layer), *texts]).encode())
        return self._folder / f"{digest.hexdigest()[:32]}.npy"

    def missing(self, problem: LabelledProblem, layers: Sequence[int]) -> list[int]:
        """The layers that have no file for this problem yet."""
        return [layer for layer in layers if not self.path(problem, layer).exists()]

    def make_room(self, files: int, programs: int, hidden: int) -> None:
        """Check that what is to come fits. `files`: how many; `programs`: rows in all of them; `hidden`: their width.

        Raises: CacheError.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        needed = programs * 2 * hidden * BYTES_PER_VALUE + files * 128
        free = shutil.disk_usage(self._folder).free
        if needed > min(self._budget_gb * 1e9, free):
            raise CacheError(
                f"the hidden states of the frozen probe need {needed / 1e9:.1f} GB in {self._folder}; the limit is "
                f"{self._budget_gb:g} GB and {free / 1e9:.1f} GB are free. Make room, or report on fewer --files"
            )

    def load(self, problem: LabelledProblem, layer: int) -> Floats:
        """The programs' states side by side, last token first, float32 [programs, 2 * hidden]."""
        states = np.load(self.path(problem, layer)).astype(np.float32)
        return np.asarray(states.reshape(len(states), -1), dtype=np.float32)

    def store(self, problem: LabelledProblem, layer: int, states: npt.NDArray[np.floating]) -> None:
        """Keep states of the problem's programs, in their order, [programs, 2, hidden]."""
        target = self.path(problem, layer)
        partial = target.with_suffix(f".{os.getpid()}.partial")
        with partial.open("wb") as file:
            np.save(file, np.clip(states, -LARGEST, LARGEST).astype(np.float16))
        partial.replace(target)


def pool(item: ProblemPacks, readings: Sequence[PackReading], layer: int) -> Floats:
    """Last and mean hidden state of each program, float32 [programs, 2, hidden].

    `readings`: one for each pack of the problem.
    """
    pooled: dict[int, torch.Tensor] = {}
    for pack, reading in zip(item.packs, readings, strict=True):
        states = reading.hidden[layer]
        for path, index in zip(pack.paths, pack.programs, strict=True):
            own = states[torch.from_numpy(path).to(states.device)].float()
            pooled[index] = torch.stack([own[-1], own.mean(dim=0)]).cpu()
    rows = torch.stack([pooled[index] for index in range(len(item.problem.programs))])
    return np.asarray(rows.numpy(), dtype=np.float32)
