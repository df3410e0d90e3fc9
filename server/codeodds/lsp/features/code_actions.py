"""What can be done about a place that is pointed at: say that it is fine, have it explained, open the settings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lsprotocol import types as lsp

from codeodds.lsp.documents.document import Document, FunctionScore
from codeodds.lsp.protocol.capabilities import EXPLAIN, OPEN_SETTINGS
from codeodds.lsp.server import CodeoddsServer
from codeodds.lsp.shown.cues import MORE_LIKELY, SHARP_DROP, cues
from codeodds.odds.findings import Finding
from codeodds.source.suppression import Suppression

KIND = lsp.CodeActionKind.QuickFix
SOURCE = "codeodds"
SETTINGS_OF_VS_CODE = "workbench.action.openSettings"


class CodeActions:
    """Offers nothing by itself for functions that are not pointed at, so that no light bulb follows the cursor."""

    def __init__(self, server: CodeoddsServer) -> None:
        self._server = server

    def answer(self, params: lsp.CodeActionParams) -> list[lsp.CodeAction | lsp.Command]:
        """The actions for what is pointed at in a range and, if the user asks, for the functions whose signature is
        there.
        """
        document = self._server.documents.get(params.text_document.uri)
        info = self._server.documents.worker.info
        only = params.context.only
        if document is None or info is None or (only and not any(_includes(kind, KIND) for kind in only)):
            return []
        first, last = params.range.start.line, params.range.end.line
        settings = self._server.documents.settings_for(document.uri)
        here = [cue for cue in cues(document, info, settings) if first <= cue.line <= last]
        pointed = list({id(cue.scored): cue.scored for cue in here}.values())
        others: list[FunctionScore] = []
        if params.context.trigger_kind == lsp.CodeActionTriggerKind.Invoked:
            others = [scored for scored in self._signed(document, first, last) if scored not in pointed]
        fixes = [
            self._fix(document, finding, params.context.diagnostics) for finding in self._found(document, first, last)
        ]
        if not pointed and not others:
            return [*fixes] if self._server.client.takes_code_actions else []
        commands = [*(self._explain(document, scored) for scored in [*pointed, *others]), self._settings()]
        if not self._server.client.takes_code_actions:
            return [*commands]
        lines = [(cue.scored, cue.line) for cue in here if cue.code == SHARP_DROP]
        ignoring = [
            self._ignore(document, scored, line, params.context.diagnostics)
            for scored, line in [*lines, *((scored, None) for scored in pointed)]
        ]
        return [
            *fixes,
            *(action for action in ignoring if action is not None),
            *(lsp.CodeAction(command.title, kind=KIND, command=command) for command in commands),
        ]

    def resolve(self, action: lsp.CodeAction) -> lsp.CodeAction:
        """Add the edit, unless the document has changed since."""
        data: dict[str, Any] = action.data if isinstance(action.data, dict) else {}
        document = self._server.documents.get(str(data.get("uri", "")))
        line = data.get("line")
        if document is not None and document.version == data.get("version") and isinstance(line, int | None):
            for scored in document.scored:
                if scored.function.line == data.get("function"):
                    action.edit = self._edit(document, scored, line)
        return action

    def _signed(self, document: Document, first: int, last: int) -> list[FunctionScore]:
        """The functions with a probability whose signature touches the lines."""
        suppression = Suppression(document.lines)
        return [
            scored
            for scored in document.scored
            if scored.probability is not None
            and scored.function.line <= last
            and first <= max(scored.function.line, scored.function.signature_end[0])
            and not suppression.function(scored.function)
        ]

    def _found(self, document: Document, first: int, last: int) -> list[Finding]:
        """The edits that are much more likely and touch the lines."""
        found = self._server.findings(document)
        return [finding for finding in found if finding.line <= last and first <= finding.end_line]

    def _fix(self, document: Document, finding: Finding, diagnostics: Sequence[lsp.Diagnostic]) -> lsp.CodeAction:
        """Put what is more likely in its place. Nobody's first choice, and no part of "fix all": it is an estimate."""
        place = self._server.converter(document).range(
            (finding.line, finding.character), (finding.end_line, finding.end_character)
        )
        about = [one for one in diagnostics if one.code == MORE_LIKELY and one.range == place]
        edit = self._as_edit(document, lsp.TextEdit(place, finding.new))
        return lsp.CodeAction(f"codeodds: {finding.title}", kind=KIND, diagnostics=about or None, edit=edit)

    def _ignore(
        self, document: Document, scored: FunctionScore, line: int | None, diagnostics: Sequence[lsp.Diagnostic]
    ) -> lsp.CodeAction | None:
        """Put the suppressing comment at a line or, without one, at the signature; None if none can stand there."""
        edit = self._edit(document, scored, line)
        if edit is None:
            return None
        first, last = (scored.function.line, scored.function.end_line) if line is None else (line, line)
        about = [
            diagnostic
            for diagnostic in diagnostics
            if diagnostic.source == SOURCE and first <= diagnostic.range.start.line <= last
        ]
        what = f"`{scored.function.name}`" if line is None else "this line"
        action = lsp.CodeAction(f"codeodds: ignore {what}", kind=KIND, diagnostics=about or None)
        if self._server.client.resolves_edits:
            action.data = {
                "uri": document.uri,
                "version": document.version,
                "function": scored.function.line,
                "line": line,
            }
        else:
            action.edit = edit
        return action

    def _edit(self, document: Document, scored: FunctionScore, line: int | None) -> lsp.WorkspaceEdit | None:
        place = Suppression(document.lines).edit_for(scored.function, line)
        if place is None:
            return None
        at = self._server.converter(document).position(place[0], place[1])
        return self._as_edit(document, lsp.TextEdit(lsp.Range(at, at), place[2]))

    def _as_edit(self, document: Document, edit: lsp.TextEdit) -> lsp.WorkspaceEdit:
        if self._server.client.edits_versions:
            named = lsp.OptionalVersionedTextDocumentIdentifier(uri=document.uri, version=document.version)
            return lsp.WorkspaceEdit(document_changes=[lsp.TextDocumentEdit(named, [edit])])
        return lsp.WorkspaceEdit(changes={document.uri: [edit]})

    def _explain(self, document: Document, scored: FunctionScore) -> lsp.Command:
        position = {"line": scored.function.line, "character": 0}
        arguments = [{"uri": document.uri, "position": position, "show": True}]
        return lsp.Command(f"codeodds: explain the estimate for `{scored.function.name}`", EXPLAIN, arguments=arguments)

    def _settings(self) -> lsp.Command:
        title = "codeodds: open the settings"
        if self._server.client.is_vs_code:
            return lsp.Command(title, SETTINGS_OF_VS_CODE, arguments=["codeodds"])
        return lsp.Command(title, OPEN_SETTINGS)


def _includes(wanted: lsp.CodeActionKind | str, kind: lsp.CodeActionKind) -> bool:
    """Whether a kind is one that a client asks for: ``quickfix`` is wanted by ``quickfix`` and by the empty kind."""
    name = str(getattr(wanted, "value", wanted))
    return name == "" or kind.value == name or kind.value.startswith(f"{name}.")


def create(server: CodeoddsServer) -> CodeActions:
    """The feature, imported when it is first asked."""
    return CodeActions(server)
