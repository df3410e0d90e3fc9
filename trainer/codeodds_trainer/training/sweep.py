"""Cross-validates the probe of a recipe and of variants of it: the stages of ``codeodds-train sweep``, top to bottom.

A probe takes seconds once the frozen layers have run, so that depths, readings and mixtures of data can be compared on
all problems, where a validation split would be too small to tell them apart.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
from tqdm import tqdm
from transformers import PreTrainedModel

from codeodds_trainer.ground.disk import write_whole
from codeodds_trainer.ground.errors import RecipeError, TrainingError
from codeodds_trainer.ground.metrics import auroc, per_problem
from codeodds_trainer.ground.recipe import Recipe, TrainingSection, read_recipe
from codeodds_trainer.training.dataset import ProblemPacks
from codeodds_trainer.training.faults import fit_faults
from codeodds_trainer.training.features import FeatureSource
from codeodds_trainer.training.fit import FitOptions, features_for, load_data, pack_all, trained_parts
from codeodds_trainer.training.pairs import fit_to_pairs
from codeodds_trainer.training.prepare import prepare_base
from codeodds_trainer.training.probe import fit_probe, read_logits, read_programs, set_to_pairs
from codeodds_trainer.training.processes import Processes

FRACTIONS = (1.0, 0.25, 0.5, 0.75)
"""Of the tokens of each program that a probe is read at; the whole first."""

Variant = Mapping[str, Any]
"""Values by dotted name: ``{"training.probe_ridge": 0.1}``."""


class Figure(msgspec.Struct, frozen=True):
    """AUROC of one data set at one fraction of the tokens."""

    dataset: str
    fraction: float
    mean: float
    """Within problems."""
    standard_error: float | None
    """Over problems; None for one problem."""
    problems: int
    """With both labels."""
    pooled: float | None = None
    """Of all programs together: how well values of different problems compare."""


class Row(msgspec.Struct, frozen=True):
    """What came out for one variant."""

    variant: dict[str, Any]
    folds: int
    recipe: str
    """Name and version."""
    figures: tuple[Figure, ...]


def sweep(
    recipe_path: Path,
    data: Path,
    root: Path,
    varied: Sequence[str],
    folds: int,
    options: FitOptions,
    say: Callable[[str], None],
) -> str:
    """A Markdown table of every combination of `varied`; see `parse_varied`. Variants that ROOT/sweep.jsonl holds
    already are not computed again.

    Raises: RecipeError for a name or value that no recipe can have, or a recipe without a probe; what the stages of
    `fit` raise.
    """
    recipe = read_recipe(recipe_path)
    variants = combinations([parse_varied(text) for text in varied])
    recipes = [vary(recipe, variant) for variant in variants]
    root.mkdir(parents=True, exist_ok=True)
    log = root / "sweep.jsonl"
    name = f"{recipe.name} {recipe.version}"
    rows = _rows(log)
    for number, (variant, changed) in enumerate(zip(variants, recipes, strict=True), 1):
        if any((row.variant, row.folds, row.recipe) == (variant, folds, name) for row in rows):
            continue
        say(f"{number}/{len(variants)} {words(variant)}")
        row = Row(dict(variant), folds, name, cross_validate(changed, data, root, folds, options, say))
        rows.append(row)
        write_whole(log, b"".join(msgspec.json.encode(row) + b"\n" for row in rows))
    table = render(rows)
    write_whole(root / "sweep.md", table.encode() + b"\n")
    return table


def parse_varied(text: str) -> tuple[str, list[Any]]:
    """``model.layers=12,14`` as a dotted name and its values; each value is YAML, lists in brackets.

    Raises: RecipeError for a text of another form.
    """
    name, equals, values = text.partition("=")
    try:
        found = msgspec.yaml.decode(f"[{values}]".encode())
    except msgspec.DecodeError:
        found = []
    if not name.strip() or not equals or not found:
        raise RecipeError(f"--vary {text}: give a name of the recipe and its values: --vary training.probe_ridge=0.1,1")
    return name.strip(), found


def combinations(varied: Sequence[tuple[str, list[Any]]]) -> list[dict[str, Any]]:
    """All of them, the last name's values changing first; one empty variant for nothing varied."""
    names = [name for name, _ in varied]
    return [dict(zip(names, values, strict=True)) for values in itertools.product(*(values for _, values in varied))]


