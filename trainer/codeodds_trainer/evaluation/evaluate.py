"""``codeodds-train evaluate``: scores held-out problems, writes a report and the bundle's figures and card."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from codeodds import __version__
from codeodds.bundle.calibration import calibrate_readings
from codeodds.bundle.evaluation import MistakeExample
from codeodds.bundle.loader import load_bundle
from codeodds.bundle.manifest import Manifest, Threshold
from codeodds.engine.scorer import UNMEASURED_LOW_PROBABILITY, open_scorer
from codeodds_trainer.evaluation.baselines.measure import measure_baselines
from codeodds_trainer.evaluation.baselines.options import BaselineOptions
from codeodds_trainer.evaluation.figures.bootstrap import DRAWS
from codeodds_trainer.evaluation.figures.copies import Copies, as_drawn, read_copies
from codeodds_trainer.evaluation.figures.data_set import measure_data_set
from codeodds_trainer.evaluation.figures.examples import choose_examples, read_origins
from codeodds_trainer.evaluation.figures.flagged import measure_flagged
from codeodds_trainer.evaluation.figures.kinds import Kinds, kinds_of
from codeodds_trainer.evaluation.figures.raters import THIS_BUNDLE, Kind, Rater, baseline_raters, bundle_rater
from codeodds_trainer.evaluation.figures.schema import SCHEMA, BundleName, DataSet, Origin, Report, encode
from codeodds_trainer.evaluation.figures.thresholds import PRECISIONS, choose_thresholds, measure_thresholds
from codeodds_trainer.evaluation.report.headline import bundle_figures
from codeodds_trainer.evaluation.report.page import render
from codeodds_trainer.evaluation.report.tables import to_markdown
from codeodds_trainer.export.writer import seal
from codeodds_trainer.ground.disk import write_whole
from codeodds_trainer.ground.errors import DataError, EvaluationError
from codeodds_trainer.ground.generators import check_generators, count_generators, only_generators, without_generators
from codeodds_trainer.ground.labelled import LabelledProblem, read_problems, sha256
from codeodds_trainer.ground.run_folder import RunFolder
from codeodds_trainer.ground.scoring import ScoredSet, hash_of_weights, hash_text, score_problems, validation_store
from codeodds_trainer.training.dataset import sample_programs

VALIDATION_SPLITS = ("valid",)
PROGRAMS_PER_PROBLEM = 8
"""Validation programs of a problem that thresholds are chosen on."""

RESERVED_NAMES = (THIS_BUNDLE, "random", "oracle", "shortest", "longest")


@dataclass(frozen=True, slots=True)
class Request:
    """What to measure, and on what."""

    bundles: Sequence[Path]
    """The bundle of record, then bundles of the same recipe and other seeds."""
    compared: Mapping[str, Path]
    """Other bundles, by the name of their column."""
    data: Path
    files: Sequence[str]
    """Files in `data`. A problem may stand in several; each file is reported by itself."""
    split: str
    baselines: BaselineOptions
    limit: int | None
    """Problems of each file at most."""
    threads: int
    limits: Mapping[str, int] = field(default_factory=dict)
    """The same for some of the files, by their names in `files`; smaller than `limit` or instead of it."""
    baseline_files: Sequence[str] = ()
    """Baselines are measured on these files only; on all if empty."""
    only_generators: Sequence[str] = ()
    """Programs by these generators alone are measured, in the files that have some; all programs if empty."""
    example_files: Sequence[str] = ()
    """Lines of these files may be shown as examples: their licence must allow it."""

    def limit_of(self, file: str) -> int | None:
        """Problems of this file at most; None if all are wanted."""
        return self.limits.get(file, self.limit)

    def store(self, folder: Path) -> Path:
        """Where scores are kept. A store holds a problem's programs together, so some of them have a store of their
        own.
        """
        names = "\0".join(sorted(self.only_generators))
        return folder / f"only-{hash_text(names)}" if names else folder


@dataclass(frozen=True, slots=True)
class MeasuredBundle:
    """A bundle and what it says of the programs of each file."""

    folder: Path
    manifest: Manifest
    weights: str
    scored: dict[str, ScoredSet]


def evaluate_bundle(request: Request, run: RunFolder, out: Path, write: bool, say: Callable[[str], None]) -> str:
    """Measure, write ``report.json``, ``.md`` and ``.html`` into `out`; returns the tables as Markdown.

    With `write`, the bundle of record gets its headline figures and thresholds. Thresholds are chosen on validation
    problems of the files that it was made from, and measured on all reported files together.

    Raises: DataError, EvaluationError, BundleError; what `measure_baselines` raises.
    """
    _check_names(request.compared)
    files = _by_name(request.files)
    _check_files("--baseline-file", request.baseline_files, request.files)
    _check_files("--examples-from", request.example_files, request.files)
    everything = _read(request, files, say)
    files = {name: file for name, file in files.items() if name in everything}
    problems = {name: choose_problems(items, request.limit_of(files[name])) for name, items in everything.items()}
    copies = {name: read_copies(request.data / file, request.split) for name, file in files.items()}
    own, *seeds = [measure_bundle(folder, problems, copies, request, run) for folder in request.bundles]
    _check_seeds([own, *seeds])
    compared = {
        name: measure_bundle(folder, problems, copies, request, run) for name, folder in request.compared.items()
    }
    wanted = {
        name: items for name, items in problems.items() if files[name] in (request.baseline_files or files.values())
    }
    baselines = measure_baselines(wanted, request.baselines, request.store(run.root / "baselines"), say)
    data_sets, kinds = [], {}
    for name, file in files.items():
        scored = own.scored[name]
        say(f"figures of {name}: {len(scored.rows):,} programs of {len(set(scored.groups.tolist())):,} problems")
        raters = [_rater(THIS_BUNDLE, own, scored, name)]
        raters += [_rater(label, bundle, scored, name) for label, bundle in compared.items()]
        raters += baseline_raters(baselines.get(name, {}), scored)
        others = [_rater(THIS_BUNDLE, seed, scored, name) for seed in seeds]
        in_file = len({problem.problem_id for problem in everything[name]})
        origin = Origin(
            name=name,
            file=file,
            sha256=sha256(request.data / file),
            split=request.split,
            problems_in_file=in_file,
            limited=(request.limit_of(file) or in_file) < in_file,
            only_generators=list(request.only_generators),
        )
        kinds[name] = kinds_of(scored, problems[name])
        data_sets.append(measure_data_set(origin, scored, raters, others, problems[name], kinds[name]))
    thresholds = own.manifest.thresholds
    if write:
        thresholds = _thresholds(own, request, run, [data_set.label for data_set in data_sets])
    data_sets = [
        _with_mistakes(data_set, own, thresholds, problems[name], kinds[name], request)
        for data_set in data_sets
        for name in [data_set.origin.name]
    ]
    report = Report(
        schema=SCHEMA,
        package_version=__version__,
        command=shlex.join(["codeodds-train", *sys.argv[1:]]),
        bundle=_name(own),
        other_seeds=[_name(seed) for seed in seeds],
        compared={name: _name(bundle) for name, bundle in compared.items()},
        bootstrap_draws=DRAWS,
        bootstrap_seed=0,
        limit=request.limit,
        data_sets=data_sets,
    )
    markdown = to_markdown(report)
    out.mkdir(parents=True, exist_ok=True)
    write_whole(out / "report.json", encode(report))
    write_whole(out / "report.md", markdown.encode())
    write_whole(out / "report.html", render(report).encode())
    say(f"the page is {out / 'report.html'}")
    if write:
        manifest = msgspec.structs.replace(own.manifest, thresholds=thresholds)
        seal(own.folder, manifest, bundle_figures(data_sets))
        say(f"figures and {len(thresholds)} threshold(s) are in {own.folder}")
    return markdown


def _read(request: Request, files: Mapping[str, str], say: Callable[[str], None]) -> dict[str, list[LabelledProblem]]:
    """The problems of each file, of the wanted generators alone; a file without any is left out.

    Raises: DataError for a file that cannot be read, or a generator that wrote no program in any of them.
    """
    found = {name: read_problems(request.data / file, [request.split]) for name, file in files.items()}
    wanted = request.only_generators
    if not wanted:
        return found
    known = {generator for items in found.values() for generator in count_generators(items)}
    check_generators("--only-generator", wanted, known, f"split {request.split} of {', '.join(request.files)}")
    kept = {name: only_generators(items, wanted) for name, items in found.items()}
    for name, items in kept.items():
        if not items:
            say(f"{files[name]} has no program by {' or '.join(wanted)}: not reported")
    return {name: items for name, items in kept.items() if items}


def choose_problems(problems: Sequence[LabelledProblem], limit: int | None) -> list[LabelledProblem]:
    """The programs of at most `limit` problems: always the same ones, by a hash of their id."""
    if limit is None:
        return list(problems)
    ids = sorted({problem.problem_id for problem in problems}, key=hash_text)
    kept = set(ids[:limit])
    return [problem for problem in problems if problem.problem_id in kept]


def measure_bundle(
    folder: Path,
    problems: Mapping[str, Sequence[LabelledProblem]],
    copies: Mapping[str, Copies],
    request: Request,
    run: RunFolder,
) -> MeasuredBundle:
    """Score the programs of every file, each once; what the run's stores hold already is not scored again.

    Raises: BundleError, or DataError if a file has no program to score.
    """
    manifest = load_bundle(folder).manifest
    scorer = open_scorer(folder, threads=request.threads)
    weights = hash_of_weights(manifest)
    scored = {}
    for name, items in problems.items():
        distinct = score_problems(scorer, items, request.store(run.scores) / f"{name}-{weights}.jsonl")
        scored[name] = as_drawn(distinct, copies[name])
        if not scored[name].rows:
            raise DataError(
                f"{name} in {request.data}: no program of split `{request.split}` can be scored; name another file "
                "with --files or another split with --split"
            )
    return MeasuredBundle(folder, manifest, weights, scored)


def _rater(label: str, bundle: MeasuredBundle, programs: ScoredSet, name: str) -> Rater:
    kind: Kind = "bundle" if label == THIS_BUNDLE else "compared"
    return bundle_rater(label, kind, bundle.scored[name], programs, bundle.manifest.calibration)


def _with_mistakes(
    data_set: DataSet,
    own: MeasuredBundle,
    thresholds: Sequence[Threshold],
    problems: Sequence[LabelledProblem],
    kinds: Kinds,
    request: Request,
) -> DataSet:
    """With what is flagged of each kind of mistake and, if this file's lines may be shown, examples."""
    scored = own.scored[data_set.origin.name]
    probabilities = _probabilities(own, scored)
    examples: list[MistakeExample] = []
    if data_set.origin.file in request.example_files:
        origins = read_origins(request.data / data_set.origin.file)
        examples = choose_examples(data_set.label, scored, kinds, probabilities, problems, origins)
    # Front ends have a threshold of their own for a bundle without any.
    levels = [row.probability for row in thresholds] or [UNMEASURED_LOW_PROBABILITY]
    flagged = measure_flagged(scored, kinds, probabilities, levels)
    return msgspec.structs.replace(data_set, flagged=flagged, examples=examples)


