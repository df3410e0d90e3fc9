"""From a recipe and labelled programs to a trained value model: the stages of ``codeodds-train fit``, top to bottom."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import torch
from transformers import PreTrainedModel

from codeodds_trainer.ground.disk import write_whole
from codeodds_trainer.ground.errors import RecipeError, TrainingError
from codeodds_trainer.ground.generators import check_generators, count_generators, without_generators
from codeodds_trainer.ground.labelled import LabelledProblem, read_problems, sha256
from codeodds_trainer.ground.precision import compute_dtype
from codeodds_trainer.ground.recipe import Recipe, read_recipe
from codeodds_trainer.ground.run_folder import RunFolder
from codeodds_trainer.ground.trie import Pack
from codeodds_trainer.training.dataset import (
    ProblemPacks,
    cap_problems,
    cap_programs,
    count_labels,
    mixed_only,
    pack_problems,
)
from codeodds_trainer.training.environment import record_environment
from codeodds_trainer.training.features import FeatureCache, FeatureSource, LiveTrunk, compute_features, trunk_id
from codeodds_trainer.training.lora import add_adapters
from codeodds_trainer.training.prepare import TOKENIZER_FILE, Base, prepare_base
from codeodds_trainer.training.processes import Processes
from codeodds_trainer.training.train import Trainer
from codeodds_trainer.training.value_model import split

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """How many programs of one generator the recipe leaves out; equal ones of a problem count once."""

    training: int
    validation: int


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
    steps: int
    """Optimiser steps done."""
    stopped_early: bool
    within_problem_auroc: float
    """On the validation problems, of last + mean logit."""
    left_out: dict[str, LeftOut]
    """By generator, where the recipe leaves some out."""
    data: dict[str, str]
    """SHA-256 of every data file."""


@dataclass(frozen=True, slots=True)
class FitOptions:
    """What a run needs to know beside its recipe. None of it changes the result."""

    cache: Path
    """Folder for frozen features."""
    cache_gb: float
    """Most that the features may take on disk, in units of 1,000,000,000 bytes."""
    device: str
    """Where torch computes: cpu, cuda, cuda:1, mps. Several processes share out the devices of that kind."""


def fit(
    recipe_path: Path,
    data: Path,
    run: RunFolder,
    options: FitOptions,
    say: Callable[[str], None] = logger.info,
) -> Summary:
    """Run all stages; each is skipped, or goes on, where an earlier call got to.

    Raises: RecipeError if the run folder holds a run of another recipe; what the stages raise.
    """
    recipe = read_recipe(recipe_path)
    processes = Processes(options.device)
    say = say if processes.is_main else _silent
    with processes.main_first():
        run.root.mkdir(parents=True, exist_ok=True)
        _keep_recipe(recipe_path, run)
        if processes.is_main:
            record_environment(run.environment, processes)

    say("1/4 base model")
    with processes.main_first():
        base = prepare_base(recipe, run.base)

    say("2/4 labelled programs")
    loaded = load_data(recipe, data)
    packs = [pack_all(problems, base, recipe) for problems in (loaded.train, loaded.validation)]
    say(f"training: {_count(packs[0])}; {loaded.one_label} problems of one label left out")
    say(f"validation: {_count(packs[1])}")
    for name, left_out in loaded.left_out.items():
        say(f"left out: {left_out.training:,} programs by {name} of training, {left_out.validation:,} of validation")

    say("3/4 frozen features")
    trunk, tail = trained_parts(base, recipe)
    every = [pack for side in packs for item in side for pack in item.packs]
    features = features_for(trunk, every, recipe, options, processes)
    del trunk

    say("4/4 training")
    trainer = Trainer(tail, recipe.training, features, run.training, processes, base.lm_head())
    best = trainer.fit(*packs)
    if processes.is_main:
        save_model(base, recipe, trainer.state.best_weights, run.model)
    summary = Summary(
        train_problems=len(packs[0]),
        train_programs=sum(len(item.problem.programs) for item in packs[0]),
        one_label_problems=loaded.one_label,
        validation_problems=len(packs[1]),
        validation_programs=sum(len(item.problem.programs) for item in packs[1]),
        base_layers=base.layers,
        steps=trainer.state.step,
        stopped_early=trainer.state.stopped,
        within_problem_auroc=best,
        left_out=loaded.left_out,
        data={file.name: sha256(data / file.name) for file in recipe.data.files},
    )
    if processes.is_main:
        write_whole(run.summary, json.dumps(asdict(summary), indent=2).encode() + b"\n")
    say(f"within-problem AUROC on validation problems: {best:.4f}")
    say(f"the value model is in {run.model}; next: codeodds-train export --run {run.root} --data {data} --out BUNDLE")
    processes.wait()
    return summary


def pack_all(problems: list[LabelledProblem], base: Base, recipe: Recipe) -> list[ProblemPacks]:
    """The problems as tries of tokens, as the recipe wants them."""
    return pack_problems(
        problems,
        base.tokenizer,
        pack_nodes=recipe.training.pack_nodes,
        balance=recipe.data.balance,
        targets=recipe.data.targets,
        position_power=recipe.data.position_power,
    )


def trained_parts(base: Base, recipe: Recipe) -> tuple[PreTrainedModel, PreTrainedModel]:
    """Trunk in the base model's dtype, and tail in float32, with adapters if the recipe asks for them."""
    trunk, tail = split(base.model(), recipe.model.trainable_layers)
    tail.float()
    if recipe.model.lora is not None:
        add_adapters(tail, recipe.model.lora)
    return trunk, tail


