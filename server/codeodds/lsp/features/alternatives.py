"""``codeodds.rankAlternatives``: other bodies for a function, the most probable first, each with a diff and the edit
that would apply it. Nothing is changed by itself.

docs/protocol.md describes argument and result.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcInvalidParams

from codeodds.errors import BundleUnsupported, CodeoddsError, EndpointError, RankError, RequestTimeout, UnitError
from codeodds.generation.bodies import BodyPrompt
from codeodds.lsp.documents.document import Document
from codeodds.lsp.documents.rankings import TimedRanking, rank_for
from codeodds.lsp.protocol.capabilities import RANK_ALTERNATIVES
from codeodds.lsp.protocol.extensions import Count, Position, as_response, read_argument
from codeodds.lsp.server import CodeoddsServer
from codeodds.lsp.shown.rank_json import candidate_json, model_json
from codeodds.lsp.shown.score_answer import open_document
from codeodds.ranking.diff import unified_diff
from codeodds.ranking.plan import Context, Plan
from codeodds.ranking.types import MAX_CANDIDATE_CHARACTERS, MAX_CANDIDATES, Ranked, Ranking
from codeodds.source.bodies import as_body
from codeodds.source.functions import Function, find_functions

CURRENT = 0
"""Index of the body that stands in the document; the others follow."""


GIVEN = "given"
"""Source of an alternative that the client gave; that of the others is the setting `completions_source`."""


class Argument(msgspec.Struct, frozen=True, rename="camel"):
    """The function around a position, and other bodies for it, or whole functions that have one.

    `generate` has the endpoint of the settings, or the local model, write more; `seed` is for the latter.
    """

    uri: str
    position: Position
    bodies: list[str] = []
    generate: bool = False
    seed: Count = 0


@dataclass(frozen=True, slots=True)
class Generated:
    """What was written, or why nothing was."""

    bodies: Sequence[str] = ()
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Replacement:
    """What takes the place of a function's body."""

    function: Function
    bodies: Sequence[str]
    """The current one first."""

    @property
    def end(self) -> tuple[int, int]:
        """Line and character at which the current body ends."""
        function = self.function
        *whole, rest = function.unit.solution.split("\n")
        line = function.solution_line + len(whole)
        return line, len(rest) + (0 if whole else function.solution_character)


