"""A server process whose scorer needs no model: the value falls by 0.6 at the word BUG. Started by the tests.

With an argument, opening the scorer fails with that sentence.
"""

from __future__ import annotations

import sys

from codeodds.engine.api import Scorer
from codeodds.engine.fake import FakeScorer
from codeodds.errors import BundleMissing
from codeodds.lsp.server import run_stdio


def open_scorer() -> Scorer:
    if len(sys.argv) > 1:
        raise BundleMissing(sys.argv[1])
    return FakeScorer()


if __name__ == "__main__":
    run_stdio(open_scorer)
