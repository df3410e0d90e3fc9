"""The processes of one run: a single one, or several that ``accelerate launch`` or ``torchrun`` started.

Every process makes the same plan from the same seed and takes its share of it, so none sends another any work. What
must happen in step (sharded weights are gathered in each forward pass) is padded to equal length by the callers.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import torch
from accelerate import Accelerator, InitProcessGroupKwargs
from accelerate.utils import broadcast, gather_object
from torch import nn

Item = TypeVar("Item")

PATIENCE = datetime.timedelta(hours=12)
"""How long processes wait for the main one, which alone makes the base model."""


class Processes:
    """Rank, device and the few things that processes do together."""

    def __init__(self, device: str = "cpu") -> None:
        """`device`: where a single process computes; several share out the machine's devices of that kind."""
        self.accelerator = Accelerator(
            cpu=device == "cpu",
            device_placement=False,
            kwargs_handlers=[InitProcessGroupKwargs(timeout=PATIENCE)],
        )
        self.rank: int = self.accelerator.process_index
        self.count: int = self.accelerator.num_processes
        self.device: torch.device = self.accelerator.device if self.count > 1 else torch.device(device)

    @property
    def is_main(self) -> bool:
        return self.rank == 0

    @property
    def sharded(self) -> bool:
        """True if weights are spread over the processes (FSDP)."""
        return "FSDP" in str(self.accelerator.distributed_type)

    @contextmanager
    def main_first(self) -> Iterator[None]:
        """The main process runs the block before the others do."""
        with self.accelerator.main_process_first():
            yield

    def wait(self) -> None:
        """Until all processes are here."""
        self.accelerator.wait_for_everyone()

    def share(self, items: Sequence[Item]) -> list[Item]:
        """This process's part of a list that all processes hold."""
        return list(items[self.rank :: self.count])

    def longest_share(self, sizes: Sequence[int]) -> int:
        """The largest sum of sizes that any process's share has; `sizes` is parallel to the shared list."""
        return max(sum(sizes[rank :: self.count]) for rank in range(self.count))

    def gather(self, items: list[Item]) -> list[Item]:
        """All processes' items, on each of them, in order of rank."""
        return items if self.count == 1 else list(gather_object(items))

    def total(self, value: float) -> float:
        """The sum of a number over all processes, in order of rank."""
        return sum(self.gather([value]))

    def spread(self, module: nn.Module) -> None:
        """Give every process the main one's parameters."""
        if self.count > 1:
            with torch.no_grad():
                for parameter in module.parameters():
                    parameter.copy_(broadcast(parameter.detach().to(self.device)).to(parameter.device))

    def prepare(self, module: nn.Module, optimizer: torch.optim.Optimizer) -> tuple[Any, Any]:
        """Module and optimiser as the launcher's configuration wants them: as they are, replicated, or sharded."""
        prepared = self.accelerator.prepare(module, optimizer)
        return prepared[0], prepared[1]
