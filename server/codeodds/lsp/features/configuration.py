"""Settings from the client: sent with the start, pushed, or asked for, in general and for each workspace folder."""

from __future__ import annotations

import asyncio
from typing import Any

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException

from codeodds.lsp.server import CodeoddsServer
from codeodds.lsp.settings.fields import SECTION

ANSWER_WITHIN_S = 2.0
"""Documents are not scored by themselves until the client has said how, or for so long."""


class Configuration:
    """Keeps the settings up to date. The newest question to the client wins."""

    def __init__(self, server: CodeoddsServer) -> None:
        self._server = server
        self._pushed: Any = None
        self._asked = 0

    async def start(self) -> None:
        """Take over the initialization options; then ask the client, if it can be asked."""
        self._server.documents.store.on_problem = self._server.tell
        self._pushed = self._server.first_settings
        self._server.documents.store.waiting = self._server.client.answers_configuration
        self._apply(self._pushed, {})
        asyncio.get_running_loop().call_later(ANSWER_WITHIN_S, self._wait_no_longer)
        await self.ask()
        if self._server.client.registers_configuration:
            registration = lsp.Registration(
                id="codeodds-configuration",
                method=lsp.WORKSPACE_DID_CHANGE_CONFIGURATION,
                register_options=lsp.DidChangeConfigurationRegistrationOptions(section=SECTION),
            )
            try:
                await self._server.client_register_capability_async(lsp.RegistrationParams([registration]))
            except JsonRpcException as error:
                self._server.tell(f"the client did not register for changes of its settings ({error.code})")

    async def changed(self, value: Any) -> None:
        """New settings were pushed; null, which some clients send, only says that something changed."""
        if value is not None:
            self._pushed = value
        if self._server.client.answers_configuration:
            await self.ask()
        elif value is not None:
            self._apply(self._pushed, {})

    async def ask(self) -> None:
        """Ask the client for its settings. What was sent before holds where it answers null, or not at all."""
        if not self._server.client.answers_configuration:
            return
        self._asked += 1
        number = self._asked
        folders = list(self._server.workspace.folders)
        items = [lsp.ConfigurationItem(section=SECTION)]
        items += [lsp.ConfigurationItem(scope_uri=uri, section=SECTION) for uri in folders]
        try:
            answers = list(await self._server.workspace_configuration_async(lsp.ConfigurationParams(items)) or [])
        except JsonRpcException as error:
            self._server.tell(f"the client did not answer for its settings ({error.code}); those sent before hold")
            self._wait_no_longer()
            return
        if number != self._asked:
            return  # A newer question is under way, or was answered.
        answers += [None] * (len(items) - len(answers))
        base = self._pushed if answers[0] is None else answers[0]
        self._server.documents.store.waiting = False
        self._apply(base, dict(zip(folders, answers[1:], strict=False)))

    def _wait_no_longer(self) -> None:
        """The client did not answer: score with what was sent before."""
        store = self._server.documents.store
        if store.waiting:
            store.waiting = False
            self._server.documents.configure()

    def _apply(self, base: Any, folders: dict[str, Any]) -> None:
        for problem in self._server.documents.store.replace(base, folders):
            self._server.tell(problem)
        self._server.documents.configure()


def set_up(server: CodeoddsServer) -> None:
    """Wire the feature."""
    configuration = Configuration(server)

    server.on_started.append(configuration.start)

    @server.feature(lsp.WORKSPACE_DID_CHANGE_CONFIGURATION)
    async def configuration_changed(params: lsp.DidChangeConfigurationParams) -> None:
        await configuration.changed(params.settings)

    @server.feature(lsp.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
    async def folders_changed(params: lsp.DidChangeWorkspaceFoldersParams) -> None:
        await configuration.ask()
