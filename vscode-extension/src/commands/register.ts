/** Registers commands so that what goes wrong is one message, never an unhandled error. */

import * as vscode from "vscode";

import { RequestProblem } from "../server/requests.ts";
import { pythonEditor } from "../session.ts";

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
