"""The cached outputs of the frozen trunk. Each pack is one file, named by all that its content depends on.

An interrupted run goes on where it stopped, and a changed recipe reuses what it can: a file is written under another
name and moved into place, and its name is a hash of the trunk's weights, the number of layers and the pack's tokens.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm
from transformers import PreTrainedModel

from codeodds_trainer.errors import CacheError
from codeodds_trainer.training.model import tree_mask
from codeodds_trainer.training.trie import Pack

BYTES_PER_VALUE = 2


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


def trunk_id(model: PreTrainedModel) -> str:
    """SHA-256 over the trunk's parameters, their names and the config's depth."""
    digest = hashlib.sha256(str(model.config.num_hidden_layers).encode())
    for name, parameter in model.state_dict().items():
        digest.update(name.encode())
        digest.update(parameter.detach().to(torch.bfloat16).contiguous().view(torch.int16).numpy().tobytes())
    return digest.hexdigest()


def compute_features(
    trunk: PreTrainedModel, packs: Sequence[Pack], cache: FeatureCache, budget_gb: float, device: str = "cpu"
) -> None:
    """Run the trunk over every pack that is not cached yet, in bfloat16.

    Raises: CacheError before anything runs if the missing features exceed `budget_gb` or the free disk space.
    """
    cache.folder.mkdir(parents=True, exist_ok=True)
    missing = [pack for pack in packs if not cache.path(pack).exists()]
    needed = sum(len(pack.ids) for pack in missing) * trunk.config.hidden_size * BYTES_PER_VALUE
    free = shutil.disk_usage(cache.folder).free
    if needed > min(budget_gb * 1e9, free):
        raise CacheError(
            f"the features need {needed / 1e9:.1f} GB in {cache.folder}; the budget is {budget_gb:g} GB and "
            f"{free / 1e9:.1f} GB are free. Raise --cache-gb, choose another --cache, or set data.max_programs"
        )
    trunk = trunk.to(device=device, dtype=torch.bfloat16)
    with tqdm(total=sum(len(pack.ids) for pack in missing), desc="frozen features", unit="token") as progress:
        for pack in missing:
            cache.store(pack, run_trunk(trunk, pack, device))
            progress.update(len(pack.ids))


@torch.inference_mode()
def run_trunk(trunk: PreTrainedModel, pack: Pack, device: str = "cpu") -> torch.Tensor:
    """Hidden states [nodes, hidden] of one pack, on the CPU."""
    output = trunk(
        input_ids=torch.from_numpy(pack.ids)[None].to(device),
        position_ids=torch.from_numpy(pack.depths)[None].to(device),
        attention_mask=tree_mask(torch.from_numpy(pack.ancestors())).to(device),
        use_cache=False,
    )
    return output.last_hidden_state[0].cpu()
