"""The trie computes each prefix once and changes nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeodds_trainer.ground.trie import TokenizedProgram, build_packs

PROGRAMS = st.lists(
    st.tuples(st.lists(st.integers(0, 3), min_size=1, max_size=8), st.booleans(), st.sampled_from([0.5, 1.0, 2.0])),
    min_size=1,
    max_size=10,
)
PROMPT = [9, 9]


def tokenized(rows: list[tuple[list[int], bool, float]]) -> list[TokenizedProgram]:
    return [TokenizedProgram(np.asarray(PROMPT + ids), len(PROMPT), passed, weight) for ids, passed, weight in rows]


@given(PROGRAMS, st.integers(3, 30))
def test_every_program_reads_its_own_tokens_at_its_own_positions(rows, max_nodes):
    programs = tokenized(rows)
    seen = []
    for pack in build_packs(programs, max_nodes):
        ancestors = pack.ancestors()
        for path, index in zip(pack.paths, pack.programs, strict=True):
            attended = np.flatnonzero(ancestors[path[-1]])
            assert pack.ids[attended].tolist() == programs[index].ids.tolist()
            assert pack.depths[attended].tolist() == list(range(len(attended)))
            seen.append(index)
    assert sorted(seen) == list(range(len(programs)))


@given(PROGRAMS, st.integers(3, 30))
def test_outcome_weights_sum_to_the_programs_weights_however_packs_are_cut(rows, max_nodes):
    packs = build_packs(tokenized(rows), max_nodes)
    assert sum(float(pack.weights.sum()) for pack in packs) == pytest.approx(sum(row[2] for row in rows), rel=1e-5)


@given(PROGRAMS, st.integers(3, 30))
def test_outcome_targets_give_the_gradient_of_plain_outcome_labels(rows, max_nodes):
    programs = tokenized(rows)
    slow: dict[tuple[int, ...], list[float]] = {}
    for program in programs:
        share = program.weight / (len(program.ids) - 2)
        for end in range(3, len(program.ids) + 1):
            pull = slow.setdefault(tuple(program.ids[:end]), [0.0, 0.0])
            pull[0] += share
            pull[1] += share * program.passed
    fast: dict[tuple[int, ...], list[float]] = {}
    for pack in build_packs(programs, max_nodes):
        ancestors = pack.ancestors()
        for node in np.flatnonzero(pack.weights > 0):
            pull = fast.setdefault(tuple(pack.ids[np.flatnonzero(ancestors[node])]), [0.0, 0.0])
            pull[0] += float(pack.weights[node])
            pull[1] += float(pack.weights[node] * pack.targets[node])
    assert fast.keys() == slow.keys()
    for key, pull in slow.items():
        assert fast[key] == pytest.approx(pull, rel=1e-4)


def test_the_target_of_a_prefix_is_the_mean_label_of_the_programs_through_it():
    packs = build_packs(tokenized([([1, 2], True, 1.0), ([1, 3], False, 1.0), ([1, 2], True, 1.0)]), 100)
    (pack,) = packs
    assert pack.ids.tolist() == [9, 9, 1, 2, 3]
    assert pack.targets[2:].tolist() == pytest.approx([2 / 3, 1.0, 0.0])
    assert pack.weights.tolist() == pytest.approx([0, 0, 1.5, 1.0, 0.5])


def test_trie_targets_count_each_distinct_prefix_once():
    rows = [([1, 2], True, 1.0), ([1, 3], False, 1.0), ([1, 2], True, 1.0)]
    (pack,) = build_packs(tokenized(rows), 100, targets="trie")
    assert pack.weights.tolist() == pytest.approx([0, 0, 0.5, 0.5, 0.5])


def test_later_tokens_can_weigh_more_and_programs_still_count_alike():
    (pack,) = build_packs(tokenized([([1, 2, 3, 4], True, 2.0)]), 100, position_power=1.0)
    assert pack.weights.tolist() == pytest.approx([0, 0, 0.2, 0.4, 0.6, 0.8])
