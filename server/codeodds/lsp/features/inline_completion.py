"""``textDocument/inlineCompletion``: ways to go on from an endpoint that the user names, or from the bundle's own
language model, the most probable first.

Off unless the settings name an endpoint, or choose the local model. The samples that are there when their share of the
time is up are ranked, and what is ranked when all of it is up is shown.
"""

from __future__ import annotations

import asyncio
from typing import Any

from lsprotocol import types as lsp

from codeodds.engine.worker import Priority
from codeodds.errors import CodeoddsError, EndpointError, RankError, RequestTimeout, Superseded
from codeodds.generation.samples import Prompt, Samples
from codeodds.lsp.documents.document import Document
from codeodds.lsp.documents.rankings import rank_for
from codeodds.lsp.protocol.extensions import as_response
from codeodds.lsp.server import CodeoddsServer
from codeodds.lsp.settings.fields import Settings
from codeodds.lsp.shown.rank_json import DECIMALS
from codeodds.ranking.plan import Context, Plan
from codeodds.source.functions import normalise_newlines
from codeodds.source.places import find_cursor

Offered = tuple[str, float | None]
"""A text and its probability; None if the time was up before it was scored."""


class InlineCompletion:
    """Asks, ranks, answers. The endpoint's problems are told once, until it works again."""

    def __init__(self, server: CodeoddsServer) -> None:
        self._server = server
        self._asking: asyncio.Task[Samples] | None = None
        self._told: set[str] = set()

    async def answer(self, params: lsp.InlineCompletionParams) -> list[dict[str, Any]]:
        """Nothing where the cursor is in no function's body, where it stands before other text, while it is off, and
        for a document that changed meanwhile.

        Raises: JsonRpcException (RequestFailed) with one sentence if somebody asked for a completion and there is none.
        """
        settings = self._server.documents.settings
        document = self._server.documents.get(params.text_document.uri)
        if document is None or not settings.writes_completions:
            return []
        automatic = params.context.trigger_kind == lsp.InlineCompletionTriggerKind.Automatic
        try:
            if automatic:
                # Whoever goes on typing cancels it before anything is asked.
                await asyncio.sleep(settings.debounce_ms / 1000)
            offered = await self._offer(document, params.position, settings)
        except (Superseded, RankError):
            return []
        except CodeoddsError as error:
            if not automatic:
                raise as_response(error) from error
            self._tell(str(error))
            return []
        at = {"line": params.position.line, "character": params.position.character}
        return [
            # The protocol has no member for the probability; clients pass over what they do not know.
            {"insertText": text, "range": {"start": at, "end": at}, "data": {"probability": _rounded(probability)}}
            for text, probability in offered
        ]

    async def _offer(self, document: Document, position: lsp.Position, settings: Settings) -> list[Offered]:
        """Raises: as `Sampling.sample` and `rank_for`."""
        documents = self._server.documents
        documents.check_newest(document)
        offset = document.source.offset(position)
        before, behind = normalise_newlines(document.text[:offset]), document.text[offset:].lstrip(" \t")
        if behind and behind[0] not in "\r\n":
            return []
        cursor = await asyncio.to_thread(find_cursor, before, document.imports)
        if cursor is None:
            return []
        prompt = Prompt.at(cursor)
        ends = asyncio.get_running_loop().time() + settings.completions_budget_ms / 1000
        samples = await self._sample(document, settings, prompt)
        documents.check_newest(document)
        texts = await asyncio.to_thread(prompt.candidates, samples)
        if not texts:
            raise EndpointError("the model that was asked gave no text that can stand here; try another one")
        left_ms = 1000 * (ends - asyncio.get_running_loop().time())
        context = Context(cursor.function.unit.problem, cursor.written)
        try:
            found = await rank_for(documents, document, context, texts, max(left_ms, 1))
        except RequestTimeout:
            known = (await asyncio.to_thread(Plan, context, texts)).units
            return [(texts[index], None) for index in known]
        self._told.clear()
        return [
            (candidate.text, candidate.probability)
            for candidate in found.ranking.candidates
            if candidate.probability is not None and candidate.duplicate_of is None
        ]

    async def _sample(self, document: Document, settings: Settings, prompt: Prompt) -> Samples:
        """Ends what was asked before: there is one cursor, and not every client cancels.

        Raises: EndpointError if nothing came in time; Superseded if something newer is asked.
        """
        older = self._asking
        if older is not None:
            older.cancel()
        asking = asyncio.ensure_future(
            self._server.sampling.sample(
                document,
                prompt,
                max_tokens=settings.completions_max_tokens,
                budget_ms=settings.completions_budget_ms,
                # The score of what is typed goes first.
                priority=Priority.NEAR,
            )
        )
        self._asking = asking
        try:
            return await asking
        except asyncio.CancelledError:
            waiting = asyncio.current_task()
            if waiting is not None and waiting.cancelling():
                raise
            raise Superseded("another completion was asked for") from None

    def _tell(self, message: str) -> None:
        if message not in self._told:
            self._told.add(message)
            self._server.tell(message)


def _rounded(probability: float | None) -> float | None:
    return None if probability is None else round(probability, DECIMALS)


def create(server: CodeoddsServer) -> InlineCompletion:
    """The feature, imported when a setting turns it on."""
    return InlineCompletion(server)
