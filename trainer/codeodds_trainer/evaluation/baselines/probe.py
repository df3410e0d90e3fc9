"""The frozen probe: a logistic regression on the full base model's hidden states, of which nothing is trained.

A program's features are its hidden state at the last token and the mean over the solution, behind one layer. Layer and
ridge are chosen on validation problems, by within-problem AUROC.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from codeodds_trainer.evaluation.baselines.pooled import PooledStates
from codeodds_trainer.ground.disk import write_whole
from codeodds_trainer.ground.errors import TrainingError
from codeodds_trainer.ground.labelled import LabelledProblem
from codeodds_trainer.ground.metrics import within_problem_auroc
from codeodds_trainer.training.dataset import count_labels

RIDGES = (1e-3, 1e-2, 1e-1, 1.0)
"""Weights of the squared coefficients of standardised features in the mean loss that are tried."""

Floats = npt.NDArray[np.float64]


class FittedProbe(msgspec.Struct, frozen=True, kw_only=True):
    """A linear layer and how it was chosen."""

    layer: int
    ridge: float
    weights: list[float]
    """Of a program's features: hidden state at the last token, then the mean over the solution, [2 * hidden]."""
    bias: float
    validation_auroc: float
    """Within-problem AUROC on the validation problems."""

    def scores(self, features: npt.NDArray[np.floating]) -> Floats:
        """Logits, float64 [programs], of features [programs, 2 * hidden]."""
        return np.asarray(features.astype(np.float64) @ np.asarray(self.weights) + self.bias)


@dataclass(frozen=True, slots=True)
class Programs:
    """Features and labels of the programs of some problems."""

    features: npt.NDArray[np.float32]
    """[programs, 2 * hidden]."""
    labels: npt.NDArray[np.bool_]
    groups: npt.NDArray[np.int64]
    """The problem of each program."""
    weights: Floats
    """Either label has half of its problem's weight; sum 1."""


def gather(problems: Sequence[LabelledProblem], states: PooledStates, layer: int) -> Programs:
    """The stored features of one layer, with labels, problem numbers and balanced weights."""
    counts = count_labels(problems)
    number = {problem_id: index for index, problem_id in enumerate(counts)}
    features, labels, groups, weights = [], [], [], []
    for problem in problems:
        if not problem.programs:
            continue
        features.append(states.load(problem, layer))
        passing, failing = counts[problem.problem_id]
        for program in problem.programs:
            labels.append(program.passed)
            groups.append(number[problem.problem_id])
            weights.append((passing + failing) / (2 * (passing if program.passed else failing)))
    total = np.asarray(weights, dtype=np.float64)
    return Programs(
        np.concatenate(features),
        np.asarray(labels, dtype=np.bool_),
        np.asarray(groups, dtype=np.int64),
        total / total.sum(),
    )


def choose_probe(
    train: Sequence[LabelledProblem],
    validation: Sequence[LabelledProblem],
    states: PooledStates,
    layers: Sequence[int],
    ridges: Sequence[float] = RIDGES,
) -> FittedProbe:
    """Fit one probe for each layer and ridge on the training problems; the best on the validation problems is returned.

    The problems' states must be stored. Equal figures: the first layer, the larger ridge.

    Raises: TrainingError if no training or validation problem has programs of both labels.
    """
    for name, problems in (("training", train), ("validation", validation)):
        if not any(min(counts) for counts in count_labels(problems).values()):
            raise TrainingError(
                f"no {name} problem of the recipe's files has both passing and failing programs; the frozen probe "
                "needs some. Name other files in the recipe, or leave `--baseline probe` out"
            )
    best: FittedProbe | None = None
    for layer in layers:
        known, held_out = gather(train, states, layer), gather(validation, states, layer)
        for ridge in sorted(ridges, reverse=True):
            weights, bias = fit_logistic(known, ridge)
            probe = FittedProbe(layer=layer, ridge=ridge, weights=weights.tolist(), bias=bias, validation_auroc=0.0)
            figure = within_problem_auroc(probe.scores(held_out.features), held_out.labels, held_out.groups)[0]
            if best is None or figure > best.validation_auroc:
                best = msgspec.structs.replace(probe, validation_auroc=figure)
    assert best is not None
    return best


def fit_logistic(programs: Programs, ridge: float) -> tuple[Floats, float]:
    """Weights float64 [features] and bias that minimise the mean loss plus `ridge` times the squared coefficients.

    Features are standardised for the fit; what is returned applies to them as they are.
    """
    center = programs.features.mean(axis=0, dtype=np.float64)
    spread = np.maximum(programs.features.std(axis=0, dtype=np.float64), 1e-3)
    rows = ((programs.features - center) / spread).astype(np.float32)
    signs = np.where(programs.labels, 1.0, -1.0)

    def loss(parameters: Floats) -> tuple[float, Floats]:
        margins = signs * (rows @ parameters[:-1].astype(np.float32) + parameters[-1])
        value = programs.weights @ np.logaddexp(0.0, -margins) + ridge * (parameters[:-1] @ parameters[:-1])
        # The derivative of log(1 + exp(-m)) is -sigmoid(-m), written so that it cannot overflow.
        pull = -signs * programs.weights * np.exp(-np.logaddexp(0.0, margins))
        slope = rows.T @ pull.astype(np.float32) + 2 * ridge * parameters[:-1]
        return float(value), np.append(slope, pull.sum()).astype(np.float64)

    found = minimize(loss, np.zeros(rows.shape[1] + 1), jac=True, method="L-BFGS-B", options={"maxiter": 200})
    weights = found.x[:-1] / spread
    return np.asarray(weights), float(found.x[-1] - weights @ center)


def read_probe(path: Path) -> FittedProbe | None:
    """A probe that an earlier call fitted; None if there is none, or if it cannot be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=FittedProbe)
    except (FileNotFoundError, msgspec.MsgspecError):
        return None


def save_probe(path: Path, probe: FittedProbe) -> None:
    """Raises: OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, msgspec.json.encode(probe))
