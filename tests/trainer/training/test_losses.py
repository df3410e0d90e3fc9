"""Each loss against its definition, and against the same loss computed another way."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from codeodds_trainer.ground.recipe import ReadingSection
from codeodds_trainer.ground.trie import TokenizedProgram, build_packs
from codeodds_trainer.training.losses import (
    language_model_loss,
    pairwise_slopes,
    program_readings,
    token_loss,
)

READINGS = st.integers(2, 6).flatmap(
    lambda n: st.tuples(arrays(np.float64, n, elements=st.floats(-50, 50)), arrays(np.bool_, n))
)


def pack_of(*rows, passed=(True, False)):
    programs = [TokenizedProgram(np.asarray(row), 1, label) for row, label in zip(rows, passed, strict=True)]
    (pack,) = build_packs(programs, 100)
    return pack


def test_cross_entropy_by_hand():
    logits, targets, weights = torch.tensor([[0.0, 2.0], [1.0, 0.25], [0.5, 0.25]])
    p = 1 / (1 + math.exp(-2))
    bce = 0.5 * math.log(2) - 0.25 * (0.25 * math.log(p) + 0.75 * math.log(1 - p))
    assert token_loss(logits, targets, weights).item() == pytest.approx(bce, abs=1e-6)


@pytest.mark.parametrize(
    ("last", "mean", "expected"), [(1.0, 0.0, [4.0, 16.0]), (0.0, 1.0, [2.5, 8.5]), (0.5, 2.0, [7.0, 25.0])]
)
def test_a_program_reads_its_last_value_and_the_mean_of_its_solution(last, mean, expected):
    reading = ReadingSection(last=last, mean=mean)
    pack = pack_of([9, 1, 2], [9, 1, 3, 4])
    # The trie's nodes: 9, 1, 2, 3, 4; the solution starts after the first.
    logits = torch.tensor([100.0, 1.0, 4.0, 8.5, 16.0])
    assert program_readings(logits, pack, reading).tolist() == pytest.approx(expected)
    hidden = torch.stack([logits, -2 * logits], dim=1)
    assert program_readings(hidden, pack, reading)[:, 1].tolist() == pytest.approx([-2 * value for value in expected])


def test_a_program_without_solution_tokens_reads_nothing():
    pack = dataclasses.replace(pack_of([9, 1], passed=(True,)), paths=(np.asarray([], dtype=np.int64),))
    assert program_readings(torch.ones(2, 3), pack, ReadingSection()).tolist() == [[0.0, 0.0, 0.0]]


@given(READINGS)
def test_slopes_are_the_derivative_of_the_mean_over_pairs(rows):
    values, passed = rows
    found = pairwise_slopes(values, passed)
    if passed.all() or not passed.any():
        assert found is None
        return
    readings = torch.from_numpy(values).requires_grad_(True)
    margins = readings[torch.from_numpy(passed)][:, None] - readings[torch.from_numpy(~passed)][None, :]
    loss = -torch.nn.functional.logsigmoid(margins).mean()
    loss.backward()
    assert found.loss == pytest.approx(loss.item(), rel=1e-9, abs=1e-12)
    assert found.slopes == pytest.approx(readings.grad.numpy(), rel=1e-5, abs=1e-7)


def test_the_language_model_learns_from_right_programs_only():
    pack = pack_of([9, 1, 2], [9, 1, 3])
    generator = torch.Generator().manual_seed(0)
    hidden = torch.randn(len(pack.ids), 4, generator=generator)
    lm_head = torch.randn(10, 4, generator=generator)
    weights, targets = torch.from_numpy(pack.weights), torch.from_numpy(pack.targets)
    expected = 0.0
    log_probabilities = torch.log_softmax(hidden @ lm_head.T, dim=-1)
    for node, parent in enumerate(pack.parents.tolist()):
        if parent >= 0:
            share = float(weights[node] * targets[node])
            expected -= share * float(log_probabilities[parent, pack.ids[node]])
    assert language_model_loss(hidden, lm_head, pack, weights, targets).item() == pytest.approx(expected, rel=1e-5)
    wrong = pack_of([9, 1, 2], [9, 1, 3], passed=(False, False))
    assert language_model_loss(hidden, lm_head, wrong, weights, torch.zeros_like(targets)).item() == 0
