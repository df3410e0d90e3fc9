"""What a run reports while it goes on: JSON lines for programs, TensorBoard for people."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from codeodds_trainer.ground.disk import open_lines, whole_lines, write_whole

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

LOG_FILE = "log.jsonl"
TENSORBOARD_FOLDER = "tensorboard"


class RunLog:
    """Rows of ``{"step": .., name: number, ..}`` in ``log.jsonl``, and the same in event files for TensorBoard.

    A run that goes on from a saved state forgets the rows that a killed one wrote after it.
    """

    def __init__(self, folder: Path, step: int) -> None:
        """`step`: where the run goes on."""
        path = folder / LOG_FILE
        kept = [line for line in whole_lines(path) if json.loads(line)["step"] <= step]
        write_whole(path, b"".join(line + b"\n" for line in kept))
        self._file = open_lines(path)
        self._writer = _tensorboard(folder / TENSORBOARD_FOLDER, step)

    def __enter__(self) -> RunLog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        self._writer.close()

    def write(self, step: int, figures: Mapping[str, float]) -> None:
        """Raises: OSError if the disk is full."""
        self._file.write(json.dumps({"step": step, **figures}).encode() + b"\n")
        self._file.flush()
        for name, value in figures.items():
            self._writer.add_scalar(name, value, step)


def _tensorboard(folder: Path, step: int) -> SummaryWriter:
    from torch.utils.tensorboard import SummaryWriter

    return SummaryWriter(str(folder), purge_step=step + 1, flush_secs=10)