def _probabilities(own: MeasuredBundle, scored: ScoredSet) -> npt.NDArray[np.float64]:
    return calibrate_readings(own.manifest.calibration, scored.last, scored.mean, scored.tokens)


def _thresholds(own: MeasuredBundle, request: Request, run: RunFolder, labels: Sequence[str]) -> list[Threshold]:
    """Chosen on validation programs in the mix in which the files hold them, measured on all reported programs.

    Raises: DataError if a file that the bundle was made from is not there.
    """
    problems: list[LabelledProblem] = []
    for source in own.manifest.sources:
        if ".jsonl" in source.name:
            found = read_problems(request.data / source.name, VALIDATION_SPLITS)
            found = without_generators(found, own.manifest.left_out_generators)
            problems += sample_programs(choose_problems(found, request.limit), PROGRAMS_PER_PROBLEM)
    scorer = open_scorer(own.folder, threads=request.threads)
    valid = score_problems(scorer, problems, validation_store(run.scores, own.manifest))
    # What a threshold states must hold on each data set.
    datasets = [row.dataset for row in valid.rows]
    chosen = choose_thresholds(_probabilities(own, valid), valid.labels, PRECISIONS, datasets)
    everything = ScoredSet([row for items in own.scored.values() for row in items.rows])
    measured_on = f"split {request.split} of {', '.join(labels)}; of these, the data set where it is lowest"
    datasets = [row.dataset for row in everything.rows]
    return measure_thresholds(chosen, _probabilities(own, everything), everything.labels, measured_on, datasets)


