"""The token trie of a problem: every distinct prefix of its programs is one node, so nothing is computed twice.

The target of a prefix is the mean label of the programs through it: the Monte-Carlo estimate of the value
``v_i = E[J(G(s_1..s_i))]`` (arXiv 2510.23083). It is exact at forks and the outcome itself on an unshared tail.

Binary cross-entropy is linear in its target. So training on a node's mean label, weighted by the programs through it,
has the same gradient as training each program on its own outcome. The two kinds of targets differ only in the weight of
a node: `outcome` counts a shared prefix once per program, `trie` counts each distinct prefix once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Targets = Literal["outcome", "trie"]


@dataclass(frozen=True, slots=True)
class TokenizedProgram:
    """One program as tokens of prompt and completion together."""

    ids: npt.NDArray[np.int64]
    """Token ids, int64 [tokens]."""
    solution_start: int
    """Index of the first token that belongs to the solution; may equal the number of tokens."""
    passed: bool
    weight: float = 1.0
    """How much this program counts; divided among its solution tokens."""


@dataclass(frozen=True, slots=True)
class Pack:
    """Part of a trie, small enough for one forward pass: n nodes, parents before children.

    A node attends to itself and its ancestors only; its position is its depth.
    """

    ids: npt.NDArray[np.int64]
    """Token id of each node, int64 [n]."""
    parents: npt.NDArray[np.int64]
    """Index of each node's parent, -1 for a root, int64 [n]."""
    depths: npt.NDArray[np.int64]
    """Position of each node's token in its text, int64 [n]."""
    targets: npt.NDArray[np.float32]
    """Mean label of the programs through each node, float32 [n], in [0, 1]. Meaningless where the weight is 0."""
    weights: npt.NDArray[np.float32]
    """Weight of each node's loss, float32 [n]; 0 at prompt tokens."""
    paths: tuple[npt.NDArray[np.int64], ...]
    """Per program of this pack: its solution nodes in order, int64 [solution tokens]."""
    programs: tuple[int, ...]
    """Per program of this pack: its index in the list that the trie was made from."""

    def ancestors(self) -> npt.NDArray[np.bool_]:
        """Attention mask, bool [n, n]: row i is True at i and at the ancestors of i."""
        mask = np.eye(len(self.ids), dtype=np.bool_)
        for node, parent in enumerate(self.parents.tolist()):
            if parent >= 0:
                mask[node] |= mask[parent]
        return mask


def build_packs(
    programs: Sequence[TokenizedProgram], max_nodes: int, targets: Targets = "outcome", position_power: float = 0.0
) -> list[Pack]:
    """Merge the programs of one problem into a trie and cut it into packs of at most `max_nodes` nodes.

    The i-th of a program's n solution tokens gets a share of its weight proportional to ``(i / n) ** position_power``:
    evenly for 0; the later, the more for a positive power, because what follows an early token is still open.

    A program that alone exceeds `max_nodes` gets a pack of its own. Prefixes shared by two packs stand in both; their
    weight is divided between them, so that the sum over packs does not depend on the cut.
    """
    mass: dict[bytes, float] = {}
    passed: dict[bytes, float] = {}
    sharers: dict[bytes, int] = {}
    keys = [_prefix_keys(program) for program in programs]
    shares = [_shares(program, position_power) for program in programs]
    for program, prefix_keys, own in zip(programs, keys, shares, strict=True):
        for key, share in zip(prefix_keys[program.solution_start :], own, strict=True):
            mass[key] = mass.get(key, 0.0) + share
            passed[key] = passed.get(key, 0.0) + share * program.passed
            sharers[key] = sharers.get(key, 0) + 1
    order = sorted(range(len(programs)), key=lambda index: programs[index].ids.tolist())
    packs: list[Pack] = []
    group: list[int] = []
    nodes: set[bytes] = set()
    for index in order:
        fresh = set(keys[index])
        if group and len(nodes | fresh) > max_nodes:
            packs.append(_pack(programs, keys, shares, group, mass, passed, sharers, targets))
            group, nodes = [], set()
        group.append(index)
        nodes |= fresh
    if group:
        packs.append(_pack(programs, keys, shares, group, mass, passed, sharers, targets))
    return packs


def _shares(program: TokenizedProgram, power: float) -> list[float]:
    """The weight of each solution token of a program; their sum is the program's weight."""
    count = len(program.ids) - program.solution_start
    raw = (np.arange(1, count + 1) / max(1, count)) ** power
    return [float(share) for share in program.weight * raw / max(1e-12, raw.sum())]


def _prefix_keys(program: TokenizedProgram) -> list[bytes]:
    """One key per token that names the whole prefix up to it. A hash chain: equal keys mean equal prefixes."""
    state = hashlib.blake2b(digest_size=16)
    keys = []
    for position, token in enumerate(program.ids.tolist()):
        state.update(token.to_bytes(4, "little"))
        state.update(b"\x01" if position >= program.solution_start else b"\x00")
        keys.append(state.copy().digest())
    return keys


def _pack(
    programs: Sequence[TokenizedProgram],
    keys: list[list[bytes]],
    shares: list[list[float]],
    group: list[int],
    mass: dict[bytes, float],
    passed: dict[bytes, float],
    sharers: dict[bytes, int],
    targets: Targets,
) -> Pack:
    index_of: dict[bytes, int] = {}
    ids: list[int] = []
    parents: list[int] = []
    depths: list[int] = []
    node_targets: list[float] = []
    weights: list[float] = []
    paths = []
    for program_index in group:
        program = programs[program_index]
        parent = -1
        path = []
        for position, key in enumerate(keys[program_index]):
            node = index_of.get(key)
            if node is None:
                node = index_of[key] = len(ids)
                ids.append(int(program.ids[position]))
                parents.append(parent)
                depths.append(position)
                node_targets.append(passed[key] / mass[key] if mass.get(key) else 0.0)
                weights.append(0.0)
            if position >= program.solution_start:
                share = shares[program_index][position - program.solution_start]
                weights[node] += share / sharers[key] if targets == "trie" else share
                path.append(node)
            parent = node
        paths.append(np.asarray(path, dtype=np.int64))
    return Pack(
        ids=np.asarray(ids, dtype=np.int64),
        parents=np.asarray(parents, dtype=np.int64),
        depths=np.asarray(depths, dtype=np.int64),
        targets=np.asarray(node_targets, dtype=np.float32),
        weights=np.asarray(weights, dtype=np.float32),
        paths=tuple(paths),
        programs=tuple(group),
    )