class Alternatives:
    """Bodies from wherever the client takes them (a selection, the clipboard, other files), and from a model."""

    def __init__(self, server: CodeoddsServer) -> None:
        self._server = server

    async def answer(self, argument: Any = None) -> dict[str, Any]:
        """Raises: JsonRpcInvalidParams for an argument of another shape, a document that is not open, a position in no
        function, and for no bodies or too many; JsonRpcException as `codeodds/score`.
        """
        wanted = read_argument(RANK_ALTERNATIVES, argument, Argument)
        document = open_document(self._server, RANK_ALTERNATIVES, wanted.uri, wanted.position.line)
        documents = self._server.documents
        source = documents.settings.completions_source
        samples = documents.settings.completions_samples if wanted.generate else 0
        least, most = 0 if wanted.generate else 1, MAX_CANDIDATES - 1 - samples
        if not least <= len(wanted.bodies) <= most:
            raise JsonRpcInvalidParams(
                f"{RANK_ALTERNATIVES}: bodies are {len(wanted.bodies):,}; give {least} to {most:,}"
            )
        given = await asyncio.to_thread(_prepare, document, wanted.position.line, wanted.bodies)
        if given is None:
            raise JsonRpcInvalidParams(f"{RANK_ALTERNATIVES}: there is no function at line {wanted.position.line}")
        limit_ms = documents.settings_for(document.uri).request_timeout_ms
        ends = asyncio.get_running_loop().time() + limit_ms / 1000
        try:
            generated = await self._generate(document, given, limit_ms, wanted.seed) if wanted.generate else Generated()
            replacement = Replacement(given.function, [*given.bodies, *generated.bodies])
            left_ms = 1000 * (ends - asyncio.get_running_loop().time())
            found = await self._rank(document, replacement, generated, left_ms)
            diffs = await asyncio.to_thread(_diffs, document, replacement, found.ranking)
            documents.check_newest(document)
        except RankError as error:
            raise JsonRpcInvalidParams(f"{RANK_ALTERNATIVES}: {error}") from error
        except CodeoddsError as error:
            raise as_response(error) from error
        return {
            "uri": document.uri,
            "version": document.version,
            "model": model_json(documents.worker.info),
            "complete": found.complete,
            "problem": generated.problem,
            "function": replacement.function.name,
            "current": self._current(found.ranking),
            "alternatives": [
                self._alternative(document, replacement, candidate, diffs.get(candidate.index))
                | {"source": GIVEN if candidate.index < len(given.bodies) else source}
                for candidate in found.ranking.candidates
                if candidate.index != CURRENT
            ],
        }

    async def _generate(self, document: Document, given: Replacement, limit_ms: int, seed: int) -> Generated:
        """Raises: as `Sampling.sample`; but if there is something else to rank, only what would keep that from being
        ranked too.
        """
        prompt = BodyPrompt(given.function, document.lines)
        try:
            samples = await self._server.sampling.sample(
                document,
                prompt,
                max_tokens=self._server.documents.settings.completions_body_max_tokens,
                budget_ms=limit_ms,
                seed=seed,
            )
            self._server.documents.check_newest(document)
            return Generated(await asyncio.to_thread(prompt.bodies, samples))
        except (EndpointError, BundleUnsupported, UnitError) as error:
            if len(given.bodies) == 1:
                raise
            return Generated(problem=str(error))

    async def _rank(
        self, document: Document, replacement: Replacement, generated: Generated, limit_ms: float
    ) -> TimedRanking:
        """Without a score in time, the order is that of the bodies. Raises: as `rank_for`, but for RequestTimeout if
        some of the bodies were generated: they would be lost.
        """
        context = Context(replacement.function.unit.problem)
        try:
            return await rank_for(self._server.documents, document, context, replacement.bodies, max(limit_ms, 1))
        except RequestTimeout:
            if not generated.bodies:
                raise
            plan = await asyncio.to_thread(Plan, context, replacement.bodies)
            return TimedRanking(plan.ranking({}), complete=False, unshown={})

    def _current(self, ranking: Ranking) -> dict[str, Any]:
        (current,) = (candidate for candidate in ranking.candidates if candidate.index == CURRENT)
        members = candidate_json(current)
        return {name: value for name, value in members.items() if name not in ("index", "duplicateOf")}

    def _alternative(
        self, document: Document, replacement: Replacement, candidate: Ranked, diff: str | None
    ) -> dict[str, Any]:
        members = candidate_json(candidate)
        members["index"] = candidate.index - 1
        first = candidate.duplicate_of
        members["duplicateOf"] = None if first is None or first == CURRENT else first - 1
        members["isCurrent"] = first == CURRENT
        members["body"] = candidate.text
        members["diff"] = diff
        members["edit"] = None if diff is None else self._edit(document, replacement, candidate.text)
        return members

    def _edit(self, document: Document, replacement: Replacement, body: str) -> lsp.WorkspaceEdit:
        """For the version that was ranked, where the client can say so."""
        function = replacement.function
        converter = self._server.converter(document)
        start = converter.position(function.solution_line, function.solution_character)
        text = body.replace("\n", "\r\n") if "\r\n" in document.text else body
        edit = lsp.TextEdit(lsp.Range(start, converter.position(*replacement.end)), text)
        if self._server.client.edits_versions:
            named = lsp.OptionalVersionedTextDocumentIdentifier(uri=document.uri, version=document.version)
            return lsp.WorkspaceEdit(document_changes=[lsp.TextDocumentEdit(named, [edit])])
        return lsp.WorkspaceEdit(changes={document.uri: [edit]})


def _prepare(document: Document, line: int, bodies: Sequence[str]) -> Replacement | None:
    """None if there is no function at a line."""
    found = [
        function
        for function in find_functions(document.text, document.imports)
        if function.line <= line <= function.end_line
    ]
    if not found:
        return None
    function, lines = found[-1], document.lines
    return Replacement(function, [function.unit.solution, *(as_body(body, function, lines) for body in bodies)])


def _diffs(document: Document, replacement: Replacement, ranking: Ranking) -> dict[int, str]:
    """By index; of those that could be applied and would change something."""
    function = replacement.function
    line, character = replacement.end
    lines = document.lines
    last = line if character == 0 and line < len(lines) else line + 1
    head = lines[function.solution_line][: function.solution_character] if function.solution_line < len(lines) else ""
    found = {}
    for candidate in ranking.candidates:
        applies = candidate.text.strip() and len(candidate.text) <= MAX_CANDIDATE_CHARACTERS
        if candidate.index == CURRENT or candidate.duplicate_of == CURRENT or not applies:
            continue
        names = function.name, f"{function.name} (alternative {candidate.index})"
        span = function.solution_line, max(last, function.solution_line)
        found[candidate.index] = unified_diff(lines, span, head + candidate.text, names)
    return found


def create(server: CodeoddsServer) -> Alternatives:
    """The feature, imported when it is first asked."""
    return Alternatives(server)
