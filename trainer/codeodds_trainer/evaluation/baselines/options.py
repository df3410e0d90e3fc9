"""Which baselines to measure, and on what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from codeodds_trainer.ground.base_model import BaseModelSource
from codeodds_trainer.ground.errors import RecipeError
from codeodds_trainer.ground.recipe import read_recipe
from codeodds_trainer.training.prepare import base_source

BaselineName = Literal["logprob", "static", "agreement"]
NAMES: tuple[BaselineName, ...] = get_args(BaselineName)
ALL = "all"
NEEDS_MODEL: BaselineName = "logprob"


@dataclass(frozen=True, slots=True)
class BaselineOptions:
    """What `measure_baselines` does."""

    names: tuple[BaselineName, ...]
    source: BaseModelSource | None = None
    """The language model, for logprob."""
    max_tokens: int = 4096
    """Longer programs, their prompt included, are not scored by the language model."""
    device: str = "cpu"
    """Where torch computes."""
    workers: int = 1
    """Processes that run programs for agreement."""


def read_options(
    names: Sequence[str],
    recipe: Path | None,
    *,
    max_tokens: int,
    workers: int = 1,
    device: str = "cpu",
) -> BaselineOptions:
    """Options from a command line. `names`: of baselines, or ``all``; without any, a recipe alone asks for logprob.

    `recipe`: its base model is the language model.

    Raises: RecipeError for an unknown name, a baseline that needs a recipe, or a recipe that cannot be read.
    """
    unknown = sorted(set(names) - {*NAMES, ALL})
    if unknown:
        raise RecipeError(f"--baseline {unknown[0]}: there is no such baseline; choose {', '.join(NAMES)} or {ALL}")
    default: tuple[BaselineName, ...] = () if recipe is None else ("logprob",)
    chosen = tuple(name for name in NAMES if name in names or ALL in names) or default
    if recipe is None:
        if NEEDS_MODEL in chosen:
            raise RecipeError(
                f"--baseline {NEEDS_MODEL} needs a language model: name a recipe with that base model by "
                "--baseline-recipe"
            )
        return BaselineOptions(chosen, workers=workers)
    source = base_source(read_recipe(recipe))
    return BaselineOptions(chosen, source=source, max_tokens=max_tokens, device=device, workers=workers)
