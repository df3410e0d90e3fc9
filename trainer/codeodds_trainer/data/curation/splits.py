"""Which problem goes into which split, so that nothing of validation and test is in training."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence

from codeodds_trainer.data.curation.duplicates import Pair, groups

SPLITS = ("train", "valid", "test")
GUARDED = ("test", "valid", "train")
"""Of near-duplicates in several splits, the problem in the first of these stays; the others leave."""


def deal_out(names: Iterable[str], pairs: Iterable[Pair], ratios: Sequence[float], seed: int) -> dict[str, str]:
    """Splits in these ratios of problems; near-duplicates go together. The same input gives the same splits.

    A problem's place depends on its group alone, so that a larger benchmark moves few problems.
    """
    total = sum(ratios)
    bounds = [sum(ratios[: index + 1]) / total for index in range(len(ratios))]
    splits: dict[str, str] = {}
    for group in groups(names, pairs):
        digest = hashlib.sha256(f"{seed}/{min(group)}".encode()).digest()
        place = int.from_bytes(digest[:8], "big") / 2**64
        split = next(name for name, bound in zip(SPLITS, bounds, strict=True) if place < bound or bound == bounds[-1])
        splits |= dict.fromkeys(group, split)
    return splits


def leaks(splits: Mapping[str, str], pairs: Iterable[Pair]) -> dict[str, Pair]:
    """The problems that have to leave because a near-duplicate stands in a split that is guarded more, with the pair.

    Splits other than train, valid and test guard nothing and are guarded like train.
    """
    leaving: dict[str, Pair] = {}
    for pair in pairs:
        rank = {name: _rank(splits[name]) for name in (pair.one, pair.other) if name in splits}
        if len(rank) == 2 and rank[pair.one] != rank[pair.other]:
            leaving.setdefault(max(rank, key=lambda name: rank[name]), pair)
    return leaving


def _rank(split: str) -> int:
    return GUARDED.index(split) if split in GUARDED else len(GUARDED) - 1
