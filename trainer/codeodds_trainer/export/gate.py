"""The release gate: what storing the weights in fewer bits costs, and whether that is little enough.

Both graphs score the same validation programs through the engine. Their probabilities come from a Platt scaling each,
fitted on one half of the problems and measured on the other, both ways round.
"""

from __future__ import annotations

import hashlib
import statistics
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from codeodds.bundle.calibration import calibrate_readings
from codeodds.bundle.loader import Bundle, load_bundle
from codeodds.engine.onnx import OnnxModel
from codeodds.engine.scorer import CHUNK_TOKENS, MIN_RUN_TOKENS, OnnxScorer
from codeodds.errors import UnitError
from codeodds.types import ScoringUnit
from codeodds_trainer.export.calibrate import fit_platt
from codeodds_trainer.export.golden_units import GOLDEN_UNITS
from codeodds_trainer.export.quantization import Variant
from codeodds_trainer.ground.errors import ExportError
from codeodds_trainer.ground.generators import without_generators
from codeodds_trainer.ground.labelled import LabelledProblem, read_problems
from codeodds_trainer.ground.metrics import auroc, per_problem
from codeodds_trainer.ground.recipe import Recipe
from codeodds_trainer.ground.scoring import ScoredSet, score_problems
from codeodds_trainer.training.dataset import cap_programs

MAX_AUROC_LOSS = 0.01
"""Within-problem AUROC of float32 minus that of the variant."""
MAX_ECE_LOSS = 0.01
"""Calibration error of the variant minus that of float32."""
MAX_CHUNKING = 1e-6
"""Largest difference of a logit between two ways in which the engine may cut the same text into runs."""
CHUNKS = (2, 3, 16, 1 << 20)
"""Tokens per run that are compared with the engine's own choice; the last takes each text whole."""
CHUNKED_UNITS, CHUNKED_TOKENS = 6, 200
"""How many programs are cut in all these ways, and how long they may be: runs of 2 tokens take their time."""
GROWING_STEPS = 10
TIMED_TOKENS = 256
REPEATS = 7
BINS = 15


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """One variant beside float32."""

    variant: str
    bytes: int
    """Graph and weights on disk."""
    problems: int
    mixed_problems: int
    """Problems with both labels: only these have an AUROC."""
    programs: int
    auroc: float
    """Within-problem AUROC of the calibrated probability."""
    auroc_loss: float
    auroc_loss_error: float
    """Standard error of that loss, over problems; both graphs score the same programs."""
    ece: float
    """Calibration error in bins that float32's probabilities deal out; see `error_in_bins_of`."""
    ece_loss: float
    top1_flips: float
    """Share of mixed problems whose best-scored program is another one than with float32."""
    logit_difference: float
    """Mean absolute difference of a logit from float32's, over all solution tokens."""
    chunking: float
    """Largest difference of a logit between two chunkings."""
    prefill_ms: float
    """Median time of 256 tokens, in runs as the engine makes them."""
    token_ms: float
    """Median time of one more token behind them; the engine runs it together with the one before."""
    objections: list[str]
    """Why it is not released; empty if it is."""


def choose_problems(recipe: Recipe, data: Path) -> list[LabelledProblem]:
    """The validation problems that decide, at most `gate_problems` by the hash of their names, each with at most
    `gate_programs` programs per label.

    Raises: DataError for a file that cannot be read.
    """
    problems: list[LabelledProblem] = []
    for file in recipe.data.files:
        found = read_problems(data / file.name, recipe.data.validation_splits)
        found = without_generators(found, recipe.data.leave_out_generators)
        problems += cap_programs(found, recipe.export.gate_programs)
    names = sorted({problem.problem_id for problem in problems}, key=_hash)[: recipe.export.gate_problems]
    chosen = set(names)
    return [problem for problem in problems if problem.problem_id in chosen]


def score_draft(folder: Path, problems: Sequence[LabelledProblem], scores: Path, threads: int) -> ScoredSet:
    """Score the programs with a draft, through the engine. Resumable: `scores` is a folder of stores.

    A store's name holds the hash of the weights and of the choice of programs, so that a changed graph or recipe is
    scored again.
    """
    bundle, model = open_draft(folder, threads)
    digest = hashlib.sha256()
    for file in bundle.manifest.files:
        if file.path.endswith((".onnx", ".bin")) or file.path == bundle.manifest.tokenizer:
            digest.update(file.sha256.encode())
    for problem in problems:
        digest.update(repr((problem.problem_id, problem.prompt, problem.programs)).encode("utf-8", "backslashreplace"))
    store = scores / f"gate-{folder.name}-{digest.hexdigest()[:12]}.jsonl"
    return score_problems(OnnxScorer(bundle, model), problems, store)


