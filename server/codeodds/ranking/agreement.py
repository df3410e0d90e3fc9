"""The order of candidates that were run: what they return for the same inputs, and what the model says of them. Pure.

A candidate's agreement is the value of all that do the same as it does::

    agreement_i = sum of p_j over the j with outputs_j = outputs_i, divided by the sum of all p_j

where p is the calibrated probability and outputs are what a candidate returned for every input. It is weighted majority
voting (Li et al., 2023, arXiv 2206.02336, section 3.2), with behaviour in place of the final answer: AlphaCode's
clusters (Li et al., 2022, section 4.6), each as heavy as the model's trust in its members. Nothing in it is tuned.

The order is by the share of examples that pass, then by agreement, then by p. Examples come first because they are the
author's own word on what is right; agreement of candidates and the model's value are estimates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Observed:
    """What one candidate did when it was run."""

    outputs: tuple[str, ...]
    """A mark for each input: equal marks, equal results. One that begins with ``!`` gave no value. Empty if there was
    nothing to call."""

    examples: tuple[bool, ...] = ()
    """For each example of the docstring, whether the candidate returns what is written there."""

    @property
    def fails(self) -> bool:
        """True if no call gave a value."""
        return all(mark.startswith("!") for mark in self.outputs)

    @property
    def examples_passed(self) -> float | None:
        """Share of the examples, None without any."""
        return sum(self.examples) / len(self.examples) if self.examples else None


Place = tuple[float, float, float]
"""Share of examples that pass, agreement, probability: the larger, the better."""


def places(observed: Sequence[Observed | None], probabilities: Sequence[float | None]) -> list[Place | None]:
    """Where each candidate belongs.

    `observed`: of each candidate; None for one that was not run. `probabilities`: of each, None for one that was not
    scored. A candidate is None if it has neither. One that only fails, or was not run, gets no agreement, but its place
    by value; without examples all have the same share of them.
    """
    shares = agreement_shares(observed, probabilities)
    found: list[Place | None] = []
    for one, agreement, probability in zip(observed, shares, probabilities, strict=True):
        if one is None and probability is None:
            found.append(None)
            continue
        passed = None if one is None else one.examples_passed
        found.append((passed or 0.0, agreement or 0.0, probability or 0.0))
    return found


def agreement_shares(observed: Sequence[Observed | None], probabilities: Sequence[float | None]) -> list[float | None]:
    """The agreement of each candidate, in [0, 1]; None for one that was not run or has no output."""
    weights = [probability or 0.0 for probability in probabilities]
    total = sum(weights)
    masses: dict[tuple[str, ...], float] = {}
    for one, weight in zip(observed, weights, strict=True):
        if one is not None:
            masses[one.outputs] = masses.get(one.outputs, 0.0) + weight
    return [
        None if one is None or not one.outputs else 0.0 if one.fails or not total else masses[one.outputs] / total
        for one in observed
    ]
