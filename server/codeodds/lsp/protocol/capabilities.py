"""What both sides tell each other at the start: what the client can, and the commands that the server has."""

from __future__ import annotations

from lsprotocol import types as lsp

SCORE_FUNCTION = "codeodds.scoreFunction"
SCORE_FILE = "codeodds.scoreFile"
SCORE_SELECTION = "codeodds.scoreSelection"
EXPLAIN = "codeodds.explain"
RELOAD_MODEL = "codeodds.reloadModel"
DEBUG_INFORMATION = "codeodds.debugInformation"
OPEN_SETTINGS = "codeodds.openSettings"
RANK_ALTERNATIVES = "codeodds.rankAlternatives"
SET_COMPLETIONS_KEY = "codeodds.setCompletionsKey"


class Client:
    """A client's capabilities, in the questions that features ask. Each has a safe answer if a client says nothing."""

    def __init__(self, capabilities: lsp.ClientCapabilities, name: str = "") -> None:
        self._document = capabilities.text_document or lsp.TextDocumentClientCapabilities()
        self._workspace = capabilities.workspace or lsp.WorkspaceClientCapabilities()
        self._window = capabilities.window or lsp.WindowClientCapabilities()
        self._experimental = capabilities.experimental
        self.name = name

    @property
    def pulls_diagnostics(self) -> bool:
        """Whether it asks for diagnostics. Then none are pushed."""
        return self._document.diagnostic is not None

    @property
    def refreshes_diagnostics(self) -> bool:
        support = self._workspace.diagnostics
        return bool(support and support.refresh_support)

    @property
    def follows_code_descriptions(self) -> bool:
        support = self._document.publish_diagnostics
        pulled = self._document.diagnostic
        return bool(support and support.code_description_support) or bool(pulled and pulled.code_description_support)

    @property
    def hover_in_markdown(self) -> bool:
        """Plain text is what every client can show."""
        support = self._document.hover
        formats = support.content_format if support else None
        return bool(formats) and lsp.MarkupKind.Markdown in (formats or ())

    @property
    def resolves_tooltips(self) -> bool:
        """Whether an inlay hint's tooltip may come later."""
        support = self._document.inlay_hint
        resolve = support.resolve_support if support else None
        return bool(resolve and "tooltip" in resolve.properties)

    @property
    def resolves_edits(self) -> bool:
        """Whether a code action's edit may come later."""
        support = self._document.code_action
        resolve = support.resolve_support if support else None
        return bool(resolve and "edit" in resolve.properties and support and support.data_support)

    @property
    def takes_code_actions(self) -> bool:
        """Whether it takes more than bare commands as code actions."""
        support = self._document.code_action
        return bool(support and support.code_action_literal_support)

    @property
    def edits_versions(self) -> bool:
        """Whether an edit may name the version of the document that it is for."""
        support = self._workspace.workspace_edit
        return bool(support and support.document_changes)

    @property
    def shows_documents(self) -> bool:
        """Whether the server may ask for a document to be shown."""
        support = self._window.show_document
        return bool(support and support.support)

    @property
    def shows_progress(self) -> bool:
        """Whether the server may show that something goes on that nobody asked for."""
        return bool(self._window.work_done_progress)

    @property
    def answers_configuration(self) -> bool:
        """Whether it can be asked for settings."""
        return bool(self._workspace.configuration)

    @property
    def registers_configuration(self) -> bool:
        """Whether it wants to be told that changes of settings matter."""
        support = self._workspace.did_change_configuration
        return bool(support and support.dynamic_registration)

    @property
    def registers_completion(self) -> bool:
        """Whether it may be told later that the server completes."""
        support = self._document.completion
        return bool(support and support.dynamic_registration)

    @property
    def shows_label_details(self) -> bool:
        """Whether an item of a list may say something behind its label."""
        support = self._document.completion
        item = support.completion_item if support else None
        return bool(item and item.label_details_support)

    @property
    def takes_scores(self) -> bool:
        """Whether it wants `codeodds/scores`."""
        found = self._experimental
        named = found.get("codeoddsScores") if isinstance(found, dict) else getattr(found, "codeoddsScores", None)
        return named is True

    @property
    def is_vs_code(self) -> bool:
        """VS Code and its kin, which have a command that opens the settings."""
        return self.name in (
            "Visual Studio Code",
            "Visual Studio Code - Insiders",
            "VSCodium",
            "Cursor",
            "code-oss-dev",
        )