def open_draft(folder: Path, threads: int) -> tuple[Bundle, OnnxModel]:
    """A draft and its runtime. It was hashed when it was written."""
    bundle = load_bundle(folder, verify_hashes=False)
    return bundle, OnnxModel(bundle.graph_path, bundle.manifest.graph, threads)


def measure(
    variant: Variant,
    folder: Path,
    scored: ScoredSet,
    reference: ScoredSet,
    problems: Sequence[LabelledProblem],
    threads: int,
) -> Figures:
    """All figures of a draft. `scored` and `reference`: the same programs, by the draft and by float32.

    Raises: ExportError if the programs cannot decide anything.
    """
    _check_programs(reference)
    values, wanted = cross_calibrated(scored), cross_calibrated(reference)
    labels, groups = reference.labels, reference.groups
    each, each_wanted = (per_problem(auroc, probabilities, labels, groups) for probabilities in (values, wanted))
    area, area_wanted = float(np.nanmean(each)), float(np.nanmean(each_wanted))
    error, error_wanted = (error_in_bins_of(wanted, probabilities, labels) for probabilities in (values, wanted))
    bundle, model = open_draft(folder, threads)
    prefill_ms, token_ms = measure_time(bundle, model)
    figures = Figures(
        variant=variant.name,
        bytes=sum(file.bytes for file in bundle.manifest.files if file.path.endswith((".onnx", ".bin"))),
        problems=len(set(groups.tolist())),
        mixed_problems=int(np.isfinite(each_wanted).sum()),
        programs=len(labels),
        auroc=round(area, 5),
        auroc_loss=round(area_wanted - area, 5),
        auroc_loss_error=round(float(np.nanstd(each_wanted - each) / np.isfinite(each).sum() ** 0.5), 5),
        ece=round(error, 5),
        ece_loss=round(error - error_wanted, 5),
        top1_flips=round(_flips(values, wanted, labels, groups), 4),
        logit_difference=round(_logit_difference(scored, reference), 5),
        chunking=measure_chunking(bundle, model, problems),
        prefill_ms=round(prefill_ms, 1),
        token_ms=round(token_ms, 1),
        objections=[],
    )
    return msgspec.structs.replace(figures, objections=objections(figures))


def objections(figures: Figures) -> list[str]:
    """Each limit that the figures break, in words."""
    found = []
    for name, value, error, limit in (
        ("within-problem AUROC falls by", figures.auroc_loss, f" ± {figures.auroc_loss_error:.2g}", MAX_AUROC_LOSS),
        ("calibration error (ECE) rises by", figures.ece_loss, "", MAX_ECE_LOSS),
        ("logits depend on the chunking by", figures.chunking, "", MAX_CHUNKING),
    ):
        # A NaN is no pass.
        if not value <= limit:
            found.append(f"{name} {value:.3g}{error} (at most {limit:g})")
    return found


def cross_calibrated(scored: ScoredSet) -> npt.NDArray[np.float64]:
    """The probability of each program by a Platt scaling that was fitted on the other half of the problems."""
    half = halves(scored)
    values = np.zeros(len(half), dtype=np.float64)
    for inside in (half, ~half):
        found = fit_platt(scored.last[~inside], scored.mean[~inside], scored.labels[~inside], "the other half")
        values[inside] = calibrate_readings(found, scored.last[inside], scored.mean[inside], scored.tokens[inside])
    return values


def error_in_bins_of(
    dealing: npt.NDArray[np.float64], values: npt.NDArray[np.float64], labels: npt.NDArray[np.bool_], bins: int = BINS
) -> float:
    """Mean distance between predicted and observed probability over bins of equal count, dealt out by `dealing`.

    With `dealing` = `values` it is the usual error (Nixon et al., 2019). Two graphs are compared in the bins of one: a
    program that crosses a border between bins moves the usual error more than the weights do. (On 420 programs it
    moved by -0.005 to 0.025, depending on the number of bins, where probabilities moved by 0.004 on average.)
    """
    parts = np.array_split(np.argsort(dealing, kind="stable"), min(bins, len(dealing)))
    return float(sum(len(part) * abs(values[part].mean() - labels[part].mean()) for part in parts) / len(values))


