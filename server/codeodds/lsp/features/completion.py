"""``textDocument/completion``: Jedi's names at the cursor within a function, the most probable first.

Off unless the setting says otherwise; then the server does not even advertise it. Other servers' lists are theirs.
"""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from pathlib import Path

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException
from pygls.uris import to_fs_path

from codeodds.completion.names import Name, NameFinder, Names
from codeodds.completion.thread import NameThread
from codeodds.errors import CodeoddsError, RequestTimeout, Superseded
from codeodds.lsp.documents.document import Document
from codeodds.lsp.documents.rankings import TimedRanking, rank_for
from codeodds.lsp.server import CodeoddsServer
from codeodds.lsp.settings.fields import Settings, parse_settings
from codeodds.lsp.shown.cues import percent
from codeodds.lsp.shown.rank_json import DECIMALS
from codeodds.ranking.plan import Context
from codeodds.source.functions import normalise_newlines
from codeodds.source.places import find_cursor, is_in_comment

logger = logging.getLogger(__name__)

MOST = 20
"""So many names are ranked, the first of Jedi's."""

BEHIND_OTHERS = "~"
"""Where a client mixes lists, it sorts by such texts: ours come behind what other servers found fitting as well."""

REGISTRATION = "codeodds-completion"
TRIGGERS = (".",)

KINDS = {
    "class": lsp.CompletionItemKind.Class,
    "function": lsp.CompletionItemKind.Function,
    "keyword": lsp.CompletionItemKind.Keyword,
    "module": lsp.CompletionItemKind.Module,
    "namespace": lsp.CompletionItemKind.Module,
    "property": lsp.CompletionItemKind.Property,
}
"""By Jedi's word for it. The rest are variables."""

Offered = tuple[Name, float | None]
"""A name and its probability; None without one that may be shown."""


