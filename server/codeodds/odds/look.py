"""One look at a function: is a small edit of it much more likely?"""

from __future__ import annotations

from codeodds.engine.api import Cancellation, Scorer
from codeodds.errors import BundleUnsupported
from codeodds.odds.catalogue import Candidates
from codeodds.odds.findings import Finding, find
from codeodds.odds.search import Search
from codeodds.source.functions import Function


def odds_threshold(scorer: Scorer) -> float:
    """The log-odds, in nats, from which an edit is a finding.

    Raises: BundleUnsupported for a bundle whose odds nobody measured.
    """
    if scorer.info.odds is None:
        raise BundleUnsupported(
            f"the bundle {scorer.info.name} {scorer.info.version} cannot compare code with its alternatives: it holds "
            "no measured language model; use the bundle that came with codeodds, or export one with "
            "export.language_model"
        )
    return scorer.info.odds.threshold


def look(
    function: Function, document: str, scorer: Scorer, threshold: float, cancellation: Cancellation | None = None
) -> Finding | None:
    """The edit of a function that is much more likely than the function itself, if there is one.

    `document`: the text that holds the function.

    Raises: UnitError for a function that cannot be compared (CannotCompare, UnitTooLong, ..); Superseded when
    cancelled; EngineError if the runtime fails.
    """
    odds = Search(function.unit, Candidates(function.unit, document)).run(scorer.language, cancellation)
    return find(function, odds, threshold)
