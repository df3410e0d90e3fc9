/** "Score this function", "Score this file", "Explain the score". */

import * as vscode from "vscode";

import { atCursor, command, NO_FUNCTION } from "../editor.ts";
import type { ExplanationPanel } from "../explanation/panel.ts";
import { Command } from "../names.ts";
import type { Requests } from "../server/requests.ts";
import { percent } from "../status/text.ts";
import { functionItems } from "./functionItems.ts";
import { reporter } from "./progress.ts";

const EXPLAIN = "Explain";

export function registerScoreCommands(requests: Requests, panel: ExplanationPanel): vscode.Disposable[] {
  return [
    command(Command.explain, async () => {
      const { document, line } = atCursor();
      await panel.show(document, line);
    }),
    command(Command.scoreFunction, async () => {
      const { document, line } = atCursor();
      const [found] = (await requests.score(document, line)).functions;
      if (found === undefined) {
        void vscode.window.showInformationMessage(NO_FUNCTION);
        return;
      }
      const text =
        found.probability === null
          ? `${found.name} is not scored: ${found.reason ?? "there is no score"}.`
          : `${found.name}: ${percent(found.probability)} likely to be right as written`;
      if ((await vscode.window.showInformationMessage(text, EXPLAIN)) === EXPLAIN) await panel.show(document, line);
    }),
    command(Command.scoreFile, async () => {
      const { document } = atCursor();
      const cancellable = {
        location: vscode.ProgressLocation.Notification,
        title: "codeodds: scoring",
        cancellable: true,
      };
      const result = await vscode.window.withProgress(cancellable, (bar, token) =>
        requests.score(document, undefined, token, reporter(bar)),
      );
      const items = functionItems(result.functions);
      if (items.length === 0) {
        void vscode.window.showInformationMessage("There are no functions in this file.");
        return;
      }
      const chosen = await vscode.window.showQuickPick(items, {
        title: "Functions of this file, the least probable first",
        ...(result.complete ? {} : { placeHolder: "Time was up: score the file again to go on" }),
        matchOnDescription: true,
      });
      if (chosen !== undefined) {
        const at = new vscode.Position(chosen.line, 0);
        await vscode.window.showTextDocument(document, { selection: new vscode.Range(at, at) });
      }
    }),
  ];
}