class Completion:
    """Asks Jedi, ranks, answers. Registers itself while the setting is on."""

    def __init__(self, server: CodeoddsServer) -> None:
        self._server = server
        self._finder = NameFinder()
        self._thread = NameThread()
        self._told: set[str] = set()
        self._known = False  # pygls knows the method
        self._wanted = False
        self._registered = False
        self._registering: asyncio.Task[None] | None = None

    def advertise(self) -> None:
        """A client that cannot be told later has to say so with the start."""
        settings, _ = parse_settings(self._server.first_settings)
        if settings.complete_names and not self._server.client.registers_completion:
            item = lsp.ServerCompletionItemOptions(label_details_support=True)
            self._take(lsp.CompletionOptions(trigger_characters=TRIGGERS, completion_item=item))
            self._registered = True

    def configured(self, settings: Settings) -> None:
        """Register or unregister, as the settings say."""
        self._take(None)
        self._wanted = settings.complete_names
        if self._server.client.registers_completion:
            if self._registering is None or self._registering.done():
                self._registering = asyncio.get_running_loop().create_task(self._register())
        elif self._wanted and not self._registered:
            self._tell(
                "this client learns of completion only at the start: set complete_names in its "
                "initialization options, and start the server again"
            )

    async def answer(self, params: lsp.CompletionParams) -> lsp.CompletionList:
        """Empty where the cursor is in no function's body, where no score may be shown, and for a document that
        changed meanwhile: a list in Jedi's order says nothing that another server does not say.
        """
        settings = self._server.documents.settings
        document = self._server.documents.get(params.text_document.uri)
        if document is None or not settings.complete_names:
            return _empty()
        try:
            return await self._complete(document, params.position, settings)
        except (Superseded, RequestTimeout, TimeoutError) as error:
            return _empty(incomplete=not isinstance(error, Superseded))
        except CodeoddsError as error:
            if str(error) != self._server.documents.problem:  # That was told already.
                self._tell(str(error))
        except Exception as error:
            # The text of an unforeseen error may quote the document.
            logger.error("completion failed: %s", type(error).__name__)
        return _empty()

    async def _complete(self, document: Document, position: lsp.Position, settings: Settings) -> lsp.CompletionList:
        """Raises: CompletionError; TimeoutError, RequestTimeout if the time was up before anything was scored;
        Superseded, BundleError, EngineError as `rank_for`.
        """
        loop = asyncio.get_running_loop()
        ends = loop.time() + settings.names_budget_ms / 1000
        before = normalise_newlines(document.text[: document.source.offset(position)])
        if position.line >= len(document.lines) or not _asks_for_a_name(before):
            return _empty()
        cursor = await asyncio.to_thread(find_cursor, before, document.imports)
        # Jedi completes comments as if they were code.
        if cursor is None or is_in_comment(before):
            return _empty()
        line, character = before.count("\n"), len(before) - before.rfind("\n") - 1
        async with asyncio.timeout_at(ends):
            found = await self._names(document, line, character)
        if not found.names:
            return _empty()
        beginning = cursor.written[: len(cursor.written) - found.typed]
        context = Context(cursor.function.unit.problem, beginning, unfinished=True)
        texts = [name.text for name in found.names]
        ranked = await rank_for(self._server.documents, document, context, texts, max(1000 * (ends - loop.time()), 1))
        converter = self._server.converter(document)
        span = lsp.Range(converter.position(line, character - found.typed), converter.position(line, character))
        items = [self._item(place, offered, span) for place, offered in enumerate(in_order(found.names, ranked))]
        return lsp.CompletionList(is_incomplete=found.more or not ranked.complete, items=items)

    async def _names(self, document: Document, line: int, character: int) -> Names:
        path = _path(document.uri)
        text = document.imports + "\n".join(document.lines)
        place = line + document.imports.count("\n"), character
        question = partial(self._finder.find, text, place, path, self._project(path), MOST)
        return await asyncio.wrap_future(self._thread.submit(question))

    def _project(self, path: Path | None) -> Path | None:
        """The innermost workspace folder around a document, or else the folder that it is in."""
        if path is None:
            return None
        folders = {_path(uri) for uri in self._server.workspace.folders}
        return next((folder for folder in path.parents if folder in folders), path.parent)

    def _item(self, place: int, offered: Offered, span: lsp.Range) -> lsp.CompletionItem:
        name, probability = offered
        mark = None if probability is None else f"codeodds {percent(probability)}"
        details = self._server.client.shows_label_details and mark is not None
        return lsp.CompletionItem(
            label=name.text,
            kind=KINDS.get(name.kind, lsp.CompletionItemKind.Variable),
            sort_text=f"{BEHIND_OTHERS}{place:02}",
            text_edit=lsp.TextEdit(span, name.text),
            label_details=lsp.CompletionItemLabelDetails(description=mark) if details else None,
            detail=None if details else mark,
            data={"probability": None if probability is None else round(probability, DECIMALS)},
        )

    def _take(self, options: lsp.CompletionOptions | None) -> None:
        """Take requests; advertise that if the capabilities are not made up yet."""
        if self._known:
            return
        self._known = True

        @self._server.feature(lsp.TEXT_DOCUMENT_COMPLETION, options)
        async def answer(params: lsp.CompletionParams) -> lsp.CompletionList:
            return await self.answer(params)

    async def _register(self) -> None:
        while self._registered != self._wanted:
            wanted = self._wanted
            try:
                if wanted:
                    await self._server.client_register_capability_async(lsp.RegistrationParams([_registration()]))
                else:
                    gone = lsp.Unregistration(REGISTRATION, lsp.TEXT_DOCUMENT_COMPLETION)
                    await self._server.client_unregister_capability_async(lsp.UnregistrationParams([gone]))
            except JsonRpcException as error:
                self._tell(f"the client did not register for completion ({error.code})")
            self._registered = wanted

    def _tell(self, message: str) -> None:
        if message not in self._told:
            self._told.add(message)
            self._server.tell(message)


def in_order(names: tuple[Name, ...], ranked: TimedRanking) -> list[Offered]:
    """The names whose probability may be shown, the most probable first; the others behind, in Jedi's order.

    Empty if there is none of the first kind.
    """
    shown: list[Offered] = []
    others = []
    for candidate in ranked.ranking.candidates:
        if candidate.probability is None or candidate.index in ranked.unshown:
            others.append(candidate.index)
        else:
            shown.append((names[candidate.index], candidate.probability))
    return [*shown, *((names[index], None) for index in sorted(others))] if shown else []


def _asks_for_a_name(before: str) -> bool:
    """Whether a name was begun, or a dot stands before it. Of all names that there are, the first are no help."""
    last = before[-1:]
    return last == "." or last.isidentifier() or last.isdecimal()


def _path(uri: str) -> Path | None:
    """None for what is in no file, such as a notebook's cell."""
    path = to_fs_path(uri)
    return Path(path) if uri.startswith("file:") and path else None


def _registration() -> lsp.Registration:
    return lsp.Registration(
        REGISTRATION,
        lsp.TEXT_DOCUMENT_COMPLETION,
        lsp.CompletionRegistrationOptions(
            [lsp.TextDocumentFilterLanguage("python")],
            trigger_characters=TRIGGERS,
            completion_item=lsp.ServerCompletionItemOptions(label_details_support=True),
        ),
    )


def _empty(*, incomplete: bool = False) -> lsp.CompletionList:
    return lsp.CompletionList(is_incomplete=incomplete, items=[])


def create(server: CodeoddsServer) -> Completion:
    """The feature, imported when a setting turns it on."""
    return Completion(server)
