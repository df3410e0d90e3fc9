/** What VS Code knows of the active document: the answer of the extension in `inspector/`, and the status on the page. */

import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { LIMIT_MS, until } from "./processes.ts";

/** The extension that answers. */
export const INSPECTOR = join(import.meta.dirname, "../inspector");

/** Key that runs its command. */
export const INSPECT_KEY = { key: "ctrl+alt+f9", command: "inspector.inspect" };

export interface Inspection {
  /** Null if no document is active. */
  uri: string | null;
  /** All lines are from 0. */
  hints: { line: number; label: string }[];
  lenses: { line: number; title: string | null; command: string | null }[];
  /** What is said at the cursor, as Markdown. */
  hovers: string[];
  /** `severity`: from 0 for an error to 3 for a hint. */
  diagnostics: { startLine: number; code: string | number | null; message: string; severity: number; source: string }[];
  status: Status;
  /** Whether the workspace is. */
  trusted: boolean;
}

export interface Status {
  state: "none" | "off" | "loading" | "scoring" | "ready" | "paused" | "error";
  text: string;
  detail: string;
}

/** The status comes first: what is asked for after it says `ready` is up to date. */
export async function inspect(page: Page, path: string): Promise<Inspection> {
  const status = await shownStatus(page);
  rmSync(path, { force: true });
  await page.keyboard.press("Control+Alt+F9");
  const text = await until("the inspection", () => readFileSync(path, "utf-8"), LIMIT_MS / 4);
  return { ...(JSON.parse(text) as Omit<Inspection, "status">), status };
}

/** The language's status as a screen reader reads it from the status bar; nothing where the language has none. */
async function shownStatus(page: Page): Promise<Status> {
  const { label, busy } = await page.evaluate(() => {
    const item = document.querySelector("#status\\.languageStatus");
    return {
      label: item?.querySelector("[aria-label*='codeodds']")?.getAttribute("aria-label") ?? "",
      busy: item?.querySelector(".codicon-loading") !== null,
    };
  });
  const said = /codeodds.*/s.exec(label)?.[0].replaceAll("\u00a0", " ") ?? "";
  const end = said.indexOf(". ");
  const [text, detail] = [said.slice(0, Math.max(end, 0)), said.slice(end + 2)];
  return { state: stateOf(text, busy), text, detail };
}

const STATES: Record<string, Status["state"]> = {
  "": "none",
  "codeodds: error": "error",
  "codeodds: paused": "paused",
  "codeodds: off": "off",
  "codeodds: starting": "loading",
  "codeodds: loading": "loading",
};

function stateOf(text: string, busy: boolean): Status["state"] {
  return STATES[text] ?? (busy ? "scoring" : "ready");
}