def features_for(
    trunk: PreTrainedModel, packs: list[Pack], recipe: Recipe, options: FitOptions, processes: Processes
) -> FeatureSource:
    """The trunk's outputs, computed in the type that the device is fastest in, kept in bfloat16."""
    dtype = compute_dtype(processes.device)
    if not recipe.training.cache_features:
        return LiveTrunk(trunk.to(device=processes.device, dtype=dtype))
    cache = FeatureCache(options.cache, trunk_id(trunk, dtype))
    compute_features(trunk.to(device=processes.device, dtype=dtype), packs, cache, options.cache_gb, processes)
    return cache


def save_model(base: Base, recipe: Recipe, weights: dict[str, torch.Tensor], folder: Path) -> None:
    """Write the value model: the base model, bit by bit, with the trained weights in place of its own.

    Training works on parts that were cast; so the base model is read again. Adapters are merged. Trained weights are
    float32, and the config says so: whoever loads the folder gets the head unrounded.
    """
    model = base.model()
    _, tail = split(model, recipe.model.trainable_layers)
    tail.float()
    adapters = None if recipe.model.lora is None else add_adapters(tail, recipe.model.lora)
    unexpected = tail.load_state_dict(weights, strict=False).unexpected_keys
    if unexpected:
        raise TrainingError(f"the saved state does not fit the recipe: it holds {', '.join(unexpected[:3])}")
    if adapters is not None:
        adapters.merge_and_unload()
    model.config.dtype = torch.float32
    model.save_pretrained(folder)
    (folder / TOKENIZER_FILE).write_bytes((base.folder / TOKENIZER_FILE).read_bytes())


def _keep_recipe(path: Path, run: RunFolder) -> None:
    """One run, one recipe: what its folder holds was made by it."""
    content = path.read_bytes()
    if run.recipe.exists() and run.recipe.read_bytes() != content:
        raise RecipeError(
            f"{run.root} holds a run of another recipe (see {run.recipe}); give this one a folder of its own with --run"
        )
    write_whole(run.recipe, content)


class LoadedData(NamedTuple):
    """What a recipe learns from."""

    train: list[LabelledProblem]
    validation: list[LabelledProblem]
    one_label: int
    """Training problems left out for one label only."""
    left_out: dict[str, LeftOut]
    """Programs left out, by generator."""


def load_data(recipe: Recipe, data: Path) -> LoadedData:
    """Training and validation problems of the recipe, and what was left out of them.

    Raises: DataError for a file that cannot be read, or a generator to leave out that wrote no program.
    """
    section, names = recipe.data, recipe.data.leave_out_generators
    train: list[LabelledProblem] = []
    validation: list[LabelledProblem] = []
    training_counts: Counter[str] = Counter()
    validation_counts: Counter[str] = Counter()
    for file in section.files:
        found = read_problems(data / file.name, section.train_splits)
        training_counts += count_generators(found)
        found = cap_programs(without_generators(found, names), file.max_programs)
        train += cap_problems(found, file.max_problems)
        found = read_problems(data / file.name, section.validation_splits)
        validation_counts += count_generators(found)
        found = cap_programs(without_generators(found, names), file.max_programs)
        validation += cap_problems(found, section.validation_problems)
    known = {*training_counts, *validation_counts}
    check_generators("data.leave_out_generators", names, known, "training and validation")
    kept = mixed_only(train, count_labels(train)) if section.balance else train
    left_out = {name: LeftOut(training_counts[name], validation_counts[name]) for name in names}
    return LoadedData(kept, validation, len(train) - len(kept), left_out)


def _count(packs: list[ProblemPacks]) -> str:
    programs = sum(len(item.problem.programs) for item in packs)
    nodes = sum(len(pack.ids) for item in packs for pack in item.packs)
    return f"{len(packs):,} problems with {programs:,} programs in {nodes:,} trie nodes"


def _silent(_: str) -> None:
    pass
