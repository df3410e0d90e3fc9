"""The head's outputs that look for single faults."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from codeodds_trainer.ground.base_model import BaseModelSource
from codeodds_trainer.ground.errors import TrainingError
from codeodds_trainer.ground.labelled import LabelledProblem, LabelledProgram
from codeodds_trainer.ground.metrics import auroc
from codeodds_trainer.ground.recipe import FaultProbeSection, ReadingSection, TrainingSection
from codeodds_trainer.ground.trie import TokenizedProgram, build_packs
from codeodds_trainer.training.dataset import ProblemPacks
from codeodds_trainer.training.faults import fault_place, fit_faults
from codeodds_trainer.training.features import LiveTrunk
from codeodds_trainer.training.probe import read_logits
from codeodds_trainer.training.train import ValueTail, run_tail
from codeodds_trainer.training.value_model import (
    LARGEST_FAULT,
    NO_FAULT,
    join_heads,
    load_checkpoint,
    load_value_model,
    split,
    value_head,
)
from tests.trainer.tiny_models import randomize_head, save_base

FAULT = 99
"""The token that makes a program of the tests fail."""
LENGTH = 12


@pytest.fixture
def base(tmp_path):
    return save_base(tmp_path / "base", "phi3", initializer_range=0.2)


def problem(number: int, rows: list[list[int]]) -> ProblemPacks:
    """Two tokens of prompt; a program passes if it does not hold FAULT."""
    programs = [TokenizedProgram(np.asarray([7, number, *row]), 2, FAULT not in row) for row in rows]
    labelled = tuple(LabelledProgram(str(row), FAULT not in row, "toy") for row in rows)
    return ProblemPacks(
        LabelledProblem(f"toy/{number}", "train", "toy", "", labelled), tuple(build_packs(programs, 40))
    )


def problems(count: int = 12) -> list[ProblemPacks]:
    """Right programs, and each with one token replaced by FAULT."""
    rng = np.random.default_rng(0)
    found = []
    for number in range(count):
        right = [rng.integers(100, 200, LENGTH).tolist() for _ in range(3)]
        places = rng.integers(0, LENGTH, 3).tolist()
        wrong = [[*row[:place], FAULT, *row[place + 1 :]] for row, place in zip(right, places, strict=True)]
        found.append(problem(10 + number, right + wrong))
    return found


def fitted(base, items, faults=1, **options):
    trunk, tail = split(load_value_model(BaseModelSource(str(base)), 3, faults), 1)
    section = FaultProbeSection(epochs=100, learning_rate=0.05, **options)
    config = TrainingSection(fault_probe=section, probe_outcome_weight=0.5, reading=ReadingSection(last=0.25))
    loss = fit_faults(tail, items, LiveTrunk(trunk), config, bfloat16=False)
    return trunk, tail, loss


def test_a_value_is_the_linear_output_less_the_exponentials_of_the_others():
    outputs = torch.tensor([[1.5, 0.0, 1.0], [2.0, 20.0, -20.0]])
    largest = np.exp(LARGEST_FAULT)
    assert join_heads(outputs).tolist() == pytest.approx([1.5 - 1 - np.e, 2.0 - largest], abs=1e-3)
    assert join_heads(outputs[:, :1]).tolist() == [1.5, 2.0]


@pytest.mark.parametrize(
    ("failing", "right", "place"),
    [
        ([1, 2, 9, 4, 5], [[1, 2, 3, 4, 5]], 2),
        # The right program that shares most with it.
        ([1, 2, 9, 4, 5], [[1, 7, 3, 4, 5], [1, 2, 3, 4, 5]], 2),
        ([1, 2, 4, 5], [[1, 2, 3, 4, 5]], 2),
        ([1, 2, 9, 9, 3, 4], [[1, 2, 3, 4]], 2),
        # More than one stretch, or a long one.
        ([9, *range(1, 10), 9], [list(range(11))], None),
        ([1, *[9] * 9, 2], [[1, *[8] * 9, 2]], None),
        # Nothing of it is wrong by itself: something is missing at its end.
        ([1, 2], [[1, 2, 3]], None),
        ([1, 2], [], None),
    ],
)
def test_the_place_of_a_fault(failing, right, place):
    assert fault_place(np.asarray(failing), [np.asarray(row) for row in right]) == place


@pytest.mark.parametrize("faults", [1, 2])
def test_the_outputs_tell_programs_with_a_fault(base, faults):
    items = problems()
    trunk, tail, loss = fitted(base, items, faults)
    readings = read_logits(tail, items, LiveTrunk(trunk), ReadingSection(last=0.25), [1.0], bfloat16=False)[0]
    programs = [item.problem.programs[index] for item in items for pack in item.packs for index in pack.programs]
    passed = np.asarray([program.passed for program in programs])
    # Of all problems together, where the untrained head says the same of all.
    assert auroc(readings, passed) > 0.75
    assert loss < 1.0


def test_a_fit_depends_on_the_seed_alone_and_leaves_the_linear_output_as_it_is(base):
    torch.manual_seed(1)
    _, tail, loss = fitted(base, problems(4))
    torch.manual_seed(2)
    _, again, same_loss = fitted(base, problems(4))
    assert loss == same_loss
    assert torch.equal(value_head(tail).weight, value_head(again).weight)
    assert torch.equal(value_head(tail).bias, value_head(again).bias)
    assert torch.all(value_head(tail).weight[0] == 0)
    assert value_head(tail).bias[0] == 0
    assert value_head(tail).weight[1].abs().max() > 0


def test_a_known_place_pulls_the_output_there(base):
    """What the right programs of a problem never hold would do as a sign of failure; the place says which of two."""
    rows = [[101, 102, 103, 104, 105, 106], [101, 102, FAULT, 104, 105, 106]]
    shares = []
    for weight in (0.0, 5.0):
        trunk, tail, _ = fitted(base, [problem(10, rows)], location_weight=weight, ridge=0.1)
        (pack,) = problem(10, rows).packs
        _, hidden = run_tail(ValueTail(tail), pack, LiveTrunk(trunk).load(pack), False)
        path = next(path for path in pack.paths if FAULT in pack.ids[path])
        odds = value_head(tail)(hidden)[torch.from_numpy(path), 1].softmax(dim=0)
        shares.append(float(odds[2:5].sum().detach()))
    assert shares[1] > shares[0] + 0.05


def test_problems_of_one_label_teach_nothing(base):
    with pytest.raises(TrainingError, match=r"model\.faults needs a problem with a passing and a failing program"):
        fitted(base, [problem(10, [[101, 102], [103, 104]])])


def test_a_head_starts_without_faults_and_is_saved_with_them(base, tmp_path):
    model = load_value_model(BaseModelSource(str(base)), 2, 3)
    assert not value_head(model).weight.any()
    assert value_head(model).bias.tolist() == [0, NO_FAULT, NO_FAULT, NO_FAULT]
    randomize_head(model)
    model.save_pretrained(tmp_path / "saved")
    loaded = load_checkpoint(tmp_path / "saved")
    assert torch.equal(value_head(loaded).weight, value_head(model).weight)
    assert value_head(loaded).weight.shape == (4, 32)
    assert loaded.config.id2label == {0: "value", 1: "fault 1", 2: "fault 2", 3: "fault 3"}
