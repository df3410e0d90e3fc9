"""The commands of a recipe: plan and sweep before anything is trained, and fit."""

from __future__ import annotations

from pathlib import Path

import click

from codeodds_trainer.cli.options import EXISTING_FILE, EXISTING_FOLDER, FOLDER, say


@click.command()
@click.argument("recipe", type=EXISTING_FILE)
@click.option("--base", type=EXISTING_FOLDER, help="Folder with the base model's config.json; the recipe's if absent.")
@click.option(
    "--nodes",
    type=click.IntRange(1),
    default=1_000_000,
    show_default=True,
    help="Trie nodes of the data: distinct prefixes, in tokens. `fit` says how many there are.",
)
@click.option(
    "--processes", type=click.IntRange(1), default=1, show_default=True, help="Devices to spread weights over."
)
@click.option(
    "--tflops",
    type=click.FloatRange(0, min_open=True),
    default=300.0,
    show_default=True,
    help="What one device sustains in bfloat16, in 10^12 operations a second.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def plan(recipe: Path, base: Path | None, nodes: int, processes: int, tflops: float, as_json: bool) -> None:
    """Say what RECIPE needs: memory, disk and time, computed from the base model's config alone.

    \b
    codeodds-train plan models/recipes/phi-4-mini-paper.yaml --nodes 23000000
    codeodds-train plan models/recipes/phi-4-paper.yaml --nodes 23000000 --processes 8
    """
    import json

    from codeodds_trainer.training.plan import plan as make_plan
    from codeodds_trainer.training.plan import render_plan

    found = make_plan(recipe, base, nodes, processes, tflops)
    click.echo(json.dumps(found, indent=2) if as_json else render_plan(found))


@click.command()
@click.argument("recipe", type=EXISTING_FILE)
@click.option("--data", type=EXISTING_FOLDER, required=True, help="Folder with the files that the recipe names.")
@click.option("--run", type=FOLDER, required=True, help="Folder for the results: sweep.jsonl and sweep.md.")
@click.option(
    "--vary",
    "varied",
    multiple=True,
    metavar="NAME=V1,V2",
    help="A name of the recipe and the values to try. Repeat the option: every combination is tried.",
)
@click.option("--folds", type=click.IntRange(2, 100), default=5, show_default=True, help="Of the cross-validation.")
@click.option("--cache", type=FOLDER, default=None, help="Folder for frozen features; RUN/features by default.")
@click.option(
    "--cache-gb", type=float, default=20.0, show_default=True, help="Most that the features may take on disk."
)
@click.option("--device", default="cpu", show_default=True, help="Where torch computes: cpu, cuda, cuda:1, mps.")
def sweep(
    recipe: Path,
    data: Path,
    run: Path,
    varied: tuple[str, ...],
    folds: int,
    cache: Path | None,
    cache_gb: float,
    device: str,
) -> None:
    """Compare variants of RECIPE by cross-validation of their probe: depths, readings, mixtures of data.

    The probe alone is fitted, on the untrained layers, to the problems of the training and
    validation splits. One problem's programs stand on one side, whatever file they come from, and so do one package's
    functions. The table gives the within-problem AUROC of each data set at 25, 50, 75 and 100 % of the tokens, with
    its standard error over problems and their number. A killed sweep goes on when the command is repeated; with other
    values it adds to the table.

    \b
    codeodds-train sweep models/recipes/default.yaml --data DATA --run runs/sweep --vary model.layers=12,14
    codeodds-train sweep RECIPE --data DATA --run runs/sweep --vary training.probe_ridge=0.1,0.3,1 \\
      --vary "training.reading={last: 0, mean: 1},{last: 0.25, mean: 1}"
    """
    from codeodds_trainer.training.fit import FitOptions
    from codeodds_trainer.training.sweep import sweep as run_sweep

    options = FitOptions(cache=cache or run / "features", cache_gb=cache_gb, device=device)
    click.echo(run_sweep(recipe, data, run, varied, folds, options, say))


@click.command()
@click.argument("recipe", type=EXISTING_FILE)
@click.option("--data", type=EXISTING_FOLDER, required=True, help="Folder with the files that the recipe names.")
@click.option("--run", type=FOLDER, required=True, help="Folder for all that this run makes.")
@click.option("--cache", type=FOLDER, default=None, help="Folder for frozen features; RUN/features by default.")
@click.option(
    "--cache-gb", type=float, default=20.0, show_default=True, help="Most that the features may take on disk."
)
@click.option("--device", default="cpu", show_default=True, help="Where torch computes: cpu, cuda, cuda:1, mps.")
def fit(recipe: Path, data: Path, run: Path, cache: Path | None, cache_gb: float, device: str) -> None:
    """Train the value head of RECIPE on labelled programs.

    A killed run goes on when the command is repeated, and ends with the same weights. RUN keeps the recipe, the
    versions and hashes of all that went in, the log (log.jsonl, and for TensorBoard), and the value model.

    \b
    codeodds-train fit models/recipes/default.yaml --data DATA --run runs/default
    tensorboard --logdir runs/default/training/tensorboard

    On several GPUs, replicated or with the weights spread over them:

    \b
    accelerate launch --num_processes 4 -m codeodds_trainer.cli fit RECIPE --data DATA --run RUN --device cuda
    accelerate launch --config_file models/recipes/accelerate/fsdp.yaml -m codeodds_trainer.cli fit ... --device cuda
    """
    from codeodds_trainer.ground.run_folder import RunFolder
    from codeodds_trainer.training.fit import FitOptions
    from codeodds_trainer.training.fit import fit as run_fit

    options = FitOptions(cache=cache or run / "features", cache_gb=cache_gb, device=device)
    run_fit(recipe, data, RunFolder(run), options, say)
