"""The outputs of the frozen trunk: cached on disk, or computed each time.

Each pack of the cache is one file, named by all that its content depends on. An interrupted run goes on where it
stopped, and a changed recipe reuses what it can: a file is written under another name and moved into place, and its
name is a hash of the trunk's weights, the number of layers and the pack's tokens.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from tqdm import tqdm
from transformers import PreTrainedModel

from codeodds_trainer.ground.base_model import tree_mask
from codeodds_trainer.ground.errors import CacheError
from codeodds_trainer.ground.trie import Pack
from codeodds_trainer.training.processes import Processes

BYTES_PER_VALUE = 2


class FeatureSource(Protocol):
    """Where training gets its inputs from."""

    def load(self, pack: Pack) -> torch.Tensor:
        """Features of a pack, bfloat16 [nodes, hidden], on any device."""
        ...


@dataclass(frozen=True, slots=True)
class LiveTrunk:
    """Runs the trunk whenever features are asked for: no disk, but the frozen layers run in every step."""

    trunk: PreTrainedModel
    """On the device where it computes."""

    def load(self, pack: Pack) -> torch.Tensor:
        return run_trunk(self.trunk, pack).to(torch.bfloat16)


@dataclass(frozen=True, slots=True)
class FeatureCache:
    """A folder of features for one trunk."""

    folder: Path
    trunk_id: str
    """Names weights and depth of the trunk; see `trunk_id`."""

    def path(self, pack: Pack) -> Path:
        digest = hashlib.sha256(self.trunk_id.encode())
        for array in (pack.ids, pack.parents):
            digest.update(array.astype("<i8").tobytes())
        return self.folder / f"{digest.hexdigest()[:32]}.npy"

    def load(self, pack: Pack) -> torch.Tensor:
        """Features of a pack, bfloat16 [nodes, hidden]."""
        return torch.from_numpy(np.load(self.path(pack))).view(torch.bfloat16)

    def store(self, pack: Pack, features: torch.Tensor) -> None:
        """Write the features of a pack, [nodes, hidden], as bfloat16."""
        target = self.path(pack)
        partial = target.with_suffix(f".{os.getpid()}.partial")
        with partial.open("wb") as file:
            np.save(file, features.to(torch.bfloat16).contiguous().view(torch.int16).numpy())
        partial.replace(target)


def trunk_id(model: PreTrainedModel, dtype: torch.dtype = torch.bfloat16) -> str:
    """SHA-256 over the trunk's parameters, their names, the config's depth and the type that it computes in."""
    digest = hashlib.sha256(f"{model.config.num_hidden_layers} {dtype}".encode())
    for name, parameter in model.state_dict().items():
        digest.update(name.encode())
        digest.update(parameter.detach().to(torch.bfloat16).contiguous().view(torch.int16).numpy().tobytes())
    return digest.hexdigest()


def compute_features(
    trunk: PreTrainedModel,
    packs: Sequence[Pack],
    cache: FeatureCache,
    budget_gb: float,
    processes: Processes | None = None,
) -> None:
    """Run the trunk, which is on the device where it computes, over every pack that is not cached yet.

    Several processes share out the packs, and leave together.

    Raises: CacheError before anything runs if the missing features exceed `budget_gb` or the free disk space.
    """
    processes = processes or Processes()
    cache.folder.mkdir(parents=True, exist_ok=True)
    missing = [pack for pack in packs if not cache.path(pack).exists()]
    needed = sum(len(pack.ids) for pack in missing) * trunk.config.hidden_size * BYTES_PER_VALUE
    free = shutil.disk_usage(cache.folder).free
    if needed > min(budget_gb * 1e9, free):
        raise CacheError(
            f"the features need {needed / 1e9:.1f} GB in {cache.folder}; the budget is {budget_gb:g} GB and "
            f"{free / 1e9:.1f} GB are free. Raise --cache-gb, choose another --cache, set data.max_programs, or set "
            "training.cache_features to false"
        )
    # Nobody writes before everybody has counted. The share is one of all packs: what is missing changes meanwhile.
    processes.wait()
    mine = [pack for pack in processes.share(packs) if not cache.path(pack).exists()]
    total = sum(len(pack.ids) for pack in mine)
    with tqdm(total=total, desc="frozen features", unit="token", disable=not processes.is_main) as progress:
        for pack in mine:
            cache.store(pack, run_trunk(trunk, pack).cpu())
            progress.update(len(pack.ids))
    processes.wait()


@torch.inference_mode()
def run_trunk(trunk: PreTrainedModel, pack: Pack) -> torch.Tensor:
    """Hidden states [nodes, hidden] of one pack, where the trunk is and in its dtype."""
    device = next(trunk.parameters()).device
    output = trunk(
        input_ids=torch.from_numpy(pack.ids)[None].to(device),
        position_ids=torch.from_numpy(pack.depths)[None].to(device),
        attention_mask=tree_mask(torch.from_numpy(pack.ancestors())).to(device),
        use_cache=False,
    )
    return output.last_hidden_state[0]
