/** What is going on: the server, the scores that it sent, whether it is paused. Keeps the status item up to date. */

import * as vscode from "vscode";

import { SELECTOR } from "./documents.ts";
import { Context } from "./names.ts";
import type { ScoresParams } from "./server/protocol.ts";
import { functionAt } from "./server/lookup.ts";
import type { ServerState } from "./server/supervisor.ts";
import { serverSetting } from "./settings.ts";
import { StatusItem } from "./status/item.ts";
import type { AtCursor, Situation, Status } from "./status/text.ts";

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
      at: editor && scores && this.#at(editor, scores),
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

  #at(editor: vscode.TextEditor, scores: ScoresParams): AtCursor | undefined {
    return functionAt(scores.functions, editor.selection.active.line);
  }

  #update(): void {
    this.#item.update(this.situation());
    this.#changed.fire();
  }
}

/** The active editor if the server judges its document. */
export function pythonEditor(): vscode.TextEditor | undefined {
  const editor = vscode.window.activeTextEditor;
  return editor && vscode.languages.match(SELECTOR, editor.document) > 0 ? editor : undefined;
}
