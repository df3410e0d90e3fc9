"""The `codeodds` command: its groups, and how errors and interruptions leave it.

Start-up is felt on every call and by every editor, so each command imports what it needs when it runs.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence

import click

from codeodds import __version__
from codeodds.cli.check import check
from codeodds.cli.model import model
from codeodds.cli.rank import rank
from codeodds.cli.score import score
from codeodds.cli.serve import serve
from codeodds.cli.streams import abandon, prepare_streams, tell, write_aside
from codeodds.errors import MORE_MEMORY, CodeoddsError

EXIT_PARTIAL = 1
"""Something could not be scored, or the output could not be written to its end; the rest was done."""

EXIT_ERROR = 2
"""Nothing could be done: wrong usage, or no usable bundle."""

EXIT_INTERRUPTED = 130

_NO_MAPPING = "failed to map segment"
"""What the system's loader says when a library does not fit into memory."""


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="codeodds", message="%(prog)s %(version)s")
def cli() -> None:
    """How likely is this Python function to be right?

    The probabilities are estimates of a small model: a low one is a reason to look, not a verdict.
    """


cli.add_command(score)
cli.add_command(check)
cli.add_command(rank)
cli.add_command(serve)
cli.add_command(model)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; None takes the process's arguments. Returns the exit status."""
    try:
        prepare_streams()
        status = cli.main(args=arguments, prog_name="codeodds", standalone_mode=False)
        # Output that is still buffered may meet a closed pipe too. A language server has closed it by itself.
        if not sys.stdout.closed:
            sys.stdout.flush()
    except click.ClickException as error:
        shown = io.StringIO()
        error.show(file=shown)
        write_aside(sys.stderr, shown.getvalue())
        return error.exit_code
    except CodeoddsError as error:
        tell(f"codeodds: error: {error}")
        return EXIT_ERROR
    except (click.Abort, KeyboardInterrupt):
        tell("codeodds: interrupted")
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        abandon(sys.stdout)
        return EXIT_PARTIAL
    except OSError as error:
        # Errors of files that are read were dealt with where they are read.
        abandon(sys.stdout)
        tell(
            f"codeodds: error: the output cannot be written ({error.strerror}); "
            "make room or write it elsewhere, and run the command again"
        )
        return EXIT_PARTIAL
    except MemoryError:
        tell(f"codeodds: error: out of memory; {MORE_MEMORY}")
        return EXIT_ERROR
    except ImportError as error:
        advice = MORE_MEMORY if _NO_MAPPING in str(error) else "install codeodds again"
        tell(f"codeodds: error: a library that it needs cannot be loaded ({error}); {advice}")
        return EXIT_ERROR
    return status if isinstance(status, int) else 0
