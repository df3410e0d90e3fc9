"""A language client around pytest-lsp's that remembers what the server pushed."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Union

import attrs
from lsprotocol import types as lsp
from pygls.protocol import default_converter
from pytest_lsp import LanguageClient

FAKE_SERVER = (sys.executable, str(Path(__file__).with_name("fake_server.py")))
URI = "file:///w/a.py"
WAIT_S = 120
"""A test that waits longer than this for something hangs; nothing is measured."""


class Client:
    """One connection to a server process."""

    def __init__(self, rpc: LanguageClient) -> None:
        self.rpc = rpc
        self.published: list[lsp.PublishDiagnosticsParams] = []
        self.logged: list[lsp.LogMessageParams] = []
        self.shown: list[lsp.ShowMessageParams] = []
        self.told: list[dict[str, Any]] = []
        """What came as `codeodds/scores`."""
        self.refreshed = 0
        self.pulls_asked_for = 0
        self.lenses_asked_for = 0
        self.registered: list[str] = []
        self.unregistered: list[str] = []
        self.configuration: dict[str, Any] = {}
        """Answers to `workspace/configuration`, by the URI of the folder; "" for what holds in general."""
        self.silent = False
        """Whether it leaves `workspace/configuration` unanswered."""
        self.answer: lsp.InitializeResult | None = None
        self._news = asyncio.Condition()

    def open(self, text: str, version: int = 1, uri: str = URI, language: str = "python") -> None:
        item = lsp.TextDocumentItem(uri=uri, language_id=language, version=version, text=text)
        self.rpc.text_document_did_open(lsp.DidOpenTextDocumentParams(item))

    def replace(self, text: str, version: int, uri: str = URI) -> None:
        """Send a whole new text."""
        change = lsp.TextDocumentContentChangeWholeDocument(text)
        self._change([change], version, uri)

    def edit(self, span: lsp.Range, text: str, version: int, uri: str = URI) -> None:
        self._change([lsp.TextDocumentContentChangePartial(range=span, text=text)], version, uri)

    def close(self, uri: str = URI) -> None:
        self.rpc.text_document_did_close(lsp.DidCloseTextDocumentParams(lsp.TextDocumentIdentifier(uri)))

    def configure(self, settings: Any) -> None:
        self.rpc.workspace_did_change_configuration(lsp.DidChangeConfigurationParams(settings))

    async def score(self, uri: str = URI, **extra: Any) -> dict[str, Any]:
        """`codeodds/score`; raises what the server answers with."""
        future = self.rpc.protocol.send_request_async("codeodds/score", {"textDocument": {"uri": uri}, **extra})
        return to_plain(await asyncio.wait_for(future, WAIT_S))

    async def calls(self) -> list[str]:
        """The solutions that the fake scorer was asked to score so far. With ``--gate`` only."""
        return list(await asyncio.wait_for(self.rpc.protocol.send_request_async("test/calls", None), WAIT_S))

    async def until_called(self, times: int) -> list[str]:
        """Wait until the fake scorer was asked this often. With ``--gate`` only."""
        return list(await asyncio.wait_for(self.rpc.protocol.send_request_async("test/called", [times]), WAIT_S))

    def release(self) -> None:
        """Let the scores through that ``--gate`` holds."""
        self.rpc.protocol.notify("test/release", None)

    async def hints(self, uri: str = URI, last_line: int = 10_000) -> list[lsp.InlayHint]:
        span = lsp.Range(lsp.Position(0, 0), lsp.Position(last_line, 0))
        params = lsp.InlayHintParams(text_document=lsp.TextDocumentIdentifier(uri), range=span)
        return list(await self.rpc.text_document_inlay_hint_async(params) or [])

    async def pull(self, uri: str = URI, previous: str | None = None) -> Any:
        """A report of diagnostics, full or unchanged."""
        params = lsp.DocumentDiagnosticParams(lsp.TextDocumentIdentifier(uri), previous_result_id=previous)
        report = await asyncio.wait_for(self.rpc.text_document_diagnostic_async(params), WAIT_S)
        if isinstance(report, lsp.RelatedFullDocumentDiagnosticReport):
            report.items = list(report.items)
        return report

    async def hover(self, line: int, uri: str = URI) -> str | None:
        """The text of the hover in a line."""
        params = lsp.HoverParams(lsp.TextDocumentIdentifier(uri), lsp.Position(line, 0))
        answer = await self.rpc.text_document_hover_async(params)
        return None if answer is None else str(getattr(answer.contents, "value", answer.contents))

    async def lenses(self, uri: str = URI) -> list[lsp.CodeLens]:
        params = lsp.CodeLensParams(lsp.TextDocumentIdentifier(uri))
        return list(await self.rpc.text_document_code_lens_async(params) or [])

    async def actions(
        self,
        line: int,
        uri: str = URI,
        only: list[lsp.CodeActionKind | str] | None = None,
        trigger: lsp.CodeActionTriggerKind | None = None,
        diagnostics: list[lsp.Diagnostic] | None = None,
    ) -> list[Any]:
        span = lsp.Range(lsp.Position(line, 0), lsp.Position(line, 0))
        context = lsp.CodeActionContext(diagnostics or [], only=only, trigger_kind=trigger)
        params = lsp.CodeActionParams(lsp.TextDocumentIdentifier(uri), span, context)
        return list(await self.rpc.text_document_code_action_async(params) or [])

    async def command(self, name: str, *arguments: Any) -> Any:
        """Run a command; raises what the server answers with."""
        params = lsp.ExecuteCommandParams(command=name, arguments=list(arguments) or None)
        return to_plain(await asyncio.wait_for(self.rpc.workspace_execute_command_async(params), WAIT_S))

    async def until(self, condition: Any) -> None:
        """Wait until something that the server pushed makes the condition true."""
        async with asyncio.timeout(WAIT_S), self._news:
            await self._news.wait_for(condition)

    async def diagnostics(self, version: int, uri: str = URI) -> list[lsp.Diagnostic]:
        """What was published for a version, once it was."""
        await self.until(lambda: any(self._is(entry, version, uri) for entry in self.published))
        return list(next(entry for entry in reversed(self.published) if self._is(entry, version, uri)).diagnostics)

    async def scored(self, times: int = 1) -> None:
        """Wait until the server has asked for new hints this often."""
        await self.until(lambda: self.refreshed >= times)

    async def heard(self) -> None:
        async with self._news:
            self._news.notify_all()

    def _is(self, entry: lsp.PublishDiagnosticsParams, version: int, uri: str) -> bool:
        return entry.uri == uri and entry.version == version

    def _change(self, changes: list[Any], version: int, uri: str) -> None:
        document = lsp.VersionedTextDocumentIdentifier(version=version, uri=uri)
        self.rpc.text_document_did_change(lsp.DidChangeTextDocumentParams(document, changes))


def to_plain(value: Any) -> Any:
    """pygls makes named tuples of JSON objects; make them dicts again."""
    if hasattr(value, "_asdict"):
        return {name: to_plain(member) for name, member in value._asdict().items()}
    if isinstance(value, list | tuple):
        return [to_plain(member) for member in value]
    return value


def _converter() -> Any:
    """pygls' converter, which cannot read the notebooks among a server's capabilities, and takes a code action with a
    command for a command.
    """
    converter = default_converter()
    unreadable = attrs.fields(lsp.NotebookDocumentFilterWithCells).notebook.type
    converter.register_structure_hook(unreadable, lambda value, kind: value)

    def action_or_command(value: Any, kind: Any) -> Any:
        bare = isinstance(value.get("command"), str)
        return converter.structure(value, lsp.Command if bare else lsp.CodeAction)

    for union in (lsp.Command | lsp.CodeAction, Union[lsp.Command, lsp.CodeAction]):  # noqa: UP007
        converter.register_structure_hook(union, action_or_command)
    return converter


@asynccontextmanager
async def connect(
    *command: str,
    options: Any = None,
    encodings: list[lsp.PositionEncodingKind] | None = None,
    refresh: bool = True,
    capabilities: lsp.ClientCapabilities | None = None,
    name: str | None = None,
    folders: list[str] | None = None,
    configuration: dict[str, Any] | None = None,
    silent: bool = False,
) -> AsyncIterator[Client]:
    """Start a server process, initialize it, and shut it down at the end.

    `capabilities` are those of a client that can little unless given; then `encodings` and `refresh` say nothing.
    """
    rpc = LanguageClient(converter_factory=_converter)
    client = Client(rpc)
    client.configuration = configuration or {}
    client.silent = silent

    @rpc.feature(lsp.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
    async def published(params: lsp.PublishDiagnosticsParams) -> None:
        client.published.append(params)
        await client.heard()

    @rpc.feature(lsp.WINDOW_LOG_MESSAGE)
    async def logged(params: lsp.LogMessageParams) -> None:
        client.logged.append(params)
        await client.heard()

    @rpc.feature(lsp.WINDOW_SHOW_MESSAGE)
    async def shown(params: lsp.ShowMessageParams) -> None:
        client.shown.append(params)
        await client.heard()

    @rpc.feature("codeodds/scores")
    async def told(params: Any) -> None:
        client.told.append(to_plain(params))
        await client.heard()

    @rpc.feature(lsp.WORKSPACE_INLAY_HINT_REFRESH)
    async def refreshed(params: Any) -> None:
        client.refreshed += 1
        await client.heard()

    @rpc.feature(lsp.WORKSPACE_DIAGNOSTIC_REFRESH)
    async def pull_again(params: Any) -> None:
        client.pulls_asked_for += 1
        await client.heard()

    @rpc.feature(lsp.WORKSPACE_CODE_LENS_REFRESH)
    async def lenses_again(params: Any) -> None:
        client.lenses_asked_for += 1
        await client.heard()

    @rpc.feature(lsp.WORKSPACE_CONFIGURATION)
    async def configured(params: lsp.ConfigurationParams) -> list[Any]:
        while client.silent:
            await asyncio.sleep(0.01)
        assert all(item.section == "codeodds" for item in params.items)
        return [client.configuration.get(item.scope_uri or "") for item in params.items]

    @rpc.feature(lsp.CLIENT_REGISTER_CAPABILITY)
    async def registered(params: lsp.RegistrationParams) -> None:
        client.registered += [registration.method for registration in params.registrations]
        await client.heard()

    @rpc.feature(lsp.CLIENT_UNREGISTER_CAPABILITY)
    async def unregistered(params: lsp.UnregistrationParams) -> None:
        client.unregistered += [gone.method for gone in params.unregisterations]
        await client.heard()

    @rpc.feature(lsp.WINDOW_SHOW_DOCUMENT)
    async def show_document(params: lsp.ShowDocumentParams) -> lsp.ShowDocumentResult:
        rpc.shown_documents.append(params)
        return lsp.ShowDocumentResult(success=True)

    await rpc.start_io(*(command or FAKE_SERVER))
    capabilities = capabilities or lsp.ClientCapabilities(
        workspace=lsp.WorkspaceClientCapabilities(
            inlay_hint=lsp.InlayHintWorkspaceClientCapabilities(refresh_support=refresh)
        ),
        general=lsp.GeneralClientCapabilities(position_encodings=encodings),
    )
    client.answer = await rpc.initialize_session(
        lsp.InitializeParams(
            capabilities=capabilities,
            initialization_options={"debounce_ms": 10, **(options or {})},
            client_info=None if name is None else lsp.ClientInfo(name),
            workspace_folders=None if folders is None else [lsp.WorkspaceFolder(uri, uri) for uri in folders],
        )
    )
    try:
        yield client
    finally:
        await rpc.shutdown_session()
        await rpc.stop()
