"""What to sample from a policy: the paper's forking scheme, and independent sampling.

arXiv 2510.23083: for each problem one main rollout; its 6 lowest-probability tokens are forking tokens; from each of
them 6 rollouts, 36 in all. The prefix before a forking token then has a Monte-Carlo estimate of its value: the share of
its rollouts that pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec

Positive = Annotated[int, msgspec.Meta(ge=1)]

Finish = Literal["end of function", "end of text", "length"]


class Sampling(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How programs are sampled. The defaults are the paper's scheme."""

    main_rollouts: Positive = 1
    """Independent rollouts of each problem; the first is forked."""
    forking_tokens: Annotated[int, msgspec.Meta(ge=0)] = 6
    """Lowest-probability tokens of the first rollout from which others start; 0 samples independently."""
    rollouts_per_fork: Positive = 6
    """Rollouts from each forking token."""
    temperature: Annotated[float, msgspec.Meta(gt=0, le=4)] = 1.0
    min_p: Annotated[float, msgspec.Meta(ge=0, lt=1)] = 0.0
    """Tokens below this share of the most likely one's probability are never taken."""
    top_p: Annotated[float, msgspec.Meta(gt=0, le=1)] = 1.0
    max_tokens: Positive = 512
    """Longest completion."""
    stop_at_function_end: bool = True
    """Stop at the first line after the function; the completion ends before it."""
    seed: int = 0

    @property
    def rollouts(self) -> int:
        """Rollouts of one problem that has enough tokens to fork at."""
        return self.main_rollouts + self.forking_tokens * self.rollouts_per_fork


@dataclass(frozen=True, slots=True)
class Sample:
    """One completion as the policy gave it."""

    completion: str
    finish: Finish
    tokens: tuple[str, ...] = ()
    """The completion's tokens; their texts joined give `completion`. Empty if nobody asked for them."""
    probabilities: tuple[float, ...] = ()
    """The policy's probability of each token at temperature 1, before any of them was ruled out."""
    ids: tuple[int, ...] = ()
    """The tokens' numbers, where the policy has them."""


@dataclass(frozen=True, slots=True)
class Fork:
    """A place in a main rollout at which others branch off."""

    index: int
    """Number of the forking token in the completion; it is not part of the prefix."""
    prefix: str
    """The completion up to the forking token."""
    probability: float
    """The policy's probability of the token that the main rollout took."""


def choose_forks(sample: Sample, count: int) -> list[Fork]:
    """The `count` tokens of lowest probability, in order of place. Shorter completions have fewer."""
    order = sorted(range(len(sample.tokens)), key=lambda index: (sample.probabilities[index], index))
    return [Fork(index, "".join(sample.tokens[:index]), sample.probabilities[index]) for index in sorted(order[:count])]


def cut(text: str, stop_at_function_end: bool) -> tuple[str, bool]:
    """A completion of a function body without what follows the function, and whether anything did.

    The function ends before the first line that is not indented, a comment or a decorator among them. The line end
    before it stays.
    """
    if not stop_at_function_end:
        return text, False
    start = 0
    while (end := text.find("\n", start)) >= 0:
        start = end + 1
        following = text[start : start + 1]
        if following and not following.isspace():
            return text[:start].rstrip("\n") + "\n", True
    return text, False


def cut_tokens(tokens: Sequence[str], length: int) -> int:
    """How many tokens lie within the first `length` characters of their text, a token across the border included."""
    total = 0
    for number, token in enumerate(tokens):
        if total >= length:
            return number
        total += len(token)
    return len(tokens)
