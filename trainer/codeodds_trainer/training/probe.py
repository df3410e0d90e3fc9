"""A linear probe as the head's starting point: logistic regression on the untrained tail's features.

Training that starts from a fitted head moves the layers below it less than training that starts from zero, and
generalises better to other distributions (LP-FT: Kumar et al., 2022).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from scipy.optimize import minimize
from tqdm import tqdm
from transformers import PreTrainedModel

from codeodds_trainer.training.dataset import ProblemPacks
from codeodds_trainer.training.features import FeatureSource
from codeodds_trainer.training.model import tree_mask, value_head


def fit_probe(
    tail: PreTrainedModel,
    problems: Sequence[ProblemPacks],
    cache: FeatureSource,
    *,
    ridge: float,
    bfloat16: bool,
    max_nodes: int = 200_000,
    seed: int = 0,
) -> float:
    """Set the head to the logistic regression of the targets on the tail's last hidden states; returns its mean loss.

    `ridge`: weight of the squared coefficients of standardised features in the mean loss. Of more than `max_nodes`
    labelled nodes a random part is used.
    """
    features, targets, weights = _gather(tail, problems, cache, bfloat16, max_nodes, seed)
    center, spread = features.mean(dim=0), features.std(dim=0).clamp_min(1e-3)
    features.sub_(center).div_(spread)

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        coefficients = torch.from_numpy(parameters.astype(np.float32)).requires_grad_(True)
        logits = features @ coefficients[:-1] + coefficients[-1]
        value = torch.nn.functional.binary_cross_entropy_with_logits(logits, targets, weights, reduction="sum")
        value = value + ridge * (coefficients[:-1] ** 2).sum()
        value.backward()
        assert coefficients.grad is not None
        return float(value.detach()), coefficients.grad.numpy().astype(np.float64)

    found = minimize(loss, np.zeros(features.shape[1] + 1), jac=True, method="L-BFGS-B", options={"maxiter": 100})
    coefficients = torch.from_numpy(found.x.astype(np.float32))
    head = value_head(tail)
    with torch.no_grad():
        weight = coefficients[:-1] / spread
        head.weight.copy_(weight[None])
        head.bias.copy_((coefficients[-1] - (weight * center).sum())[None])
    return float(found.fun)


@torch.no_grad()
def _gather(
    tail: PreTrainedModel,
    problems: Sequence[ProblemPacks],
    cache: FeatureSource,
    bfloat16: bool,
    max_nodes: int,
    seed: int,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Features [nodes, hidden], targets [nodes] and weights [nodes] (sum 1) of labelled nodes, float32."""
    packs = [pack for item in problems for pack in item.packs]
    labelled = sum(int((pack.weights > 0).sum()) for pack in packs)
    share = min(1.0, max_nodes / max(1, labelled))
    rng = np.random.default_rng(seed)
    parts: list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]] = []
    device = value_head(tail).weight.device
    tail.eval()
    for pack in tqdm(packs, desc="probe", unit="pack"):
        kept = np.flatnonzero((pack.weights > 0) & (rng.random(len(pack.ids)) < share))
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=bfloat16):
            hidden = tail.base_model(
                inputs_embeds=cache.load(pack)[None].to(device=device, dtype=torch.float32),
                position_ids=torch.from_numpy(pack.depths)[None].to(device),
                attention_mask=tree_mask(torch.from_numpy(pack.ancestors())).to(device),
            ).last_hidden_state[0]
        index = torch.from_numpy(kept)
        parts.append(
            (
                hidden[index.to(device)].float().cpu(),
                torch.from_numpy(pack.targets)[index],
                torch.from_numpy(pack.weights)[index],
            )
        )
    features, targets, weights = (torch.cat(column) for column in zip(*parts, strict=True))
    return features, targets, weights / weights.sum()
