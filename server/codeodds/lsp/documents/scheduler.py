"""Open documents and what is known of their functions. Scores arrive later; only those of the newest version are
shown.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from codeodds.engine.worker import Priority, ScoringWorker
from codeodds.errors import BundleError, EngineError, Superseded, UnitError
from codeodds.lsp.documents.debounce import Debounce, TypingPause
from codeodds.lsp.documents.document import Document, FunctionScore, Listener, read_score, unscored
from codeodds.lsp.documents.requests import Requests, outcome
from codeodds.lsp.documents.text import Text
from codeodds.lsp.settings.fields import Settings
from codeodds.lsp.settings.store import SettingsStore
from codeodds.source.functions import Function, find_functions, unscored_because
from codeodds.source.nested import with_nested

logger = logging.getLogger(__name__)

PARSE_AT_ONCE = 50_000
"""Documents of up to this many characters are read on the event loop (a few ms), larger ones in a thread."""

LOOK_UP_AT_ONCE = 20_000
"""Documents of up to this many characters are parsed with every change, so that what is known of the functions that did
not change is shown without a pause."""

PUBLISH_EVERY_S = 0.5
"""While the functions of a document are scored one after the other, what is known is shown this often."""


_Result = TypeVar("_Result")


@dataclass(slots=True)
class _Plan:
    """What is to be done for a version of a document."""

    scored: list[FunctionScore]
    """What is known of its functions, in order."""
    keys: dict[int, str]
    """The worker's keys of the functions to be scored, by their index, what goes first first."""