def vary(recipe: Recipe, variant: Variant) -> Recipe:
    """The recipe with other values.

    Raises: RecipeError for a name or value that no recipe can have, or a recipe without a probe.
    """
    content = msgspec.to_builtins(recipe)
    for name, value in variant.items():
        *path, last = name.split(".")
        section = content
        for part in path:
            section = section.get(part) if isinstance(section, dict) else None
        if not isinstance(section, dict):
            raise RecipeError(f"--vary {name}: the recipe has no such section")
        section[last] = value
    try:
        changed = msgspec.convert(content, Recipe)
    except msgspec.ValidationError as error:
        raise RecipeError(f"--vary {words(variant)}: {error}") from error
    if changed.training.probe_ridge is None:
        raise RecipeError("a sweep compares linear probes: set training.probe_ridge")
    return changed


def cross_validate(
    recipe: Recipe, data: Path, root: Path, folds: int, options: FitOptions, say: Callable[[str], None]
) -> tuple[Figure, ...]:
    """Each problem of the training and validation splits, scored by a probe that saw nothing of its group.

    Raises: TrainingError for fewer groups than folds.
    """
    faults = f"-faults-{recipe.model.faults}" if recipe.model.faults else ""
    base = prepare_base(recipe, root / f"base-{recipe.model.layers or 'all'}{faults}")
    loaded = load_data(recipe, data)
    items = pack_all([*loaded.train, *loaded.validation], base, recipe)
    trunk, tail = trained_parts(base, recipe)
    packs = [pack for item in items for pack in item.packs]
    processes = Processes(options.device)
    features = features_for(trunk, packs, recipe, options, processes)
    del trunk
    training = recipe.training
    tail.eval().to(processes.device)
    of_problem = fold_numbers([item.problem.problem_id for item in items], folds)
    held = _held(items)
    fit = (_pairs if training.probe == "pairs" else _tokens)(tail, items, features, training)
    scores = np.zeros((len(FRACTIONS), len(held.problems)))
    for fold in tqdm(range(folds), desc="folds", unit="fold"):
        chosen = np.flatnonzero(of_problem != fold)
        fit(chosen)
        if recipe.model.faults:
            fit_faults(tail, [items[index] for index in chosen], features, training, bfloat16=False)
        held_out = np.flatnonzero(of_problem == fold)
        scores[:, np.isin(held.problems, held_out)] = read_logits(
            tail, [items[index] for index in held_out], features, training.reading, FRACTIONS, bfloat16=False
        )
    return _figures(scores, held.passed, held.problems, items)


class _Held(NamedTuple):
    """What each program is, in the order of the readings."""

    passed: npt.NDArray[np.bool_]
    problems: npt.NDArray[np.int64]


def _held(items: Sequence[ProblemPacks]) -> _Held:
    programs = [
        (item.problem.programs[index].passed, number)
        for number, item in enumerate(items)
        for pack in item.packs
        for index in pack.programs
    ]
    passed, problems = zip(*programs, strict=True)
    return _Held(np.asarray(passed, dtype=np.bool_), np.asarray(problems, dtype=np.int64))


Fit = Callable[[npt.NDArray[np.int64]], None]
"""Sets the head's linear output from the problems of these numbers."""


def _pairs(
    tail: PreTrainedModel, items: Sequence[ProblemPacks], features: FeatureSource, training: TrainingSection
) -> Fit:
    """As `fit` does it, but that every program is read once for all folds."""
    fractions = [1.0, *(prefix.fraction for prefix in training.probe_prefixes)]
    weights = [1.0, *(prefix.weight for prefix in training.probe_prefixes)]
    programs = read_programs(tail, items, features, training.reading, fractions, bfloat16=False)
    ridge = training.probe_ridge or 0.0

    def fit(chosen: npt.NDArray[np.int64]) -> None:
        probe = fit_to_pairs(programs.of(chosen), weights, ridge, training.probe_outcome_weight, training.seed)
        set_to_pairs(tail, probe, training.reading)

    return fit


