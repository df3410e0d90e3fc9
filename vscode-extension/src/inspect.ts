/**
 * A command for end-to-end tests, `codeodds.test.inspect`. It is there only if the variable CODEODDS_E2E is 1, and never
 * in the palette. It writes what the editor knows of the active document to the file that CODEODDS_E2E_OUT names:
 *
 *     {
 *       "uri": string, "version": number,                        the active document; null without one
 *       "hints": [{"line", "character", "label", "tooltip"}],    from 0; tooltip as Markdown, null unless resolved
 *       "lenses": [{"line", "title", "command"}],
 *       "hovers": [string],                                      what is said at the cursor, as Markdown
 *       "diagnostics": [{"startLine", "endLine", "code", "message", "severity", "source"}],   severity: 0 error ... 3 hint
 *       "status": {"state", "text", "detail", "busy", "action"}, as src/status/text.ts
 *       "values": object or null,                                the last model of the view, as src/values/model.ts
 *       "server": {"state", "python", "origin"},                 python and origin null before one was found
 *       "trusted": boolean                                       whether the workspace is
 *     }
 *
 * The file is written beside and then renamed, so that whoever waits for it reads it whole.
 */

import { rename, writeFile } from "node:fs/promises";

import * as vscode from "vscode";

import type { Supervisor } from "./server/supervisor.ts";
import type { Session } from "./session.ts";
import type { ValuePanel } from "./values/panel.ts";

export function registerInspection(session: Session, supervisor: Supervisor, panel: ValuePanel): vscode.Disposable[] {
  const target = process.env.CODEODDS_E2E_OUT;
  if (process.env.CODEODDS_E2E !== "1" || target === undefined) return [];
  return [
    vscode.commands.registerCommand("codeodds.test.inspect", async () => {
      const found = {
        ...(await ofEditor(vscode.window.activeTextEditor)),
        status: session.status,
        values: panel.model ?? null,
        server: {
          state: supervisor.state,
          python: supervisor.interpreter?.version ?? null,
          origin: supervisor.interpreter?.origin ?? null,
        },
        trusted: vscode.workspace.isTrusted,
      };
      await writeFile(`${target}.part`, JSON.stringify(found, undefined, 2));
      await rename(`${target}.part`, target);
    }),
  ];
}

async function ofEditor(editor: vscode.TextEditor | undefined): Promise<object> {
  if (editor === undefined) return { uri: null, version: null, hints: [], lenses: [], hovers: [], diagnostics: [] };
  const { document, selection } = editor;
  const { uri } = document;
  const whole = new vscode.Range(0, 0, document.lineCount, 0);
  const hints = await vscode.commands.executeCommand<vscode.InlayHint[]>("vscode.executeInlayHintProvider", uri, whole);
  const lenses = await vscode.commands.executeCommand<vscode.CodeLens[]>("vscode.executeCodeLensProvider", uri, 100);
  const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
    "vscode.executeHoverProvider",
    uri,
    selection.active,
  );
  return {
    uri: uri.toString(),
    version: document.version,
    hints: hints.map((hint) => ({
      line: hint.position.line,
      character: hint.position.character,
      label: typeof hint.label === "string" ? hint.label : hint.label.map((part) => part.value).join(""),
      tooltip: typeof hint.tooltip === "object" ? hint.tooltip.value : (hint.tooltip ?? null),
    })),
    lenses: lenses.map((lens) => ({
      line: lens.range.start.line,
      title: lens.command?.title ?? null,
      command: lens.command?.command ?? null,
    })),
    hovers: hovers.flatMap(({ contents }) => contents.map((part) => (part as vscode.MarkdownString).value)),
    diagnostics: vscode.languages.getDiagnostics(uri).map((item) => ({
      startLine: item.range.start.line,
      endLine: item.range.end.line,
      code: typeof item.code === "object" ? item.code.value : (item.code ?? null),
      message: item.message,
      severity: item.severity,
      source: item.source ?? null,
    })),
  };
}
