"""The commands that make labelled programs: problems, rollouts, judge, dataset, packages, mutants."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from codeodds_trainer.cli.options import EXISTING_FILE, say

_PATH = click.Path(path_type=Path)
_WORKERS = click.option(
    "--workers", type=click.IntRange(1, 256), default=None, help="Judging processes; one for each core by default."
)

_RAY = click.option(
    "--ray", default=None, metavar="ADDRESS|auto", help="Spread the work over a Ray cluster with Ray Data."
)


def _cores(workers: int | None) -> int:
    affinity = getattr(os, "sched_getaffinity", None)
    return workers or (len(affinity(0)) if affinity else os.cpu_count() or 1)


@click.command()
@click.argument("benchmark", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--layout",
    type=click.Choice(["apps", "mbpp", "humaneval", "livecodebench", "own"]),
    required=True,
    help="How the benchmark is laid out; `own` is what this command writes.",
)
@click.option("--out", type=_PATH, required=True, help="JSON-lines file of problems to write.")
@click.option("--split", default="train", show_default=True, help="Split that an APPS folder or file is.")
@click.option("--examples", type=click.IntRange(0, 10), default=1, show_default=True, help="MBPP tests to show.")
@click.option("--licence", default="", help="Licence of a file in the HumanEval format.")
@click.option("--verify/--no-verify", default=True, show_default=True, help="Run the reference solutions.")
@click.option(
    "--references", type=click.IntRange(1, 1000), default=3, show_default=True, help="References to run and keep."
)
@_WORKERS
def problems(
    benchmark: Path,
    layout: str,
    out: Path,
    split: str,
    examples: int,
    licence: str,
    verify: bool,
    references: int,
    workers: int | None,
) -> None:
    """Read BENCHMARK, a file or folder as it is published, into problems of one form.

    \\b
    apps           a folder of problem folders (question.txt, input_output.json, ..), or the hub's JSON lines
    mbpp           mbpp.jsonl, or sanitized-mbpp.json
    humaneval      any benchmark in HumanEval's format
    livecodebench  its JSON lines, with packed private tests

    Malformed problems are named with the reason and left out. So are problems whose reference solutions all fail.
    """
    from codeodds_trainer.data.problems.make_problems import make_problems

    summary = make_problems(benchmark, layout, out, split, examples, licence, verify, references, _cores(workers), say)
    click.echo(summary)


@click.command()
@click.argument("problems", type=EXISTING_FILE)
@click.option("--out", type=_PATH, required=True, help="JSON-lines file of rollouts to write, or to go on with.")
@click.option("--model", required=True, help="Folder or hub name of a language model; with --server, its name there.")
@click.option("--gguf-file", default=None, help="A GGUF file in the model's folder.")
@click.option("--server", default=None, help="Address of an OpenAI-compatible server; its key in $CODEODDS_API_KEY.")
@click.option("--device", default="cpu", show_default=True, help="Where torch computes: cpu, cuda, cuda:1.")
@click.option("--batch-size", type=click.IntRange(1, 4096), default=36, show_default=True, help="Programs at once.")
@click.option("--concurrency", type=click.IntRange(1, 256), default=8, show_default=True, help="Requests at once.")
@click.option("--splits", default="train,valid", show_default=True, help="Splits to sample, with commas.")
@click.option("--limit", type=click.IntRange(1), default=None, help="Only this many problems, the first ones.")
@click.option("--main-rollouts", type=click.IntRange(1, 1000), default=1, show_default=True)
@click.option(
    "--forking-tokens",
    type=click.IntRange(0, 100),
    default=6,
    show_default=True,
    help="Lowest-probability tokens of the first rollout to fork at; 0 samples independently.",
)
@click.option("--rollouts-per-fork", type=click.IntRange(1, 1000), default=6, show_default=True)
@click.option("--temperature", type=click.FloatRange(0, 4, min_open=True), default=1.0, show_default=True)
@click.option("--min-p", type=click.FloatRange(0, 1, max_open=True), default=0.0, show_default=True)
@click.option("--top-p", type=click.FloatRange(0, 1, min_open=True), default=1.0, show_default=True)
@click.option("--max-tokens", type=click.IntRange(1, 32_768), default=512, show_default=True)
@click.option(
    "--stop-at-function-end/--no-stop-at-function-end",
    default=True,
    show_default=True,
    help="End a completion before the first line that does not belong to the function.",
)
@click.option("--seed", type=int, default=0, show_default=True)
@_RAY
@click.option("--ray-actors", type=click.IntRange(1), default=None, help="Processes on the cluster.")
@click.option("--ray-gpus", type=click.FloatRange(0), default=0.0, show_default=True, help="GPUs of each process.")
def rollouts(
    problems: Path,
    out: Path,
    model: str,
    gguf_file: str | None,
    server: str | None,
    device: str,
    batch_size: int,
    concurrency: int,
    splits: str,
    limit: int | None,
    ray: str | None,
    ray_actors: int | None,
    ray_gpus: float,
    **sampling: object,
) -> None:
    """Sample programs for PROBLEMS from a policy model.

    The defaults are the scheme of arXiv 2510.23083: one main rollout of each problem; from each of its 6 tokens of
    lowest probability 6 more. A killed run goes on when the command is repeated.

    \\b
    codeodds-train rollouts problems.jsonl --model microsoft/phi-4 --device cuda --out rollouts.jsonl
    codeodds-train rollouts problems.jsonl --server http://localhost:8000 --model NAME --out rollouts.jsonl
    codeodds-train rollouts problems.jsonl --model M --device cuda --ray auto --ray-gpus 1 --out rollouts.jsonl
    """
    from codeodds_trainer.data.rollouts.make_rollouts import ClusterOptions, PolicyOptions, make_rollouts
    from codeodds_trainer.data.rollouts.scheme import Sampling

    summary = make_rollouts(
        problems,
        out,
        PolicyOptions(
            model=model,
            gguf_file=gguf_file,
            server=server,
            device=device,
            batch_size=batch_size,
            concurrency=concurrency,
        ),
        [split.strip() for split in splits.split(",")],
        limit,
        Sampling(**sampling),  # type: ignore[arg-type]
        None if ray is None else ClusterOptions(address=ray, actors=ray_actors, gpus=ray_gpus),
    )
    click.echo(summary)


@click.command()
@click.option("--jsonl", "rows", type=_PATH, default=None, help="File of rows; - reads stdin.")
@click.option("--problems", type=EXISTING_FILE, default=None, help="File of `problems`, for --rollouts.")
@click.option("--rollouts", type=EXISTING_FILE, default=None, help="File of `rollouts` to label.")
@click.option("--out", type=_PATH, default=Path("-"), help="File to write; stdout by default, for rows only.")
@_WORKERS
@_RAY
@click.option(
    "--time-limit-s",
    type=click.FloatRange(0.1, 3600),
    default=5.0,
    show_default=True,
    help="CPU seconds of a run, for rows without a limit of their own.",
)
@click.option(
    "--memory-limit-mb",
    type=click.IntRange(16, 65_536),
    default=512,
    show_default=True,
    help="Memory of a run, for rows without a limit of their own.",
)
def judge(
    rows: Path | None,
    problems: Path | None,
    rollouts: Path | None,
    out: Path,
    workers: int | None,
    ray: str | None,
    time_limit_s: float,
    memory_limit_mb: int,
) -> None:
    """Run untrusted programs against their tests, isolated, and say which pass.

    \\b
    Rows in hold a program and tests of one kind:
      {"id": 1, "program": "def f(x): ..", "tests": ["assert f(1) == 2"]}
      {"id": 2, "program": "print(input())", "inputs": ["1\\\\n"], "outputs": ["1\\\\n"]}
    and may hold "time_limit_s" and "memory_limit_mb". Rows out, in the same order:
      {"id": 1, "verdict": "pass", "passed": true, "seconds": 0.01, "detail": "", "network": "namespace"}

    With --problems and --rollouts, the rollouts are labelled for training. Their time limit is ten times the reference
    solution's, at least 2 s.

    \\b
    Verdicts: pass, wrong answer, runtime error, time limit, memory limit, syntax error, infrastructure error.
    The last one says nothing about the program; the exit status is 1 if there was one.
    Programs see no network, no files but Python's, and never the tests.
    """
    if rows is not None and problems is None and rollouts is None:
        from codeodds_trainer.data.judge.judge_files import judge_files

        verdicts = judge_files(rows, out, _cores(workers), time_limit_s, memory_limit_mb)
        say(", ".join(f"{verdict}: {count:,}" for verdict, count in verdicts.most_common()) or "no rows")
        sys.exit(1 if verdicts["infrastructure error"] else 0)
    if rows is not None or problems is None or rollouts is None or str(out) == "-":
        raise click.UsageError("give either --jsonl ROWS, or --problems, --rollouts and --out")
    from codeodds_trainer.data.judge.judge_files import label_files

    click.echo(label_files(problems, rollouts, out, _cores(workers), ray))


@click.command()
@click.argument("labelled", type=EXISTING_FILE, nargs=-1, required=True)
@click.option(
    "--problems", type=EXISTING_FILE, multiple=True, required=True, help="Files of `problems`; repeat the option."
)
@click.option("--out", type=_PATH, required=True, help="Folder to write: data files, datasheet.json, datasheet.html.")
@click.option(
    "--decontaminate", type=EXISTING_FILE, multiple=True, help="Problems that nothing may resemble; repeatable."
)
@click.option(
    "--similarity",
    type=click.FloatRange(0.1, 1.0),
    default=0.7,
    show_default=True,
    help="Jaccard similarity of statements or solutions from which problems are near-duplicates.",
)
@click.option(
    "--split-ratios",
    type=(float, float, float),
    default=None,
    help="Deal problems out to train, valid, test in these ratios; as published if not given.",
)
@click.option("--mutants", type=click.IntRange(0, 100), default=0, show_default=True, help="Mutants of each problem.")
@click.option("--balance/--no-balance", default=True, show_default=True, help="Oversample the rarer label.")
@click.option("--seed", type=int, default=0, show_default=True)
@_WORKERS
def dataset(
    labelled: tuple[Path, ...],
    problems: tuple[Path, ...],
    out: Path,
    decontaminate: tuple[Path, ...],
    similarity: float,
    split_ratios: tuple[float, float, float] | None,
    mutants: int,
    balance: bool,
    seed: int,
    workers: int | None,
) -> None:
    """Turn LABELLED files of `judge` into a training set: splits without leaks, mutants, balance, a datasheet.

    Problems whose statements or solutions nearly agree go into the same split, or leave the training set where the
    benchmark has them in two. Per problem of the training split, the rarer label is oversampled; problems with one
    label are counted and left out. With --mutants, correct solutions are changed in one place each, and then executed.
    """
    from codeodds_trainer.data.curation.make_dataset import make_dataset

    summary = make_dataset(
        labelled,
        problems,
        out,
        decontaminate=decontaminate,
        similarity=similarity,
        split_ratios=split_ratios,
        mutants=mutants,
        balance=balance,
        seed=seed,
        workers=_cores(workers),
        say=say,
    )
    click.echo(summary)


@click.command()
@click.argument("listed", metavar="LIST", type=EXISTING_FILE)
@click.option(
    "--tokenizer", type=EXISTING_FILE, required=True, help="tokenizer.json that decides which errors keep the length."
)
@click.option("--out", type=_PATH, required=True, help="JSON-lines file to write, or to go on with.")
@click.option(
    "--downloads",
    type=_PATH,
    default=Path("cache/packages"),
    show_default=True,
    help="Folder that keeps downloaded wheels.",
)
@click.option("--errors", type=click.IntRange(1, 20), default=2, show_default=True, help="Errors of each kind.")
@click.option("--model", default=None, help="Folder or hub name of a language model, for its own alternatives.")
@click.option("--gguf-file", default=None, help="A GGUF file in the model's folder.")
@click.option(
    "--alternatives-fraction",
    type=click.FloatRange(0.0, 1.0),
    default=1.0,
    show_default=True,
    help="Fraction of the functions that the language model reads; it is slow on a CPU.",
)
@click.option("--device", default="cpu", show_default=True, help="Where the language model computes.")
@click.option("--seed", type=int, default=0, show_default=True)
def packages(
    listed: Path,
    tokenizer: Path,
    out: Path,
    downloads: Path,
    errors: int,
    model: str | None,
    gguf_file: str | None,
    alternatives_fraction: float,
    device: str,
    seed: int,
) -> None:
    """Take functions from the packages in LIST and put errors into them, each as many tokens long as the original.

    Errors are of two kinds: mutants (an operator, a boundary, a variable ..), and with --model what that language model
    would have written instead at one token. What is equivalent as far as a syntax tree can tell is left out; nothing is
    run. Each package is in one split. models/packages.yaml is such a list.
    """
    from codeodds_trainer.data.injection.make_mutants import make_pairs, model_alternatives

    alternatives = None if model is None else model_alternatives(model, gguf_file, device)
    click.echo(
        make_pairs(
            listed,
            tokenizer,
            out,
            downloads,
            most=errors,
            seed=seed,
            alternatives=alternatives,
            alternatives_fraction=alternatives_fraction,
            say=say,
        )
    )


@click.command()
@click.argument("problem_file", metavar="PROBLEMS", type=EXISTING_FILE)
@click.option(
    "--programs", type=EXISTING_FILE, multiple=True, help="Labelled programs, for right ones; repeat the option."
)
@click.option("--out", type=_PATH, required=True, help="JSON-lines file to write, or to go on with.")
@click.option("--mutants", "most", type=click.IntRange(1, 20), default=3, show_default=True, help="Of each program.")
@click.option(
    "--most-programs",
    type=click.IntRange(0, 100),
    default=1,
    show_default=True,
    help="Right programs of a problem from each of --programs.",
)
@click.option("--seed", type=int, default=0, show_default=True)
@_WORKERS
def mutants(
    problem_file: Path,
    programs: tuple[Path, ...],
    out: Path,
    most: int,
    most_programs: int,
    seed: int,
    workers: int | None,
) -> None:
    """Write right programs for PROBLEMS beside mutants of theirs that fail the tests.

    Right programs are the problems' references and passing ones of --programs. Each makes a problem of its own, so that
    what is compared is written in one style. Every program is run; one that does not pass, or whose mutants all do, is
    left out.
    """
    from codeodds_trainer.data.injection.make_mutants import make_mutants

    click.echo(
        make_mutants(problem_file, programs, out, most=most, programs=most_programs, seed=seed, workers=_cores(workers))
    )
