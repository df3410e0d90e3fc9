/** Wiring only: what starts with the extension, and what it listens to. */

import * as vscode from "vscode";

import { CompletionsKey } from "./commands/completionsKey.ts";
import { registerScoreCommands } from "./commands/score.ts";
import { Advice, registerServerCommands } from "./commands/server.ts";
import { NEED_RESTART } from "./editor.ts";
import { ExplanationPanel } from "./explanation/panel.ts";
import { onActiveInterpreter } from "./python/activeInterpreter.ts";
import { Preview, registerRankCommand } from "./ranking/rank.ts";
import { shipped } from "./server/launch.ts";
import { Requests } from "./server/requests.ts";
import { Supervisor } from "./server/supervisor.ts";
import { Session } from "./status/session.ts";

let supervisor: Supervisor | undefined;

export function activate(context: vscode.ExtensionContext): void {
  const channel = vscode.window.createOutputChannel("codeodds", { log: true });
  const session = new Session();
  const advice = new Advice(context.globalState);
  const requests = new Requests(() => running.client);
  const key = new CompletionsKey(context.secrets, requests);
  const panel = new ExplanationPanel(session, requests);
  const preview = new Preview(() => running.client);
  const running = new Supervisor({
    extensionPath: context.extensionPath,
    shipped: shipped(context.extensionPath),
    channel,
    listeners: {
      loading: (active) => {
        session.loading(active);
      },
      scores: (params) => {
        session.scored(params);
      },
      explain: (uri, line) =>
        void vscode.workspace.openTextDocument(uri).then((document) => panel.show(document, line)),
      paused: () => session.paused,
    },
    observer: {
      changed: (state, problem) => {
        session.serverChanged(state, problem);
        if (state !== "running") return;
        void advice.forget();
        void key.give();
      },
      advise: (message, remedy) => void advice.give(message, remedy),
    },
  });
  supervisor = running;
  const version = String((context.extension.packageJSON as { version: unknown }).version);
  context.subscriptions.push(
    channel,
    session,
    key,
    panel,
    preview,
    running,
    ...registerScoreCommands(requests, panel),
    registerRankCommand(requests, preview),
    ...registerServerCommands({ supervisor: running, requests, session, channel, version }),
    vscode.workspace.onDidChangeConfiguration((change) => {
      const restart = NEED_RESTART.some((name) => change.affectsConfiguration(name));
      const model = running.state === "failed" && change.affectsConfiguration("codeodds.model");
      if (restart || model) void running.restart();
    }),
    vscode.workspace.onDidGrantWorkspaceTrust(() => {
      if (running.state === "failed") void running.restart();
    }),
  );
  void onActiveInterpreter(() => {
    // The interpreter of another environment may fit where none did; one that runs is left alone.
    if (running.state === "failed") void running.restart();
  }).then((listener) => context.subscriptions.push(listener));
  void running.restart();
}

export async function deactivate(): Promise<void> {
  await supervisor?.stop();
}
