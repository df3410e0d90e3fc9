/** What the extension takes from VS Code: settings, the Python document at the cursor, commands of the palette. */

import * as vscode from "vscode";

import { SECTION, selector } from "./names.ts";
import type { ImportStrategy } from "./server/launch.ts";
import { RequestProblem } from "./server/requests.ts";
import { addressOf } from "./userInput.ts";

export interface OwnSettings {
  interpreter: string;
  importStrategy: ImportStrategy;
  logLevel: string;
}

export function ownSettings(): OwnSettings {
  const values = vscode.workspace.getConfiguration(SECTION);
  return {
    interpreter: values.get("interpreter", "").trim(),
    importStrategy: values.get<ImportStrategy>("importStrategy", "useBundled"),
    logLevel: values.get("logLevel", "warning"),
  };
}

/** One of the server's settings, as it holds for a document. */
export function serverSetting<T>(name: string, fallback: T, resource?: vscode.Uri): T {
  return vscode.workspace.getConfiguration(SECTION, resource).get<T>(name, fallback);
}

/** Address of the completions endpoint that the settings name; undefined if they name none. */
export function completionsAddress(): string | undefined {
  return addressOf(serverSetting("completions_url", ""));
}

/** Settings after whose change the server has to be started anew. */
export const NEED_RESTART = ["interpreter", "importStrategy", "logLevel"].map((name) => `${SECTION}.${name}`);

/** Which documents the server judges in this window. */
export const SELECTOR = selector((vscode.workspace.workspaceFolders ?? []).map(({ uri }) => uri.scheme));

/** The active editor if the server judges its document. */
export function pythonEditor(): vscode.TextEditor | undefined {
  const editor = vscode.window.activeTextEditor;
  return editor && vscode.languages.match(SELECTOR, editor.document) > 0 ? editor : undefined;
}

export const NO_FUNCTION = "There is no Python function at the cursor.";

/** A command of the palette. A RequestProblem becomes a message; so does everything else that goes wrong. */
export function command(id: string, run: () => Promise<void>): vscode.Disposable {
  return vscode.commands.registerCommand(id, async () => {
    try {
      await run();
    } catch (error) {
      if (error instanceof vscode.CancellationError) return;
      const text = error instanceof Error ? error.message : String(error);
      void vscode.window.showWarningMessage(error instanceof RequestProblem ? text : `codeodds: ${text}`);
    }
  });
}

/** The document and line of the cursor. Throws: RequestProblem without a Python editor. */
export function atCursor(): { document: vscode.TextDocument; line: number; editor: vscode.TextEditor } {
  const editor = pythonEditor();
  if (editor === undefined) throw new RequestProblem("Open a Python file first.");
  return { document: editor.document, line: editor.selection.active.line, editor };
}
