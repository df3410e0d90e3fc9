/** The extension's own settings. Those of the server go to it as they are; docs/settings.md lists them. */

import * as vscode from "vscode";

import { SECTION } from "./names.ts";
import { addressOf } from "./server/address.ts";
import type { ImportStrategy } from "./server/launch.ts";

export interface OwnSettings {
  interpreter: string;
  importStrategy: ImportStrategy;
  logLevel: string;
}

export function ownSettings(): OwnSettings {
  const values = vscode.workspace.getConfiguration(SECTION);
  return {
    interpreter: values.get("interpreter", "").trim(),
    importStrategy: values.get<ImportStrategy>("importStrategy", "useBundled"),
    logLevel: values.get("logLevel", "warning"),
  };
}

/** One of the server's settings, as it holds for a document. */
export function serverSetting<T>(name: string, fallback: T, resource?: vscode.Uri): T {
  return vscode.workspace.getConfiguration(SECTION, resource).get<T>(name, fallback);
}

/** Address of the completions endpoint that the settings name; undefined if they name none. */
export function completionsAddress(): string | undefined {
  return addressOf(serverSetting("completions_url", ""));
}

/** Settings after whose change the server has to be started anew. */
export const NEED_RESTART = ["interpreter", "importStrategy", "logLevel"].map((name) => `${SECTION}.${name}`);
