"""``codeodds-train``: from labelled programs to a bundle that the server runs."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import click

from codeodds.errors import CodeoddsError
from codeodds_trainer.data_commands import dataset, judge, problems, rollouts

_FOLDER = click.Path(file_okay=False, path_type=Path)
_EXISTING_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_EXISTING_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
def cli() -> None:
    """Train a value head on a code language model and export it as a codeodds bundle.

    \b
    Labelled programs, from any benchmark and any language model:
      codeodds-train problems BENCHMARK --out P         coding problems, in one form
      codeodds-train rollouts P --model M --out R       programs sampled from a policy, forked where it is unsure
      codeodds-train judge --problems P --rollouts R --out L   which of them pass their tests
      codeodds-train dataset L --problems P --out DATA  splits without leaks, mutants, balance, a page with plots

    \b
    A bundle from them, each step resumable (repeat the command to go on):
      codeodds-train fit RECIPE --data DATA --run RUN       labelled programs -> value model
      codeodds-train export --run RUN --data DATA --out B   value model -> calibrated ONNX bundle
      codeodds-train evaluate --bundle B --data DATA --run RUN   figures on held-out problems -> model card
    """
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    # It warns of the new head, which is the point of the exercise.
    logging.getLogger("transformers.modeling_utils").setLevel(logging.ERROR)


@cli.command()
@click.argument("recipe", type=_EXISTING_FILE)
@click.option("--data", type=_EXISTING_FOLDER, required=True, help="Folder with the files that the recipe names.")
@click.option("--run", type=_FOLDER, required=True, help="Folder for all that this run makes.")
@click.option("--cache", type=_FOLDER, default=None, help="Folder for frozen features; RUN/features by default.")
@click.option(
    "--cache-gb", type=float, default=20.0, show_default=True, help="Most that the features may take on disk."
)
@click.option("--device", default="cpu", show_default=True, help="Where torch computes: cpu, cuda, cuda:1, mps.")
def fit(recipe: Path, data: Path, run: Path, cache: Path | None, cache_gb: float, device: str) -> None:
    """Train the value head of RECIPE on labelled programs."""
    from codeodds_trainer.run_folder import RunFolder
    from codeodds_trainer.training.command import fit as run_fit

    summary = run_fit(recipe, data, RunFolder(run), cache or run / "features", cache_gb, device, _say)
    _say(f"within-problem AUROC on validation problems: {summary.within_problem_auroc:.4f}")
    _say(f"the value model is in {run / 'model'}; next: codeodds-train export --run {run} --data {data} --out BUNDLE")


@cli.command()
@click.option("--run", type=_EXISTING_FOLDER, required=True, help="Folder of a finished `fit`.")
@click.option("--data", type=_EXISTING_FOLDER, required=True, help="The same data; its validation splits calibrate.")
@click.option("--out", type=_FOLDER, required=True, help="Folder of the bundle; replaced when the new one is complete.")
@click.option("--threads", type=int, default=2, show_default=True, help="Threads that score the validation programs.")
def export(run: Path, data: Path, out: Path, threads: int) -> None:
    """Export the value model to ONNX, quantise it, calibrate it and write the bundle."""
    from codeodds_trainer.bundling.command import export_run
    from codeodds_trainer.run_folder import RunFolder

    manifest = export_run(RunFolder(run), data, out, threads, _say)
    size = sum(file.bytes for file in manifest.files) / 1e6
    _say(f"{out}: {manifest.name} {manifest.version}, {len(manifest.files)} files, {size:.0f} MB")


@cli.command()
@click.option("--bundle", type=_EXISTING_FOLDER, required=True, help="The bundle to measure.")
@click.option("--data", type=_EXISTING_FOLDER, required=True, help="Folder with labelled programs.")
@click.option("--run", type=_FOLDER, required=True, help="Folder that keeps scores, so that a killed run goes on.")
@click.option(
    "--files",
    multiple=True,
    default=("mbpp-rollouts-test.jsonl.gz", "mbpp-other-generators.jsonl.gz", "debugbench.jsonl.gz"),
    show_default=True,
    help="Files to report on; repeat the option.",
)
@click.option("--split", default="test", show_default=True, help="Split to report on.")
@click.option(
    "--baseline",
    "baselines",
    multiple=True,
    type=click.Choice(["logprob", "probe", "reviewer", "static", "agreement", "all"]),
    help="Also measure what can be had without the bundle; repeat the option. See below.",
)
@click.option(
    "--baseline-recipe",
    type=_EXISTING_FILE,
    help="Its full base model is the language model of logprob, probe and reviewer. Alone it asks for logprob.",
)
@click.option(
    "--probe-layer",
    "probe_layers",
    type=int,
    multiple=True,
    help="Layer that the probe reads; of several, the best on validation problems. The last by default.",
)
@click.option(
    "--reviewer-problems",
    type=click.IntRange(min=0),
    default=60,
    show_default=True,
    help="The reviewer, the slowest one, reads at most this many problems of a file; 0: all.",
)
@click.option(
    "--reviewer-programs",
    type=click.IntRange(min=0),
    default=6,
    show_default=True,
    help="And at most this many programs of each; 0: all.",
)
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Processes that run programs (agreement).",
)
@click.option("--device", default="cpu", show_default=True, help="Where the baselines' language model computes.")
@click.option(
    "--write/--no-write", default=False, help="Write figures and thresholds into the bundle's manifest and card."
)
@click.option("--threads", type=int, default=2, show_default=True, help="Threads that score.")
def evaluate(
    bundle: Path,
    data: Path,
    run: Path,
    files: tuple[str, ...],
    split: str,
    baselines: tuple[str, ...],
    baseline_recipe: Path | None,
    probe_layers: tuple[int, ...],
    reviewer_problems: int,
    reviewer_programs: int,
    workers: int,
    device: str,
    write: bool,
    threads: int,
) -> None:
    """Measure a bundle on held-out problems, beside chance and shortest, and beside baselines if asked for.

    \b
    Baselines, all within the problems that have both labels:
      logprob    mean and summed log-probability of the program under the full base model
      probe      a linear layer on the frozen base model's hidden states, fitted on the recipe's training programs
      reviewer   log-probability of the task given the program, and coder x reviewer (arXiv 2211.16490)
      static     syntax and undefined names
      agreement  share of the problem's programs that return the same for inputs made from the prompt; runs them
    """
    from codeodds.bundle.loader import load_bundle
    from codeodds_trainer.evaluation.baselines.options import read_options
    from codeodds_trainer.evaluation.command import evaluate_bundle
    from codeodds_trainer.run_folder import RunFolder

    options = read_options(
        baselines,
        baseline_recipe,
        data,
        max_tokens=load_bundle(bundle).manifest.max_tokens,
        probe_layers=probe_layers,
        reviewer_problems=reviewer_problems or None,
        reviewer_programs=reviewer_programs or None,
        workers=workers,
        device=device,
    )
    table = evaluate_bundle(bundle, data, RunFolder(run), files, split, options, write, threads, _say)
    click.echo(table)


for command in (problems, rollouts, judge, dataset):
    cli.add_command(command)


def _say(message: str) -> None:
    click.echo(message, err=True)


def main() -> None:
    """Entry point: a foreseen error is one line on stderr and exit status 2."""
    from codeodds_trainer.disk import storage_reason
    from codeodds_trainer.errors import TrainerError

    try:
        cli(standalone_mode=True)
    except (TrainerError, CodeoddsError) as error:
        click.echo(f"codeodds-train: {error}", err=True)
        sys.exit(2)
    except ModuleNotFoundError as error:
        click.echo(
            f"codeodds-train: the package {error.name} is not installed; install the trainer's extra: "
            "pip install -c constraints.txt -e '.[trainer]'",
            err=True,
        )
        sys.exit(2)
    except Exception as error:
        # Whatever writes a file may find the disk full, each library with an exception of its own.
        reason = storage_reason(error)
        if reason is None:
            raise
        click.echo(
            f"codeodds-train: a file cannot be written or read ({reason}); make room or correct the permissions, then "
            "repeat the command: it goes on where it stopped",
            err=True,
        )
        sys.exit(2)


if __name__ == "__main__":
    main()
