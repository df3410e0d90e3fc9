"""From a recipe and labelled programs to a trained value model: the stages of ``codeodds-train fit``, top to bottom."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from codeodds_trainer.data import LabelledProblem, read_problems, sha256
from codeodds_trainer.disk import write_whole
from codeodds_trainer.errors import RecipeError
from codeodds_trainer.recipe import Recipe, read_recipe
from codeodds_trainer.run_folder import RunFolder
from codeodds_trainer.training.dataset import ProblemPacks, cap_programs, count_labels, mixed_only, pack_problems
from codeodds_trainer.training.features import FeatureCache, compute_features, trunk_id
from codeodds_trainer.training.model import split
from codeodds_trainer.training.prepare import TOKENIZER_FILE, prepare_base
from codeodds_trainer.training.train import Trainer

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run reports of itself."""

    train_problems: int
    train_programs: int
    one_label_problems: int
    """Training problems left out because all their programs share one label."""
    validation_problems: int
    validation_programs: int
    base_layers: int
    within_problem_auroc: float
    """On the validation problems, of last + mean logit."""
    data: dict[str, str]
    """SHA-256 of every data file."""


def fit(
    recipe_path: Path,
    data: Path,
    run: RunFolder,
    cache_folder: Path,
    cache_gb: float,
    device: str,
    say: Callable[[str], None] = logger.info,
) -> Summary:
    """Run all stages; each is skipped, or goes on, where an earlier call got to.

    Raises: RecipeError if the run folder holds a run of another recipe; what the stages raise.
    """
    recipe = read_recipe(recipe_path)
    run.root.mkdir(parents=True, exist_ok=True)
    _keep_recipe(recipe_path, run)

    say("1/4 base model")
    model, tokenizer, base_layers = prepare_base(recipe, run.base)

    say("2/4 labelled programs")
    train, validation, one_label = load_data(recipe, data)
    packs = [
        pack_problems(
            problems,
            tokenizer,
            pack_nodes=recipe.training.pack_nodes,
            balance=recipe.data.balance,
            targets=recipe.data.targets,
            position_power=recipe.data.position_power,
        )
        for problems in (train, validation)
    ]
    say(f"training: {_count(packs[0])}; {one_label} problems of one label left out")
    say(f"validation: {_count(packs[1])}")

    say("3/4 frozen features")
    trunk, tail = split(model, recipe.model.trainable_layers)
    cache = FeatureCache(cache_folder, trunk_id(trunk))
    every = [pack for side in packs for item in side for pack in item.packs]
    compute_features(trunk, every, cache, cache_gb, device)

    say("4/4 training")
    best = Trainer(tail, recipe.training, cache, run.training, device).fit(*packs)
    model.to("cpu", dtype=next(tail.parameters()).dtype)
    model.save_pretrained(run.model)
    (run.model / TOKENIZER_FILE).write_bytes((run.base / TOKENIZER_FILE).read_bytes())
    summary = Summary(
        train_problems=len(packs[0]),
        train_programs=sum(len(item.problem.programs) for item in packs[0]),
        one_label_problems=one_label,
        validation_problems=len(packs[1]),
        validation_programs=sum(len(item.problem.programs) for item in packs[1]),
        base_layers=base_layers,
        within_problem_auroc=best,
        data={file.name: sha256(data / file.name) for file in recipe.data.files},
    )
    write_whole(run.summary, json.dumps(asdict(summary), indent=2).encode() + b"\n")
    return summary


def _keep_recipe(path: Path, run: RunFolder) -> None:
    """One run, one recipe: what its folder holds was made by it."""
    content = path.read_bytes()
    if run.recipe.exists() and run.recipe.read_bytes() != content:
        raise RecipeError(
            f"{run.root} holds a run of another recipe (see {run.recipe}); give this one a folder of its own with --run"
        )
    write_whole(run.recipe, content)


def load_data(recipe: Recipe, data: Path) -> tuple[list[LabelledProblem], list[LabelledProblem], int]:
    """Training and validation problems of the recipe, and how many training problems were left out for one label only.

    Raises: DataError for a file that cannot be read.
    """
    section = recipe.data
    train: list[LabelledProblem] = []
    validation: list[LabelledProblem] = []
    for file in section.files:
        train += cap_programs(read_problems(data / file.name, section.train_splits), file.max_programs)
        validation += cap_programs(read_problems(data / file.name, section.validation_splits), file.max_programs)
    kept = mixed_only(train, count_labels(train)) if section.balance else train
    return kept, validation, len(train) - len(kept)


def _count(packs: list[ProblemPacks]) -> str:
    programs = sum(len(item.problem.programs) for item in packs)
    nodes = sum(len(pack.ids) for item in packs for pack in item.packs)
    return f"{len(packs):,} problems with {programs:,} programs in {nodes:,} trie nodes"
