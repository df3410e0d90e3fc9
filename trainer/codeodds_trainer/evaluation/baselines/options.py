"""Which baselines to measure, and on what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from codeodds_trainer.ground.base_model import BaseModelSource
from codeodds_trainer.ground.errors import RecipeError
from codeodds_trainer.ground.labelled import LabelledProblem
from codeodds_trainer.ground.recipe import read_recipe
from codeodds_trainer.training.dataset import cap_programs, mixed_only
from codeodds_trainer.training.dataset import count_labels as count
from codeodds_trainer.training.fit import load_data
from codeodds_trainer.training.prepare import base_source

BaselineName = Literal["logprob", "probe", "reviewer", "static", "agreement"]
NAMES: tuple[BaselineName, ...] = get_args(BaselineName)
ALL = "all"
NEED_MODEL = frozenset({"logprob", "probe", "reviewer"})

PROBE_PROGRAMS = 4
"""Programs per problem and label that the frozen probe learns from."""


@dataclass(frozen=True, slots=True)
class BaselineOptions:
    """What `measure_baselines` does."""

    names: tuple[BaselineName, ...]
    source: BaseModelSource | None = None
    """The language model; logprob, probe and reviewer need one."""
    max_tokens: int = 4096
    """Longer programs, their prompt included, are not scored by the language model."""
    device: str = "cpu"
    """Where torch computes."""
    train: tuple[LabelledProblem, ...] = ()
    """What the frozen probe is fitted on."""
    validation: tuple[LabelledProblem, ...] = ()
    """What its layer and ridge are chosen on."""
    probe_layers: tuple[int, ...] = ()
    """Layers of the language model that it chooses among, counted from 1; the last alone if empty."""
    states_gb: float = 2.0
    """Most that one run may add to the probe's hidden states on disk."""
    reviewer_problems: int | None = None
    """The reviewer reads at most this many problems of each data set; all if None."""
    reviewer_programs: int | None = None
    """And at most this many programs of each; all if None."""
    workers: int = 1
    """Processes that run programs for agreement."""


def read_options(
    names: Sequence[str],
    recipe: Path | None,
    data: Path,
    *,
    max_tokens: int,
    probe_layers: Sequence[int] = (),
    reviewer_problems: int | None = None,
    reviewer_programs: int | None = None,
    workers: int = 1,
    device: str = "cpu",
) -> BaselineOptions:
    """Options from a command line. `names`: of baselines, or ``all``; without any, a recipe alone asks for logprob.

    `recipe`: its base model is the language model, and its files in the folder `data` are what the probe learns from.

    Raises: RecipeError for an unknown name, a baseline that needs a recipe, or a recipe that cannot be read; DataError
    for a file that cannot be read.
    """
    unknown = sorted(set(names) - {*NAMES, ALL})
    if unknown:
        raise RecipeError(f"--baseline {unknown[0]}: there is no such baseline; choose {', '.join(NAMES)} or {ALL}")
    default: tuple[BaselineName, ...] = () if recipe is None else ("logprob",)
    chosen = tuple(name for name in NAMES if name in names or ALL in names) or default
    if recipe is None:
        needy = [name for name in chosen if name in NEED_MODEL]
        if needy:
            raise RecipeError(
                f"--baseline {needy[0]} needs a language model: name a recipe with that base model by --baseline-recipe"
            )
        return BaselineOptions(chosen, workers=workers)
    read = read_recipe(recipe)
    train: list[LabelledProblem] = []
    validation: list[LabelledProblem] = []
    if "probe" in chosen:
        train, validation, *_ = load_data(read, data)
        train, validation = (
            cap_programs(mixed_only(side, count(side)), PROBE_PROGRAMS) for side in (train, validation)
        )
    return BaselineOptions(
        chosen,
        source=base_source(read),
        max_tokens=max_tokens,
        device=device,
        train=tuple(train),
        validation=tuple(validation),
        probe_layers=tuple(probe_layers),
        reviewer_problems=reviewer_problems,
        reviewer_programs=reviewer_programs,
        workers=workers,
    )
