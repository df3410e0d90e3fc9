/** "Rank alternatives for this function": from a source to a list, from the list to an edit. */

import * as vscode from "vscode";
import type { LanguageClient, WorkspaceEdit } from "vscode-languageclient/node";

import { atCursor, command, NO_FUNCTION } from "../editor.ts";
import { Command } from "../names.ts";
import type { RankResult } from "../server/protocol.ts";
import type { Requests } from "../server/requests.ts";
import { alternativeItems, type AlternativeItem, heading, MOST_BODIES } from "./alternatives.ts";
import { sources } from "./sources.ts";

const SCHEME = "codeodds-alternative";
const DIFFERENCE: vscode.QuickInputButton = { iconPath: new vscode.ThemeIcon("diff"), tooltip: "Show the difference" };

export function registerRankCommand(requests: Requests, preview: Preview): vscode.Disposable {
  return command(Command.rank, () => rankAtCursor(requests, preview));
}

async function rankAtCursor(requests: Requests, preview: Preview): Promise<void> {
  const { document, line } = atCursor();
  const column = vscode.window.activeTextEditor?.viewColumn;
  const [found] = (await requests.score(document, line)).functions;
  if (found === undefined) {
    void vscode.window.showInformationMessage(NO_FUNCTION);
    return;
  }
  const name = found.within ?? found.name;
  const source = await vscode.window.showQuickPick(sources(document), {
    title: `Choose alternatives for ${name}`,
  });
  if (source === undefined) return;
  const bodies = await source.bodies();
  const generate = source.generate === true;
  if (bodies.length === 0 && !generate) throw new Error("no code was found there, so there is nothing to rank.");
  if (bodies.length > MOST_BODIES) {
    throw new Error(`${bodies.length} alternatives are too many; choose at most ${MOST_BODIES}.`);
  }
  const progress = { location: vscode.ProgressLocation.Notification, title: "codeodds: ranking", cancellable: true };
  const ranked = await vscode.window.withProgress(progress, (_, token) =>
    requests.rank(document, line, bodies, generate, token),
  );
  const chosen = await pick(document, ranked, preview);
  if (chosen === undefined) return;
  await apply(document, ranked, chosen, preview);
  // A difference that was looked at stands in front of it.
  await vscode.window.showTextDocument(document, column);
}

async function pick(
  document: vscode.TextDocument,
  ranked: RankResult,
  preview: Preview,
): Promise<AlternativeItem | undefined> {
  const list = vscode.window.createQuickPick<AlternativeItem & vscode.QuickPickItem>();
  list.title = heading(ranked.function, ranked.current.probability);
  list.placeholder = ranked.complete
    ? "Choose one to replace the current body"
    : "Time ran out before all alternatives were scored";
  list.matchOnDetail = true;
  list.items = alternativeItems(ranked.alternatives).map((item) => ({
    ...item,
    buttons: item.alternative.edit === null ? [] : [DIFFERENCE],
  }));
  try {
    return await new Promise((resolve) => {
      list.onDidTriggerItemButton(({ item }) => {
        list.ignoreFocusOut = true;
        void preview.show(document, item.alternative.edit, `${ranked.function}: ${item.label}`);
      });
      list.onDidAccept(() => {
        resolve(list.selectedItems[0]);
      });
      list.onDidHide(() => {
        resolve(undefined);
      });
      list.show();
    });
  } finally {
    list.dispose();
  }
}

async function apply(
  document: vscode.TextDocument,
  ranked: RankResult,
  { alternative }: AlternativeItem,
  preview: Preview,
): Promise<void> {
  if (alternative.edit === null) return;
  if (document.version !== ranked.version) throw new Error("the file has changed since then; rank again.");
  const edit = await preview.converted(alternative.edit);
  if (!(await vscode.workspace.applyEdit(edit))) throw new Error("VS Code did not apply the edit; rank again.");
}

/** A document as it would be with an alternative in place, beside the document as it is. */
export class Preview implements vscode.Disposable {
  readonly #client: () => LanguageClient | undefined;
  readonly #provider: vscode.Disposable;
  readonly #changed = new vscode.EventEmitter<vscode.Uri>();
  #text = "";

  constructor(client: () => LanguageClient | undefined) {
    this.#client = client;
    this.#provider = vscode.workspace.registerTextDocumentContentProvider(SCHEME, {
      onDidChange: this.#changed.event,
      provideTextDocumentContent: () => this.#text,
    });
  }

  /** What the server's edit is for VS Code. Throws if the server is gone. */
  async converted(edit: unknown): Promise<vscode.WorkspaceEdit> {
    const client = this.#client();
    if (client === undefined) throw new Error("the server is no longer running.");
    return client.protocol2CodeConverter.asWorkspaceEdit(edit as WorkspaceEdit);
  }

  async show(document: vscode.TextDocument, edit: unknown, title: string): Promise<void> {
    const edits = (await this.converted(edit)).get(document.uri);
    this.#text = applied(document, edits);
    const uri = vscode.Uri.from({ scheme: SCHEME, path: document.uri.path });
    this.#changed.fire(uri);
    await vscode.commands.executeCommand("vscode.diff", document.uri, uri, title, {
      preview: true,
      // The list stays under the keys.
      preserveFocus: true,
    });
  }

  dispose(): void {
    this.#provider.dispose();
    this.#changed.dispose();
  }
}

/** The document's text with the edits made. */
function applied(document: vscode.TextDocument, edits: readonly vscode.TextEdit[]): string {
  const backwards = [...edits].sort((a, b) => b.range.start.compareTo(a.range.start));
  return backwards.reduce((text, edit) => {
    const [start, end] = [document.offsetAt(edit.range.start), document.offsetAt(edit.range.end)];
    return text.slice(0, start) + edit.newText + text.slice(end);
  }, document.getText());
}
