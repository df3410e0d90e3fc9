/** The key for the completions endpoint: kept in the editor's secret storage, one for each address. */

import * as vscode from "vscode";

import { command, completionsAddress } from "../editor.ts";
import { Command, SECTION } from "../names.ts";
import type { Requests } from "../server/requests.ts";
import { keyProblem } from "../userInput.ts";

export class CompletionsKey implements vscode.Disposable {
  readonly #secrets: vscode.SecretStorage;
  readonly #requests: Requests;
  readonly #parts: vscode.Disposable[];

  constructor(secrets: vscode.SecretStorage, requests: Requests) {
    this.#secrets = secrets;
    this.#requests = requests;
    this.#parts = [
      command(Command.setCompletionsKey, () => this.#ask()),
      secrets.onDidChange(() => void this.give()),
      vscode.workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration(`${SECTION}.completions_url`)) void this.give();
      }),
    ];
  }

  /** Gives a running server the key for the address that the settings name. The server forgets it when it ends. */
  async give(): Promise<void> {
    const address = completionsAddress();
    if (address === undefined) return;
    try {
      await this.#requests.setCompletionsKey(address, (await this.#secrets.get(place(address))) ?? null);
    } catch {
      // The server does not run yet, or is an older one; without a key the endpoint says what it lacks.
    }
  }

  async #ask(): Promise<void> {
    const address = completionsAddress();
    if (address === undefined)
      throw new Error(`set ${SECTION}.completions_url first: a key belongs to the address there.`);
    const key = await vscode.window.showInputBox({
      title: `Key for ${address}`,
      prompt: "Kept in the secret storage of VS Code and sent only to this address. Leave empty to remove it.",
      password: true,
      ignoreFocusOut: true,
      validateInput: keyProblem,
    });
    if (key === undefined) return;
    if (key.trim() === "") await this.#secrets.delete(place(address));
    else await this.#secrets.store(place(address), key.trim());
  }

  dispose(): void {
    for (const part of this.#parts) part.dispose();
  }
}

function place(address: string): string {
  return `${SECTION}.completionsKey ${address}`;
}
