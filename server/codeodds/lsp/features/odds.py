"""Looks for a small edit that is much more likely, in the function that somebody works on, once the typing pauses.

It fills spare time: every score goes first. What was found is kept by the function's text, so that it outlasts edits of
other functions, and is gone the moment that its own changes.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from dataclasses import dataclass, field

from codeodds.engine.api import Cancellation, Scorer
from codeodds.engine.worker import Priority
from codeodds.errors import BundleError, EngineError, Superseded, UnitError
from codeodds.lsp.documents.document import Document
from codeodds.lsp.documents.requests import outcome
from codeodds.lsp.server import CodeoddsServer
from codeodds.odds.findings import Finding, find
from codeodds.odds.look import odds_of
from codeodds.odds.search import Odds, Search
from codeodds.source.functions import Function, unscored_because
from codeodds.source.suppression import Suppression
from codeodds.types import ScoringUnit

logger = logging.getLogger(__name__)

KNOWN = 500
"""So many functions are remembered."""


@dataclass(frozen=True)
class Look:
    """A task of the worker. Called again after an interruption, it goes on from what it knows."""

    unit: ScoringUnit
    document: str = field(compare=False)
    searches: list[Search] = field(default_factory=list, compare=False)

    def __call__(self, scorer: Scorer, cancellation: Cancellation) -> Odds:
        return odds_of(self.unit, self.document, scorer, cancellation, self.searches)


class OddsFeature:
    """On the event loop only."""

    def __init__(self, server: CodeoddsServer) -> None:
        self._server = server
        self._known: OrderedDict[ScoringUnit, Odds | None] = OrderedDict()
        self._begun: set[ScoringUnit] = set()
        self._looking: set[asyncio.Task[None]] = set()
        server.findings = self.findings

    def scored(self, document: Document) -> None:
        """The typing pauses, and all is scored: look at the function at the last change, if that was not done."""
        function = self._changed(document)
        if function is not None and function.unit not in self._known and function.unit not in self._begun:
            self._begun.add(function.unit)
            task = asyncio.get_running_loop().create_task(self._look(document, function))
            self._looking.add(task)
            task.add_done_callback(self._looking.discard)

    def findings(self, document: Document) -> list[Finding]:
        """What is known of the newest text, without what comments silence."""
        info = self._server.documents.worker.info
        if info is None or info.odds is None:
            return []
        suppression, found = Suppression(document.lines), []
        for scored in document.scored:
            odds = self._known.get(scored.function.unit)
            finding = None if odds is None else find(scored.function, odds, info.odds.threshold)
            if finding is not None and not suppression.function(scored.function) and not suppression.line(finding.line):
                found.append(finding)
        return found

    def _changed(self, document: Document) -> Function | None:
        if not document.edited or document.changed_line is None or any(scored.pending for scored in document.scored):
            return None
        for scored in document.scored:
            function = scored.function
            if function.line <= document.changed_line <= function.end_line and function.kind == "function":
                return function if unscored_because(function) is None else None
        return None

    async def _look(self, document: Document, function: Function) -> None:
        documents = self._server.documents
        odds = None
        with documents.requests.held(document.uri, 1) as keys:
            try:
                look = Look(function.unit, document.text)
                odds = await outcome(documents.worker.submit_task(keys[0], look, Priority.SPARE))
            except UnitError:
                # There is nothing to compare: it is too long, or its syntax is not known here.
                pass
            except Superseded:
                return
            except (BundleError, EngineError) as error:
                logger.error("%s", error)
                return
            finally:
                self._begun.discard(function.unit)
        self._known[function.unit] = odds
        while len(self._known) > KNOWN:
            self._known.popitem(last=False)
        if odds is not None and documents.get(document.uri) is document:
            documents.publish(document)


def create(server: CodeoddsServer) -> OddsFeature:
    """The feature, imported when a model that can compare is open and somebody edits."""
    return OddsFeature(server)
