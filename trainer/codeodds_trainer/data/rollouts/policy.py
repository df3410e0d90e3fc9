"""What samples completions. Two kinds: a local transformers model, and a server with OpenAI's protocol."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from codeodds_trainer.data.rollouts.scheme import Fork, Sample, Sampling


class Policy(Protocol):
    """A language model that completes code."""

    @property
    def name(self) -> str:
        """Goes into the rows: the model's name."""

    def main_rollouts(self, prompts: Sequence[str], sampling: Sampling, seed: int) -> list[list[Sample]]:
        """`sampling.main_rollouts` samples of each prompt; with tokens and probabilities for the first of each.

        Raises: PolicyError.
        """

    def forked_rollouts(
        self, prompt: str, main: Sample, forks: Sequence[Fork], sampling: Sampling, seed: int
    ) -> list[list[Sample]]:
        """`sampling.rollouts_per_fork` samples from each fork. Their completions hold the fork's prefix.

        Raises: PolicyError.
        """
