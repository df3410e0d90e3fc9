"""``codeodds-train``: from labelled programs to a bundle that the server runs."""

from __future__ import annotations

import logging
import sys

import click

from codeodds.errors import CodeoddsError
from codeodds_trainer.cli.bundle import evaluate, export, quantize
from codeodds_trainer.cli.data import dataset, judge, mutants, packages, problems, rollouts
from codeodds_trainer.cli.training import fit, plan, sweep


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
def cli() -> None:
    """Train a value head on a code language model and export it as a codeodds bundle.

    \b
    Labelled programs, from any benchmark and any language model:
      codeodds-train problems BENCHMARK --out P         coding problems, in one form
      codeodds-train rollouts P --model M --out R       programs sampled from a policy, forked where it is unsure
      codeodds-train judge --problems P --rollouts R --out L   which of them pass their tests
      codeodds-train packages LIST --tokenizer T --out E   functions of packages, with injected errors
      codeodds-train mutants P --out E                  solved problems, with injected errors that fail the tests
      codeodds-train dataset L --problems P --out DATA  splits without leaks, mutants, balance, a page with plots

    \b
    A bundle from them, each step resumable (repeat the command to go on):
      codeodds-train plan RECIPE                           what it needs: memory, disk, time
      codeodds-train sweep RECIPE --vary NAME=V1,V2 ..     which of its variants learn most, by cross-validation
      codeodds-train fit RECIPE --data DATA --run RUN       labelled programs -> value model
      codeodds-train quantize --run RUN --data DATA         what fewer bits per weight cost, and save
      codeodds-train export --run RUN --data DATA --out B   value model -> calibrated ONNX bundle
      codeodds-train evaluate --bundle B --data DATA --run RUN   figures on held-out problems -> model card
    """
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    # They warn of the new head, which is the point of the exercise, and of a kind of parallelism that is not used.
    for name in ("transformers.modeling_utils", "transformers.integrations.tensor_parallel"):
        logging.getLogger(name).setLevel(logging.ERROR)


for command in (problems, rollouts, judge, packages, mutants, dataset, plan, sweep, fit, quantize, export, evaluate):
    cli.add_command(command)


def main() -> None:
    """Entry point: a foreseen error is one line on stderr and exit status 2."""
    from codeodds_trainer.ground.disk import storage_reason
    from codeodds_trainer.ground.errors import TrainerError

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
