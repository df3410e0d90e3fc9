"""Where the command line gets its scorer from. Tests replace `open_scorer` here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from codeodds.engine.api import Scorer


def open_scorer(model_path: Path | None, threads: int) -> Scorer:
    """Open the bundle at `model_path`; None means the default bundle.

    Raises: BundleError if it cannot be used.
    """
    from codeodds.engine import scorer

    return scorer.open_scorer(model_path, threads=threads)