def halves(scored: ScoredSet) -> npt.NDArray[np.bool_]:
    """Which half of the problems a program's belongs to; problems are dealt out in order of the hash of their names."""
    names = sorted({row.problem_id for row in scored.rows}, key=_hash)
    second = set(names[::2])
    return np.asarray([row.problem_id in second for row in scored.rows], dtype=np.bool_)


def measure_chunking(bundle: Bundle, model: Any, problems: Sequence[LabelledProblem]) -> float:
    """The largest difference of a logit, over a few programs, between the ways in which the engine may run them: chunks
    of different sizes without a cache, and a program that grows on a cached prefix.
    """
    worst = 0.0
    for unit in _units_to_chunk(bundle, problems):
        wanted = OnnxScorer(bundle, model, memory_limit_mb=0).score(unit).raw
        for size in CHUNKS:
            found = OnnxScorer(bundle, model, memory_limit_mb=0, chunk_tokens=size).score(unit).raw
            worst = max(worst, _largest(found, wanted))
        growing = OnnxScorer(bundle, model)
        for end in np.linspace(len(unit.solution) // 2, len(unit.solution), GROWING_STEPS, endpoint=False):
            with suppress(UnitError):
                growing.score(ScoringUnit(unit.problem, unit.solution[: int(end)]))
        worst = max(worst, _largest(growing.score(unit).raw, wanted))
    return worst


def _units_to_chunk(bundle: Bundle, problems: Sequence[LabelledProblem]) -> list[ScoringUnit]:
    units = [ScoringUnit(problem.prompt, problem.programs[0].completion) for problem in problems if problem.programs]
    found = []
    for unit in [*GOLDEN_UNITS[:1], *sorted(units, key=lambda unit: _hash(unit.text))]:
        try:
            tokens = len(bundle.tokenizer.encode(unit).ids)
        except UnitError:
            continue
        if tokens <= CHUNKED_TOKENS:
            found.append(unit)
    return found[:CHUNKED_UNITS]


def measure_time(bundle: Bundle, model: Any) -> tuple[float, float]:
    """Median milliseconds of 256 tokens, and of one more. Fewer where the safe context is shorter."""
    unit = bundle.tokenizer.encode(GOLDEN_UNITS[0]).ids
    ids = np.resize(unit, min(TIMED_TOKENS, bundle.manifest.max_tokens - 1) + 1)
    prefill, token = [], []
    for _ in range(REPEATS):
        start = time.perf_counter()
        memory = model.empty_memory()
        for first in range(0, len(ids) - 1, CHUNK_TOKENS):
            _, memory = model.run(ids[None, first : min(first + CHUNK_TOKENS, len(ids) - 1)], memory)
        prefill.append(time.perf_counter() - start)
        memory = memory.cut(len(ids) - MIN_RUN_TOKENS)
        start = time.perf_counter()
        model.run(ids[None, -MIN_RUN_TOKENS:], memory)
        token.append(time.perf_counter() - start)
    return 1000 * statistics.median(prefill), 1000 * statistics.median(token)


def _check_programs(reference: ScoredSet) -> None:
    half = halves(reference)
    problem = None
    if not len(reference.rows):
        problem = "there are none"
    elif any(len(set(reference.labels[side].tolist())) < 2 for side in (half, ~half)):
        problem = "half of their problems have one label only"
    elif not np.isfinite(per_problem(auroc, reference.last, reference.labels, reference.groups)).any():
        problem = "no problem has programs of both labels"
    if problem is not None:
        raise ExportError(
            f"the validation programs cannot decide about a release: {problem}; add labelled programs to a validation "
            "split, or raise export.gate_programs and export.gate_problems in the recipe"
        )


def _flips(values: Any, wanted: Any, labels: npt.NDArray[np.bool_], groups: npt.NDArray[np.int64]) -> float:
    flips = []
    for group in np.unique(groups):
        inside = groups == group
        if len(set(labels[inside].tolist())) == 2:
            flips.append(int(values[inside].argmax()) != int(wanted[inside].argmax()))
    return float(np.mean(flips))


def _logit_difference(scored: ScoredSet, reference: ScoredSet) -> float:
    differences = [
        np.abs(np.asarray(one.values) - np.asarray(other.values))
        for one, other in zip(scored.rows, reference.rows, strict=True)
    ]
    return float(np.concatenate(differences).mean())


def _largest(found: npt.NDArray[np.floating], wanted: npt.NDArray[np.floating]) -> float:
    return float(np.abs(found.astype(np.float64) - wanted.astype(np.float64)).max())


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
