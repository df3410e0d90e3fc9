"""The linear probe that a head may start from."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
import torch

from codeodds_trainer.ground.base_model import BaseModelSource
from codeodds_trainer.ground.errors import TrainingError
from codeodds_trainer.ground.labelled import LabelledProblem, LabelledProgram
from codeodds_trainer.ground.recipe import PrefixWeight, ReadingSection, TrainingSection
from codeodds_trainer.ground.trie import TokenizedProgram, build_packs
from codeodds_trainer.training.dataset import ProblemPacks
from codeodds_trainer.training.features import LiveTrunk
from codeodds_trainer.training.losses import program_readings
from codeodds_trainer.training.probe import fit_probe
from codeodds_trainer.training.train import ValueTail, run_tail
from codeodds_trainer.training.value_model import load_value_model, split, value_head
from tests.trainer.tiny_models import save_base

RIDGE = 0.05
PROGRAMS = [[7, 3, 50, 61], [7, 3, 52, 60], [7, 3, 51, 61], [7, 4, 58, 62], [7, 4, 53, 62], [7, 5, 54]]
"""They pass if their third token is even."""


@pytest.fixture
def parts(tmp_path):
    return split(load_value_model(BaseModelSource(str(save_base(tmp_path / "base", "phi3")))), 1)


def problems(rows=PROGRAMS):
    """One problem for each second token; two tokens of prompt."""
    found = []
    for number in sorted({row[1] for row in rows}):
        mine = [row for row in rows if row[1] == number]
        programs = [TokenizedProgram(np.asarray(row), 2, row[2] % 2 == 0) for row in mine]
        labelled = tuple(LabelledProgram(str(row), row[2] % 2 == 0, "toy") for row in mine)
        problem = LabelledProblem(f"toy/{number}", "train", "toy", "", labelled)
        found.append(ProblemPacks(problem, tuple(build_packs(programs, 100))))
    return found


def read(tail, trunk, items, reading):
    """Per problem the readings and labels of its programs."""
    for item in items:
        (pack,) = item.packs
        logits, _ = run_tail(ValueTail(tail), pack, LiveTrunk(trunk).load(pack), False)
        passed = torch.tensor([item.problem.programs[index].passed for index in pack.programs])
        yield program_readings(logits, pack, reading), passed


@pytest.mark.parametrize("outcome_weight", [0.0, 0.4])
@pytest.mark.parametrize(
    "reading",
    [ReadingSection(mean=0.0), ReadingSection(last=0.0), ReadingSection(last=0.25)],
    ids=["last", "mean", "both"],
)
def test_a_probe_of_pairs_is_the_minimum_of_its_loss(parts, reading, outcome_weight):
    trunk, tail = parts
    config = TrainingSection(probe_ridge=RIDGE, probe="pairs", probe_outcome_weight=outcome_weight, reading=reading)
    found = fit_probe(tail, problems(), LiveTrunk(trunk), config, bfloat16=False)

    margins, outcomes, everything, differences = [], [], [], []
    for values, passed in read(tail, trunk, problems(), reading):
        everything.append(values.detach())
        margins.append((values[passed][:, None] - values[~passed][None]).flatten())
        outcomes.append(torch.nn.functional.binary_cross_entropy_with_logits(values, passed.float()))
    # Every problem counts alike; only two of the three have both labels.
    assert [len(pairs) for pairs in margins] == [2, 1, 0]
    ranking = sum(torch.nn.functional.softplus(-pairs).mean() for pairs in margins[:2]) / 2
    for item in problems()[:2]:
        (pack,) = item.packs
        _, hidden = run_tail(ValueTail(tail), pack, LiveTrunk(trunk).load(pack), False)
        passed = torch.tensor([item.problem.programs[index].passed for index in pack.programs])
        rows = program_readings(hidden, pack, reading)
        differences.append((rows[passed][:, None] - rows[~passed][None]).flatten(0, 1).detach())
    spread = (torch.cat(differences) ** 2).mean(dim=0).sqrt().clamp_min(1e-3)
    head = value_head(tail)
    loss = ranking + RIDGE * ((head.weight[0] * spread) ** 2).sum() + outcome_weight * sum(outcomes) / 3
    assert loss.item() == pytest.approx(found, rel=1e-5)
    assert found < (1 + outcome_weight) * np.log(2)
    loss.backward()
    assert torch.allclose(head.weight.grad[0] / spread, torch.zeros_like(spread), atol=2e-4)
    if outcome_weight:
        assert head.bias.grad.item() == pytest.approx(0.0, abs=2e-4)
    else:
        assert torch.cat(everything).mean().item() == pytest.approx(0.0, abs=1e-5)
    for values, passed in list(read(tail, trunk, problems(), reading))[:2]:
        assert values[passed].min() > values[~passed].max()


def test_unfinished_programs_add_their_losses_with_their_weights(parts):
    trunk, tail = parts
    prefixes = (PrefixWeight(fraction=0.4, weight=0.5), PrefixWeight(fraction=0.6, weight=0.2))
    reading = ReadingSection(last=0.25)
    config = TrainingSection(
        probe_ridge=RIDGE, probe="pairs", probe_outcome_weight=0.4, probe_prefixes=prefixes, reading=reading
    )
    rows = [[7, 3, 50, 61, 62], [7, 3, 60, 51, 62, 63, 64], [7, 3, 52, 50], [7, 3, 53, 61, 50, 51]]
    (item,) = problems(rows)
    found = fit_probe(tail, [item], LiveTrunk(trunk), config, bfloat16=False)
    (pack,) = item.packs
    logits, hidden = run_tail(ValueTail(tail), pack, LiveTrunk(trunk).load(pack), False)
    passed = torch.tensor([item.problem.programs[index].passed for index in pack.programs])
    # Cut to whole tokens, rounded up: 2 to 5 tokens of solution.
    tokens = {0.4: [2, 2, 1, 2], 0.6: [2, 3, 2, 3], 1.0: [3, 5, 2, 4]}
    loss = torch.zeros(())
    for fraction, weight in [(1.0, 1.0), (0.4, 0.5), (0.6, 0.2)]:
        paths = [pack.paths[pack.programs.index(row)][:count] for row, count in enumerate(tokens[fraction])]
        values = torch.stack([0.25 * logits[path[-1]] + logits[path].mean() for path in paths])
        right = torch.tensor([row[2] % 2 == 0 for row in rows])
        margins = (values[right][:, None] - values[~right][None]).flatten()
        loss = loss + weight * torch.nn.functional.softplus(-margins).mean()
        outcomes = torch.nn.functional.binary_cross_entropy_with_logits(values, right.float())
        loss = loss + weight * 0.4 * outcomes
    whole = program_readings(hidden, pack, reading)
    differences = (whole[passed][:, None] - whole[~passed][None]).flatten(0, 1).detach()
    spread = (differences**2).mean(dim=0).sqrt().clamp_min(1e-3)
    head = value_head(tail)
    loss = loss + RIDGE * ((head.weight[0] * spread) ** 2).sum()
    assert loss.item() == pytest.approx(found, rel=1e-5)
    loss.backward()
    assert torch.allclose(head.weight.grad[0] / spread, torch.zeros_like(spread), atol=2e-4)
    assert head.bias.grad.item() == pytest.approx(0.0, abs=2e-4)


def test_one_pair_has_a_known_solution(parts):
    trunk, tail = parts
    rows = [[7, 3, 50], [7, 3, 51]]
    config = TrainingSection(probe_ridge=RIDGE, probe="pairs", reading=ReadingSection(last=0.0))
    fit_probe(tail, problems(rows), LiveTrunk(trunk), config, bfloat16=False)
    ((values, _),) = read(tail, trunk, problems(rows), ReadingSection(last=0.0))
    size = tail.config.hidden_size
    # Each standardised difference is 1 or -1, so that n equal coefficients w solve sigmoid(-n w) = 2 ridge w.
    margin = (values[0] - values[1]).item()
    assert 1 / (1 + np.exp(margin)) == pytest.approx(2 * RIDGE * margin / size, rel=1e-3)


def test_a_probe_of_pairs_needs_a_problem_with_both_labels(parts):
    trunk, tail = parts
    config = TrainingSection(probe_ridge=RIDGE, probe="pairs")
    with pytest.raises(TrainingError, match="a passing and a failing program"):
        fit_probe(tail, problems([[7, 3, 50], [7, 4, 51]]), LiveTrunk(trunk), config, bfloat16=False)


def test_a_probe_of_tokens_is_the_minimum_of_its_loss(parts):
    trunk, tail = parts
    config = msgspec.structs.replace(TrainingSection(probe_ridge=RIDGE), probe="tokens")
    found = fit_probe(tail, problems(), LiveTrunk(trunk), config, bfloat16=False)
    logits, targets, weights, rows = [], [], [], []
    for item in problems():
        (pack,) = item.packs
        values, hidden = run_tail(ValueTail(tail), pack, LiveTrunk(trunk).load(pack), False)
        kept = torch.from_numpy(pack.weights > 0)
        logits.append(values[kept])
        rows.append(hidden[kept].detach())
        targets.append(torch.from_numpy(pack.targets)[kept])
        weights.append(torch.from_numpy(pack.weights)[kept])
    spread = torch.cat(rows).std(dim=0).clamp_min(1e-3)
    shares = torch.cat(weights) / torch.cat(weights).sum()
    loss = torch.nn.functional.binary_cross_entropy_with_logits(
        torch.cat(logits), torch.cat(targets), shares, reduction="sum"
    )
    loss = loss + RIDGE * ((value_head(tail).weight[0] * spread) ** 2).sum()
    assert loss.item() == pytest.approx(found, rel=1e-5)
    assert found < np.log(2)
