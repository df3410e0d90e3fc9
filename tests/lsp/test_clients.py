"""The whole server as VS Code, Neovim and Emacs see it, by the capabilities that these sent."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from lsprotocol import types as lsp

from tests.lsp import recorded
from tests.lsp.client import connect

TEXT = "def good(a):\n    b = a + 1\n    return b\n\n\ndef bad(a):\n    b = BUG\n    return b\n"
CLIENTS = [recorded.vscode, recorded.neovim, recorded.older_neovim, recorded.emacs, recorded.older_emacs]
PLAIN = [recorded.older_emacs]
"""Show no Markdown."""


@pytest.mark.parametrize("capabilities", CLIENTS, ids=lambda client: client.__name__)
async def test_everything_is_advertised_and_answered(capabilities: Callable[[], lsp.ClientCapabilities]) -> None:
    client_can = capabilities()
    pulls = client_can.text_document is not None and client_can.text_document.diagnostic is not None
    options = {"code_lens": True}
    async with connect(options=options, capabilities=client_can) as client:
        assert client.answer is not None
        server_can = client.answer.capabilities
        client.open(TEXT)
        if pulls:
            (found,) = (await client.pull()).items
        else:
            (found,) = await client.diagnostics(1)
        assert (found.code, found.range.start.line, found.severity) == ("CO002", 6, lsp.DiagnosticSeverity.Hint)
        assert [hint.label for hint in await client.hints()] == ["90 %", "30 %"]
        strong = "" if capabilities in PLAIN else "**"
        assert str(await client.hover(5)).startswith(f"{strong}30 %{strong} likely to be right")
        assert len(await client.lenses()) == 2
        titles = [action.title for action in await client.actions(6)]
        assert len((await client.score())["functions"]) == 2
        assert client.published == [] if pulls else len(client.published) == 1
        assert client.shown == []
    assert titles == [
        "codeodds: ignore this line",
        "codeodds: ignore `bad`",
        "codeodds: explain the estimate for `bad`",
        "codeodds: open the settings",
    ]
    assert isinstance(server_can.diagnostic_provider, lsp.DiagnosticOptions)
    assert isinstance(server_can.inlay_hint_provider, lsp.InlayHintOptions)
    assert server_can.inlay_hint_provider.resolve_provider
    assert isinstance(server_can.code_action_provider, lsp.CodeActionOptions)
    assert server_can.code_action_provider.resolve_provider
    assert server_can.code_lens_provider is not None
    assert server_can.code_lens_provider.resolve_provider
    assert server_can.hover_provider is not None
    assert server_can.execute_command_provider is not None
    assert len(server_can.execute_command_provider.commands) == 9
    assert server_can.workspace is not None
    assert server_can.workspace.workspace_folders is not None
    assert server_can.workspace.workspace_folders.supported


async def test_a_client_that_says_nothing_gets_what_every_client_can_show() -> None:
    async with connect(capabilities=lsp.ClientCapabilities()) as client:
        client.open(TEXT)
        (found,) = await client.diagnostics(1)
        assert found.code_description is None
        hover = str(await client.hover(5))
        assert not set("*`") & set(hover)
        commands = await client.actions(6)
        assert [type(command) for command in commands] == [lsp.Command, lsp.Command]