def _by_name(files: Sequence[str]) -> dict[str, str]:
    """The files by the name of their data set."""
    named: dict[str, str] = {}
    for file in files:
        name = file.split(".")[0]
        if name in named:
            raise EvaluationError(f"--files {file}: {named[name]} is called {name} too; rename one of them")
        named[name] = file
    return named


def _check_files(option: str, names: Sequence[str], files: Sequence[str]) -> None:
    unknown = [name for name in names if name not in files]
    if unknown:
        raise EvaluationError(f"{option} {unknown[0]}: not among --files; name one of {', '.join(files)}")


def _check_names(compared: Mapping[str, Path]) -> None:
    taken = [name for name in compared if name in RESERVED_NAMES]
    if taken:
        raise EvaluationError(f"--compare {taken[0]}=..: this name is another column's; give another name")


def _check_seeds(bundles: Sequence[MeasuredBundle]) -> None:
    first: dict[str, Path] = {}
    for bundle in bundles:
        if bundle.weights in first:
            raise EvaluationError(
                f"--bundle {bundle.folder} has the weights of {first[bundle.weights]}; repeat --bundle only for "
                "bundles that were trained with other seeds"
            )
        first[bundle.weights] = bundle.folder


def _name(bundle: MeasuredBundle) -> BundleName:
    manifest = bundle.manifest
    calibration = msgspec.to_builtins(manifest.calibration)
    return BundleName(
        name=manifest.name, version=manifest.version, weights_sha256=bundle.weights, calibration=calibration
    )