def _tokens(
    tail: PreTrainedModel, items: Sequence[ProblemPacks], features: FeatureSource, training: TrainingSection
) -> Fit:
    def fit(chosen: npt.NDArray[np.int64]) -> None:
        fit_probe(tail, [items[index] for index in chosen], features, training, bfloat16=False)

    return fit


def fold_numbers(problem_ids: Sequence[str], folds: int) -> npt.NDArray[np.int64]:
    """The fold of each problem, [problems]: the same for all files' programs of one problem, and for all functions of
    one package. Groups are dealt out in an order drawn with a fixed seed.

    Raises: TrainingError for fewer groups than folds.
    """
    groups = [fold_group(problem_id) for problem_id in problem_ids]
    names = sorted(set(groups))
    if len(names) < folds:
        raise TrainingError(f"--folds {folds}: the recipe's problems form {len(names)} groups; give fewer folds")
    order = np.random.default_rng(0).permutation(len(names))
    of_group = {names[place]: number % folds for number, place in enumerate(order.tolist())}
    return np.asarray([of_group[group] for group in groups], dtype=np.int64)


def fold_group(problem_id: str) -> str:
    """What must not stand on both sides: the package of a function (``package/file.py:name``), else the problem."""
    match = re.fullmatch(r"([^/:]+)/[^:]*:.*", problem_id)
    return match.group(1) if match else problem_id


def words(variant: Variant) -> str:
    """A variant in one line."""
    return ", ".join(f"{name} = {json.dumps(value)}" for name, value in variant.items()) or "the recipe itself"


def render(rows: Sequence[Row]) -> str:
    """Markdown: one line for each variant and fraction of the tokens, one column for each data set."""
    datasets = sorted({figure.dataset for row in rows for figure in row.figures})
    lines = [f"| variant | fraction of tokens | {' | '.join(datasets)} |", "|" + "---|" * (len(datasets) + 2)]
    for row in rows:
        for fraction in FRACTIONS:
            found = {figure.dataset: figure for figure in row.figures if figure.fraction == fraction}
            cells = [_cell(found.get(name)) for name in datasets]
            label = f"{row.recipe}, {row.folds} folds: {words(row.variant)}" if fraction == FRACTIONS[0] else ""
            lines.append(f"| {label} | {fraction:.0%} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(figure: Figure | None) -> str:
    if figure is None:
        return "-"
    error = "" if figure.standard_error is None else f" ± {figure.standard_error:.3f}"
    pooled = "" if figure.pooled is None else f", pooled {figure.pooled:.3f}"
    return f"{figure.mean:.3f}{error} ({figure.problems}){pooled}"


def _figures(
    scores: npt.NDArray[np.float64],
    passed: npt.NDArray[np.bool_],
    problems: npt.NDArray[np.int64],
    items: Sequence[ProblemPacks],
) -> tuple[Figure, ...]:
    names = np.asarray([item.problem.dataset for item in items])[problems]
    found = []
    for dataset in sorted(set(names.tolist())):
        here = names == dataset
        for fraction, values in zip(FRACTIONS, scores, strict=True):
            each = per_problem(auroc, values[here], passed[here], problems[here])
            each = each[~np.isnan(each)]
            if len(each):
                error = float(each.std(ddof=1) / np.sqrt(len(each))) if len(each) > 1 else None
                pooled = auroc(values[here], passed[here])
                found.append(Figure(dataset, fraction, float(each.mean()), error, len(each), pooled))
    return tuple(found)


def _rows(log: Path) -> list[Row]:
    if not log.exists():
        return []
    try:
        return [msgspec.json.decode(line, type=Row) for line in log.read_bytes().splitlines()]
    except msgspec.MsgspecError as error:
        raise RecipeError(f"{log} holds no sweep: {error}; give another --run, or remove the file") from error
