/** The language status item: one line behind the braces of the status bar. */

import * as vscode from "vscode";

import { SELECTOR } from "../documents.ts";
import { Command } from "../names.ts";
import { status, type Action, type Situation, type Status } from "./text.ts";

const ACTIONS: Record<Action, vscode.Command> = {
  settings: { title: "Settings", command: "workbench.action.openSettings", arguments: ["codeodds"] },
  resume: { title: "Resume", command: Command.resume },
  restart: { title: "Restart", command: Command.restart },
  values: { title: "Values", command: Command.showValues },
  output: { title: "Output", command: Command.showOutput },
};

export class StatusItem implements vscode.Disposable {
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
