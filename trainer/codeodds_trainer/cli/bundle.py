"""The commands that make and measure a bundle: quantize, export, evaluate."""

from __future__ import annotations

from pathlib import Path

import click

from codeodds_trainer.cli.options import EXISTING_FILE, EXISTING_FOLDER, FOLDER, say


@click.command()
@click.option("--run", type=EXISTING_FOLDER, required=True, help="Folder of a finished `fit`.")
@click.option("--data", type=EXISTING_FOLDER, required=True, help="The same data; its validation splits are scored.")
@click.option(
    "--variant",
    "variants",
    multiple=True,
    help="float32, or BITSbit-bBLOCK with 4 or 8 bits: 4bit-b64. Repeat the option; four common ones by default.",
)
@click.option("--threads", type=int, default=2, show_default=True, help="Threads that score.")
def quantize(run: Path, data: Path, variants: tuple[str, ...], threads: int) -> None:
    """Compare ways to store the weights: size, quality lost, time.

    Each variant scores the same validation programs as float32 does. The table says which of them `export` would
    release. It is also written to RUN/quantization.md and .json. Minutes per variant; a killed call goes on where it
    stopped.
    """
    from codeodds_trainer.export.quantization import parse_variant
    from codeodds_trainer.export.quantize_run import DEFAULT_VARIANTS, quantize_run
    from codeodds_trainer.ground.run_folder import RunFolder

    chosen = [parse_variant(name) for name in variants] or list(DEFAULT_VARIANTS)
    click.echo(quantize_run(RunFolder(run), data, chosen, threads, say))


@click.command()
@click.option("--run", type=EXISTING_FOLDER, required=True, help="Folder of a finished `fit`.")
@click.option("--data", type=EXISTING_FOLDER, required=True, help="The same data; its validation splits calibrate.")
@click.option("--out", type=FOLDER, required=True, help="Folder of the bundle; replaced when the new one is complete.")
@click.option("--variant", help="How to store the weights, as `quantize` names it; as the recipe says by default.")
@click.option("--threads", type=int, default=2, show_default=True, help="Threads that score the validation programs.")
def export(run: Path, data: Path, out: Path, variant: str | None, threads: int) -> None:
    """Export the value model to ONNX, quantise it, check what that cost, calibrate it and write the bundle.

    A bundle that ranks or predicts worse than float32 by more than 0.01 is not written, and OUT stays as it was.
    """
    from codeodds_trainer.export.export_run import export_run
    from codeodds_trainer.export.quantization import parse_variant
    from codeodds_trainer.ground.run_folder import RunFolder

    chosen = None if variant is None else parse_variant(variant)
    manifest = export_run(RunFolder(run), data, out, chosen, threads, say)
    size = sum(file.bytes for file in manifest.files) / 1e6
    say(f"{out}: {manifest.name} {manifest.version}, {len(manifest.files)} files, {size:.0f} MB")


