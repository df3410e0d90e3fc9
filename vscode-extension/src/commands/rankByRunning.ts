/** "Rank alternatives for this function by running them": the same way, once somebody agreed to it. */

import * as vscode from "vscode";

import { Command } from "../names.ts";
import { question, refusal } from "../ranking/consent.ts";
import { type Preview } from "../ranking/preview.ts";
import type { Requests } from "../server/requests.ts";
import { serverSetting } from "../settings.ts";
import { rankAtCursor } from "./rank.ts";
import { command } from "./register.ts";

const RUN = "Run";

export function registerRankByRunningCommand(requests: Requests, preview: Preview): vscode.Disposable {
  return command(Command.rankByRunning, async () => {
    throwIfRefused();
    await rankAtCursor(requests, preview, async (name, bodies, generated) => {
      const { message, detail } = question(name, bodies, generated);
      const chosen = await vscode.window.showWarningMessage(message, { modal: true, detail }, RUN);
      // It may have been switched off while the question stood.
      throwIfRefused();
      return chosen === RUN;
    });
  });
}

function throwIfRefused(): void {
  const reason = refusal(vscode.workspace.isTrusted, serverSetting("run_code", false));
  if (reason !== null) throw new Error(reason);
}
