"""A language server with the default bundle that tells which modules of ours it has imported. Started by a test."""

from __future__ import annotations

import sys
from typing import Any

from codeodds.engine.api import Scorer, ScorerOptions
from codeodds.lsp.setup import create_server


def open_scorer(options: ScorerOptions) -> Scorer:
    from codeodds.engine import scorer

    return scorer.open_scorer(options.model)


if __name__ == "__main__":
    server = create_server(open_scorer)

    @server.feature("test/modules")
    def modules(params: Any) -> list[str]:
        """Packages are not counted."""
        ours = {name: module for name, module in sys.modules.items() if name.startswith("codeodds.")}
        return [name for name, module in ours.items() if not hasattr(module, "__path__")]

    server.start_io()