class Documents:
    """Schedules scoring. All methods but the worker's callbacks run on the event loop."""

    def __init__(self, worker: ScoringWorker) -> None:
        self.worker = worker
        self.problem: str | None = None  # why nothing can be scored at present, as one sentence
        self.requests = Requests(worker)
        self.store = SettingsStore()
        self.typing = TypingPause(self.get)
        self.on_scored: list[Listener] = [self.typing.scored]
        self.on_closed: list[Callable[[str], None]] = [self.typing.forget]
        self.on_problem: list[Callable[[str], None]] = []
        self.on_configured: list[Callable[[Settings], None]] = []
        self._open: dict[str, Document] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._keys: dict[str, set[str]] = {}
        self._debounces: dict[str, Debounce] = {}
        self._parser = ThreadPoolExecutor(max_workers=1, thread_name_prefix="codeodds-parsing")
        self._configured = asyncio.Event()
        self._unusable = False
        self._told: set[str] = set()

    def get(self, uri: str) -> Document | None:
        return self._open.get(uri)

    def settings_for(self, uri: str) -> Settings:
        """The settings that hold for one document: those of its folder, or else the server's."""
        return self.store.for_document(uri)

    @property
    def settings(self) -> Settings:
        """The settings of the server as a whole."""
        return self.store.base

    @property
    def open_uris(self) -> tuple[str, ...]:
        """The open documents, in the order in which they were opened."""
        return tuple(self._open)

    def update(
        self,
        uri: str,
        version: int,
        text: Text,
        changed_line: int | None = None,
        *,
        edited: bool = False,
        imports: str = "",
    ) -> None:
        """A document was opened or changed (`edited`). What is known of older versions is shown no more.

        Runs for the older version end at once; the tokens that they got through stay in the engine's cache.
        """
        self._give_up(uri)
        now = asyncio.get_running_loop().time()
        document = Document(uri, version, text, (), changed_line, now, edited=edited, imports=imports)
        self._open[uri] = document
        settings = self.settings_for(uri)
        debounce = self._debounces.setdefault(uri, Debounce())
        if edited:
            debounce.changed(now)
        if settings.enable and len(text) <= LOOK_UP_AT_ONCE:
            document.functions = tuple(self._parse(document))
            document.scored = tuple(self._known(document.functions))
        self._schedule(document, debounce.pause_s(settings.debounce_ms, adaptive=settings.adaptive_debounce))

    def close(self, uri: str) -> None:
        """Forget a document and give up its requests."""
        self._open.pop(uri, None)
        self._debounces.pop(uri, None)
        self._stop(uri)
        for listener in self.on_closed:
            listener(uri)

    def configure(self) -> None:
        """New settings are in the store: look at every open document again. Scores that are known stay known.

        A bundle that could not be opened is tried again.
        """
        for listener in self.on_configured:
            listener(self.settings)
        if not self.store.waiting:
            self._configured.set()
        self.rescore()

    def reload(self) -> None:
        """Open the bundle anew at the next score, and look at every open document again."""
        self.worker.reload()
        self.rescore()

    def rescore(self) -> None:
        """Look at every open document again, as after other settings or another model."""
        self._unusable = False
        for uri, document in self._open.items():
            document.functions = None
            if self.settings_for(uri).enable:
                self._schedule(document, 0)
            else:
                # What somebody asked for goes on: it is answered where scoring by itself is off too.
                self._stop_scoring(uri)
                self._show(document, [])

    def shutdown(self) -> None:
        """Give everything up and tell the threads to end; the client does not wait for them."""
        for uri in list(self._open):
            self._stop(uri)
        self._open.clear()
        self._parser.shutdown(wait=False, cancel_futures=True)
        self.worker.close(wait_s=0)

    async def settled(self, document: Document) -> None:
        """Wait until the settings are known and no more scores are under way for this version of a document."""
        if self.store.waiting:
            await self._configured.wait()
        task = self._tasks.get(document.uri)
        while task is not None and not task.done() and self._open.get(document.uri) is document:
            await asyncio.wait({task})
            task = self._tasks.get(document.uri)

    def check_newest(self, document: Document) -> None:
        """Raises: Superseded if this is no longer the newest version of an open document."""
        if self._open.get(document.uri) is not document:
            raise Superseded("the document was changed or closed while it was scored")

    def _schedule(self, document: Document, delay_s: float) -> None:
        task = self._tasks.pop(document.uri, None)
        if task is not None:
            task.cancel()
        loop = asyncio.get_running_loop()
        if self._unusable:
            loop.call_soon(self._show, document, [])
        elif self.settings_for(document.uri).enable:
            self._tasks[document.uri] = loop.create_task(self._refresh(document, delay_s))

    def _stop(self, uri: str) -> None:
        self._stop_scoring(uri)
        self.requests.give_up(uri)

    def _stop_scoring(self, uri: str) -> None:
        """End what was begun without a request."""
        task = self._tasks.pop(uri, None)
        if task is not None:
            task.cancel()
        for key in self._keys.pop(uri, ()):
            self.worker.cancel(key)

    def _give_up(self, uri: str) -> None:
        """End what waits or runs for a document."""
        for key in self._keys.get(uri, ()):
            self.worker.cancel(key)
        self.requests.give_up(uri)

    async def _refresh(self, document: Document, delay_s: float) -> None:
        try:
            await asyncio.sleep(delay_s)
            await self._score_document(document)
        except (BundleError, EngineError) as error:
            self._unusable = isinstance(error, BundleError)
            self.problem = str(error)
            self._show(document, [])
            self._tell(str(error))
        except Superseded:
            return
        except Exception as error:
            # The text of an unforeseen error may quote the document.
            logger.error("scoring a document failed: %s", type(error).__name__)

    async def _score_document(self, document: Document) -> None:
        functions = await self.functions_of(document)
        plan = await self._off_the_loop(document, self._plan, document, functions)
        for gone in self._keys.get(document.uri, set()).difference(plan.keys.values()):
            self.worker.cancel(gone)
        self._keys[document.uri] = set(plan.keys.values())
        scored = plan.scored
        loop = asyncio.get_running_loop()
        shown = loop.time()
        priority = Priority.INTERACTIVE if document.edited else Priority.BACKGROUND
        for index, key in plan.keys.items():
            asked = loop.time()
            scored[index] = await self.score_one(key, functions[index], priority)
            if priority is Priority.INTERACTIVE:
                # Only the function at the change is what somebody waits for.
                priority = Priority.NEAR
                if document.uri in self._debounces:
                    self._debounces[document.uri].scored(loop.time() - asked)
            if loop.time() - shown > PUBLISH_EVERY_S:
                shown = loop.time()
                self._show(document, scored)
        self._show(document, scored)

    def _plan(self, document: Document, functions: Sequence[Function]) -> _Plan:
        """What is known, and what is to be scored, in which order. In any thread."""
        keys = _keys(document.uri, functions)
        scored = self._known(functions)
        order = [index for index, item in enumerate(scored) if item.reason is None]
        order.sort(key=lambda index: abs(functions[index].line - (document.changed_line or 0)))
        most = self.settings_for(document.uri).max_functions
        for index in order[most:]:
            scored[index] = unscored(functions[index], "the document has too many functions")
        return _Plan(scored, {index: keys[index] for index in order[:most] if scored[index].pending})

    async def first_look(self, document: Document, functions: Sequence[Function]) -> list[FunctionScore]:
        """What can be said of functions of a document without a run."""
        return await self._off_the_loop(document, self._known, functions)

    def _known(self, functions: Sequence[Function]) -> list[FunctionScore]:
        return [
            read_score(function, known, self.worker.info)
            if (known := self.worker.known(function.unit)) is not None
            else unscored(function, unscored_because(function))
            for function in functions
        ]

    async def score_one(self, key: str, function: Function, priority: Priority) -> FunctionScore:
        """Score one function, under a key of the worker. Raises: BundleError, EngineError, Superseded."""
        reason = unscored_because(function)
        if reason is not None:
            return unscored(function, reason)
        try:
            score = await outcome(self.worker.submit(key, function.unit, priority))
        except UnitError as error:
            return unscored(function, str(error))
        self.problem = None
        self._unusable = False
        return read_score(function, score, self.worker.info)

    async def functions_of(self, document: Document) -> Sequence[Function]:
        """In order. Raises: Superseded if a large document was changed meanwhile."""
        if document.functions is None:
            document.functions = tuple(await self._off_the_loop(document, self._parse, document))
        return document.functions

    async def _off_the_loop(self, document: Document, call: Callable[..., _Result], *arguments: Any) -> _Result:
        """Call something whose time grows with the document: in a thread unless the document is small."""
        if len(document.source) <= PARSE_AT_ONCE:
            return call(*arguments)
        return await asyncio.get_running_loop().run_in_executor(self._parser, call, *arguments)

    def _parse(self, document: Document) -> list[Function]:
        """In any thread. Raises: Superseded if the document was changed meanwhile: another text waits for its turn."""
        found = []
        for function in find_functions(document.text, document.imports):
            self.check_newest(document)
            found.append(with_nested(function))
        if self.settings_for(document.uri).module_code:
            # Off by default.
            from codeodds.source.outside import find_outside_code

            found += find_outside_code(document.text, document.imports)
        return found

    def _show(self, document: Document, scored: list[FunctionScore]) -> None:
        if self._open.get(document.uri) is document:
            document.scored = tuple(scored)
            self.publish(document)

    def _tell(self, message: str) -> None:
        """A problem that the user can do something about, once per session."""
        if message not in self._told:
            self._told.add(message)
            logger.error("%s", message)
            for listener in self.on_problem:
                listener(message)

    def publish(self, document: Document) -> None:
        """Tell all features that something new is known of a document."""
        for listener in self.on_scored:
            try:
                listener(document)
            except Exception as error:
                # One failing feature must not take the others with it.
                logger.error("%s failed: %s", getattr(listener, "__qualname__", "a feature"), type(error).__name__)


def _keys(uri: str, functions: Sequence[Function]) -> list[str]:
    """One key per function that outlasts edits of the function: its name and its number among namesakes."""
    seen: Counter[str] = Counter()
    keys = []
    for function in functions:
        seen[function.name] += 1
        keys.append(f"{uri}#{function.name}#{seen[function.name]}")
    return keys
