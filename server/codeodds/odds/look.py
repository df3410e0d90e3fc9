"""One look at a function: is a small edit of it much more likely?"""

from __future__ import annotations

from codeodds.edits.catalogue import Candidates
from codeodds.engine.api import Cancellation, Scorer
from codeodds.errors import BundleUnsupported
from codeodds.odds.findings import Finding, find
from codeodds.odds.search import Odds, Search
from codeodds.source.functions import Function
from codeodds.types import ScoringUnit


def odds_threshold(scorer: Scorer) -> float:
    """The evidence, in nats, from which an edit is a finding.

    Raises: BundleUnsupported for a bundle whose odds nobody measured.
    """
    if scorer.info.odds is None:
        raise BundleUnsupported(
            f"the bundle {scorer.info.name} {scorer.info.version} cannot compare code with its alternatives: it holds "
            "no measured language model; use the bundle that came with codeodds, or export one with "
            "export.language_model"
        )
    return scorer.info.odds.threshold


def look(function: Function, document: str, scorer: Scorer, threshold: float) -> Finding | None:
    """The edit of a function that is much more likely than the function itself, if there is one.

    `document`: the text that holds the function.

    Raises: UnitError for a function that cannot be compared (CannotCompare, UnitTooLong, ..); EngineError if the
    runtime fails.
    """
    return find(function, odds_of(function.unit, document, scorer), threshold)


def odds_of(
    unit: ScoringUnit,
    document: str,
    scorer: Scorer,
    cancellation: Cancellation | None = None,
    begun: list[Search] | None = None,
) -> Odds:
    """What a search among a function's edits finds.

    `begun`: holds the search between two calls, so that one that was cancelled goes on from what it knows.

    Raises: as `look`, and Superseded when cancelled.
    """
    searches = [] if begun is None else begun
    if not searches:
        searches.append(Search(unit, Candidates(unit, document)))
    return searches[0].run(scorer.language, cancellation)
