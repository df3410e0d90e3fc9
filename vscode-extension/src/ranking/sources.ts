/** Where other bodies for a function may come from. */

import * as vscode from "vscode";

import { completionsAddress, serverSetting } from "../editor.ts";
import { bodiesIn } from "./alternatives.ts";

/** Files larger than this hold no alternatives for one function. */
const LARGEST_FILE_BYTES = 1_000_000;

export interface Source extends vscode.QuickPickItem {
  /** Texts, each a body or a whole function; none if the user went back. */
  bodies: () => Promise<string[]>;
  /** The server asks the completions endpoint for them. */
  generate?: boolean;
}

export function sources(document: vscode.TextDocument): Source[] {
  const selections = vscode.window.visibleTextEditors
    .filter((editor) => editor.document !== document && editor.selections.some((selection) => !selection.isEmpty))
    .map((editor) => ({
      label: "$(selection) Selection in the other editor",
      description: vscode.workspace.asRelativePath(editor.document.uri),
      bodies: () => Promise.resolve(editor.selections.flatMap((part) => bodiesIn(editor.document.getText(part)))),
    }));
  return [
    ...writers(),
    ...selections,
    {
      label: "$(clippy) Clipboard",
      description: "one body, or one or more functions",
      bodies: async () => bodiesIn(await vscode.env.clipboard.readText()),
    },
    { label: "$(files) Files…", description: "Python files, each with one or more functions", bodies: fromFiles },
  ];
}

/** Whoever the settings name to write bodies; nobody by default. */
function writers(): Source[] {
  const writes = { bodies: () => Promise.resolve([]), generate: true };
  if (serverSetting<string>("completions_source", "endpoint") === "local") {
    return [{ label: "$(sparkle) Ask the local model", description: "the model that scores", ...writes }];
  }
  const address = completionsAddress();
  if (address === undefined) return [];
  return [{ label: "$(sparkle) Ask the completions endpoint", description: address, ...writes }];
}

async function fromFiles(): Promise<string[]> {
  const chosen = await vscode.window.showOpenDialog({
    canSelectMany: true,
    filters: { Python: ["py"] },
    title: "Files with alternatives",
  });
  const bodies: string[] = [];
  for (const uri of chosen ?? []) {
    const name = vscode.workspace.asRelativePath(uri);
    const bytes = await vscode.workspace.fs.readFile(uri);
    if (bytes.length > LARGEST_FILE_BYTES) throw new Error(`${name} is larger than 1 MB; choose a smaller file.`);
    try {
      bodies.push(...bodiesIn(new TextDecoder("utf-8", { fatal: true }).decode(bytes)));
    } catch {
      throw new Error(`${name} is not UTF-8; save it as UTF-8 first.`);
    }
  }
  return bodies;
}
