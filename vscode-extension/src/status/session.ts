/** What is going on (the server, the scores that it sent, a pause) and the status item that shows it. */

import * as vscode from "vscode";

import { pythonEditor, SELECTOR, serverSetting } from "../editor.ts";
import { Command, Context } from "../names.ts";
import { functionAt, type ScoresParams } from "../server/protocol.ts";
import type { ServerState } from "../server/supervisor.ts";
import { status, type Action, type Situation, type Status } from "./text.ts";

export class Session implements vscode.Disposable {
  readonly #scores = new Map<string, ScoresParams>();
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #item: StatusItem;
  readonly #subscriptions: vscode.Disposable[];
  #server: ServerState = "stopped";
  #problem: string | undefined;
  #loading = false;
  #paused = false;

  /** Fires when scores, pauses or the server's state changed. */
  readonly onChanged = this.#changed.event;

  constructor() {
    this.#item = new StatusItem(this.situation());
    this.#subscriptions = [
      vscode.window.onDidChangeTextEditorSelection(() => {
        this.#update();
      }),
      vscode.window.onDidChangeActiveTextEditor(() => {
        this.#update();
      }),
      vscode.workspace.onDidCloseTextDocument((document) => {
        this.#scores.delete(document.uri.toString());
      }),
      vscode.workspace.onDidChangeTextDocument(() => {
        this.#update();
      }),
    ];
  }

  get status(): Status {
    return this.#item.shown;
  }

  get paused(): boolean {
    return this.#paused;
  }

  situation(): Situation {
    const editor = pythonEditor();
    const scores = editor && this.scoresOf(editor.document);
    return {
      enabled: serverSetting("enable", true, editor?.document.uri),
      paused: this.#paused,
      server: this.#server,
      loading: this.#loading,
      scoring: editor !== undefined && scores?.complete !== true,
      problem: this.#problem ?? scores?.problem ?? undefined,
      at: editor && scores && functionAt(scores.functions, editor.selection.active.line),
    };
  }

  /** The newest scores of a document; undefined if they are for an older version. */
  scoresOf(document: vscode.TextDocument): ScoresParams | undefined {
    const scores = this.#scores.get(document.uri.toString());
    return scores?.version === document.version ? scores : undefined;
  }

  serverChanged(state: ServerState, problem: string | undefined): void {
    this.#server = state;
    this.#problem = problem;
    if (state !== "running") {
      this.#scores.clear();
      this.#loading = false;
    }
    void vscode.commands.executeCommand("setContext", Context.running, state === "running");
    this.#update();
  }

  loading(active: boolean): void {
    this.#loading = active;
    this.#update();
  }

  scored(params: ScoresParams): void {
    this.#scores.set(vscode.Uri.parse(params.uri).toString(), params);
    this.#update();
  }

  /** Pauses or resumes. */
  pause(active: boolean): void {
    this.#paused = active;
    void vscode.commands.executeCommand("setContext", Context.paused, active);
    this.#update();
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
    this.#item.dispose();
    this.#changed.dispose();
  }

  #update(): void {
    this.#item.update(this.situation());
    this.#changed.fire();
  }
}

const ACTIONS: Record<Action, vscode.Command> = {
  settings: { title: "Settings", command: "workbench.action.openSettings", arguments: ["codeodds"] },
  resume: { title: "Resume", command: Command.resume },
  restart: { title: "Restart", command: Command.restart },
  explain: { title: "Explain", command: Command.explain },
  output: { title: "Output", command: Command.showOutput },
};

class StatusItem implements vscode.Disposable {
  readonly #item = vscode.languages.createLanguageStatusItem("codeodds.status", SELECTOR);
  #shown: Status;

  constructor(first: Situation) {
    this.#item.name = "codeodds";
    this.#shown = status(first);
    this.#show();
  }

  get shown(): Status {
    return this.#shown;
  }

  update(now: Situation): void {
    this.#shown = status(now);
    this.#show();
  }

  #show(): void {
    const { state, text, detail, busy, action } = this.#shown;
    this.#item.text = text;
    this.#item.detail = detail;
    this.#item.busy = busy;
    this.#item.severity =
      state === "error" ? vscode.LanguageStatusSeverity.Error : vscode.LanguageStatusSeverity.Information;
    this.#item.command = ACTIONS[action];
    this.#item.accessibilityInformation = { label: `${text}. ${detail}` };
  }

  dispose(): void {
    this.#item.dispose();
  }
}
