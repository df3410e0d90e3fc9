/** Guidance when the server cannot be started: one message with a button, once for each problem. */

import * as vscode from "vscode";

import { Command } from "./names.ts";
import type { Remedy } from "./server/supervisor.ts";

const KEY = "codeodds.advised";

const BUTTONS: Record<NonNullable<Remedy>, { title: string; command: string }> = {
  interpreter: { title: "Select interpreter", command: Command.selectInterpreter },
  model: { title: "Select model bundle", command: Command.selectModel },
};
const OUTPUT = { title: "Show output", command: Command.showOutput };

export class Advice {
  readonly #memory: vscode.Memento;

  constructor(memory: vscode.Memento) {
    this.#memory = memory;
  }

  /** Shows a message that was not the last one shown, in this window or an earlier one. */
  async give(message: string, remedy: Remedy): Promise<void> {
    if (this.#memory.get(KEY) === message) return;
    await this.#memory.update(KEY, message);
    const buttons = remedy === undefined ? [OUTPUT] : [BUTTONS[remedy], OUTPUT];
    const chosen = await vscode.window.showWarningMessage(message, ...buttons);
    if (chosen !== undefined) await vscode.commands.executeCommand(chosen.command);
  }

  /** All is well: the next problem is told again. */
  async forget(): Promise<void> {
    if (this.#memory.get(KEY) !== undefined) await this.#memory.update(KEY, undefined);
  }
}
