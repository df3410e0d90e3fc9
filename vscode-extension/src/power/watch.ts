/** Reads the power supply now and then while `codeodds.pauseOnBattery` is on; otherwise nothing is read. */

import * as vscode from "vscode";

import { SECTION } from "../names.ts";
import { ownSettings } from "../settings.ts";
import { onBattery, SUPPLIES } from "./read.ts";

const POLL_MS = 60_000;
const SETTING = `${SECTION}.pauseOnBattery`;

export class PowerWatch implements vscode.Disposable {
  readonly #told: (onBattery: boolean) => void;
  readonly #supplies: string;
  readonly #subscriptions: vscode.Disposable[];
  readonly #timer: NodeJS.Timeout;
  #asked = 0;

  /** `told` gets each reading, and false where the setting is off. */
  constructor(told: (onBattery: boolean) => void) {
    this.#told = told;
    // End-to-end tests bring power supplies of their own.
    const test = process.env.CODEODDS_E2E === "1" ? process.env.CODEODDS_E2E_SUPPLIES : undefined;
    this.#supplies = test ?? SUPPLIES;
    this.#timer = setInterval(() => void this.#read(), test === undefined ? POLL_MS : 200);
    this.#subscriptions = [
      vscode.workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration(SETTING)) void this.#read();
      }),
      vscode.window.onDidChangeWindowState(({ focused }) => {
        if (focused) void this.#read();
      }),
    ];
    void this.#read();
  }

  dispose(): void {
    clearInterval(this.#timer);
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  async #read(): Promise<void> {
    this.#asked += 1;
    const asked = this.#asked;
    const found = ownSettings().pauseOnBattery && (await onBattery(process.platform, this.#supplies));
    // A later question knows more: the setting may have been switched off meanwhile.
    if (asked === this.#asked) this.#told(found);
  }
}
