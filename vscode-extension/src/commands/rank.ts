/** "Rank alternatives for this function": from a source to a list, from the list to an edit. */

import * as vscode from "vscode";

import { Command } from "../names.ts";
import { MOST_BODIES } from "../ranking/bodies.ts";
import { alternativeItems, type AlternativeItem, heading } from "../ranking/items.ts";
import { type Preview } from "../ranking/preview.ts";
import { sources } from "../ranking/sources.ts";
import type { RankResult } from "../server/protocol.ts";
import type { Requests } from "../server/requests.ts";
import { atCursor, command, NO_FUNCTION } from "./register.ts";

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
    title: `Where do other bodies for ${name} come from?`,
  });
  if (source === undefined) return;
  const bodies = await source.bodies();
  const generate = source.generate === true;
  if (bodies.length === 0 && !generate) throw new Error("there is nothing to rank: no code was found there.");
  if (bodies.length > MOST_BODIES) {
    throw new Error(`${bodies.length} alternatives are too many at once; give at most ${MOST_BODIES}.`);
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
  list.placeholder = "Choose one to put it in place";
  if (!ranked.complete) list.placeholder = "Time was up: not all of them were scored";
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
  if (document.version !== ranked.version) throw new Error("the file was changed meanwhile; rank again.");
  const edit = await preview.converted(alternative.edit);
  if (!(await vscode.workspace.applyEdit(edit))) throw new Error("the editor did not take the edit; rank again.");
}