def _named_bundles(_context: click.Context, _option: click.Parameter, values: tuple[str, ...]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for value in values:
        name, equals, folder = value.partition("=")
        if not (name and equals and Path(folder).is_dir()) or name in found:
            raise click.BadParameter(f"{value!r} is not NAME=BUNDLE with a new name and the folder of a bundle")
        found[name] = Path(folder)
    return found


def _limited_files(
    _context: click.Context, _option: click.Parameter, values: tuple[str, ...]
) -> list[tuple[str, int | None]]:
    found: list[tuple[str, int | None]] = []
    for value in values:
        name, equals, number = value.partition("=")
        if equals and not (number.isdecimal() and int(number) > 0):
            raise click.BadParameter(f"{value!r} is not FILE or FILE=N with a number of problems from 1 on")
        found.append((name, int(number) if equals else None))
    return found


@click.command()
@click.option(
    "--bundle",
    "bundles",
    type=EXISTING_FOLDER,
    required=True,
    multiple=True,
    help="The bundle to measure. Repeat it for bundles of the same recipe with other seeds: figures then show the "
    "spread over seeds. --write writes the first.",
)
@click.option(
    "--compare",
    "compared",
    multiple=True,
    metavar="NAME=BUNDLE",
    callback=_named_bundles,
    help="Another bundle, such as a frozen probe, as a column of this name; repeat the option.",
)
@click.option("--data", type=EXISTING_FOLDER, required=True, help="Folder with labelled programs.")
@click.option("--run", type=FOLDER, required=True, help="Folder that keeps scores, so that a killed run goes on.")
@click.option("--out", type=FOLDER, help="Folder for report.html, .md and .json; RUN/evaluation by default.")
@click.option(
    "--files",
    multiple=True,
    default=("mbpp-rollouts-test.jsonl.gz", "mbpp-other-generators.jsonl.gz", "debugbench.jsonl.gz"),
    show_default=True,
    metavar="FILE[=N]",
    callback=_limited_files,
    help="Files to report on, each with the number of its problems if not all; repeat the option.",
)
@click.option("--split", default="test", show_default=True, help="Split to report on.")
@click.option(
    "--baseline",
    "baselines",
    multiple=True,
    type=click.Choice(["logprob", "static", "agreement", "all"]),
    help="Also measure what can be had without the bundle; repeat the option. See below.",
)
@click.option(
    "--baseline-file", "baseline_files", multiple=True, help="Only measure baselines on this file; repeatable."
)
@click.option(
    "--only-generator",
    "only_generators",
    multiple=True,
    metavar="NAME",
    help="Only programs by this generator, for example one that the recipe leaves out; repeatable.",
)
@click.option(
    "--examples-from",
    "example_files",
    multiple=True,
    metavar="FILE",
    help="Show lines of this file as examples in the report and, with --write, in the bundle. Its licence must "
    "allow it; repeatable.",
)
@click.option(
    "--baseline-recipe",
    type=EXISTING_FILE,
    help="Its full base model is the language model of logprob. Alone it asks for logprob.",
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
    "--limit",
    type=click.IntRange(min=1),
    help="Only this many problems of each file, always the same ones: rough figures on a slow machine.",
)
@click.option("--write/--no-write", default=False, help="Write figures, thresholds and the model card into the bundle.")
@click.option("--threads", type=int, default=2, show_default=True, help="Threads that score.")
def evaluate(
    bundles: tuple[Path, ...],
    compared: dict[str, Path],
    data: Path,
    run: Path,
    out: Path | None,
    files: list[tuple[str, int | None]],
    split: str,
    baselines: tuple[str, ...],
    baseline_files: tuple[str, ...],
    only_generators: tuple[str, ...],
    example_files: tuple[str, ...],
    baseline_recipe: Path | None,
    workers: int,
    device: str,
    limit: int | None,
    write: bool,
    threads: int,
) -> None:
    """Measure a bundle on held-out problems, beside chance, lengths, other bundles, and baselines if asked for.

    Writes a page with plots and the paper's figures beside, its tables as Markdown, and every figure with its 95 %
    interval as JSON.

    \b
    Baselines, all within the problems that have both labels:
      logprob    mean and summed log-probability of the program under the full base model
      static     syntax and undefined names
      agreement  share of the problem's programs that return the same for inputs made from the prompt; runs them
    """
    from codeodds.bundle.loader import load_bundle
    from codeodds_trainer.evaluation.baselines.options import read_options
    from codeodds_trainer.evaluation.evaluate import Request, evaluate_bundle
    from codeodds_trainer.ground.run_folder import RunFolder

    options = read_options(
        baselines,
        baseline_recipe,
        max_tokens=load_bundle(bundles[0]).manifest.max_tokens,
        workers=workers,
        device=device,
    )
    names = [name for name, _ in files]
    limits = {name: number for name, number in files if number is not None}
    request = Request(
        bundles,
        compared,
        data,
        names,
        split,
        options,
        limit,
        threads,
        limits,
        baseline_files,
        only_generators,
        example_files,
    )
    click.echo(evaluate_bundle(request, RunFolder(run), out or run / "evaluation", write, say))
