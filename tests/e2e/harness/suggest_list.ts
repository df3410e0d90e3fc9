/** The list of names at the cursor, as a person sees it. */

import type { Locator } from "playwright-core";
import { until } from "./processes.ts";
import type { Stage } from "./stage.ts";

/** A label and what stands behind it. */
export type Suggestion = [label: string, detail: string];

export interface Suggestions {
  rows: Suggestion[];
  /** The label that a key would take. */
  focused: string | undefined;
}

/** Turns of the wheel, upwards if positive: one notch, which is less than the list is high, and more than there are. */
const DOWN = -120;
const TO_THE_TOP = 100 * 120;

export class SuggestList {
  readonly #stage: Stage;

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  /** Have the list made anew at the cursor, and read it. */
  async ask(): Promise<Suggestions> {
    await this.close();
    await this.#stage.workbench.press("Control+Space");
    return this.read();
  }

  /** All of the list that is open, or is about to open. */
  async read(): Promise<Suggestions> {
    await this.rows().first().waitFor();
    const found = new Map<number, Suggestion>();
    let focused: string | undefined;
    let total: number | undefined;
    // Only rows in sight are on the page.
    await until("all rows of the list", async () => {
      const seen = await this.#inSight();
      const { of } = seen[0] ?? {};
      const changed = of !== total;
      total = of;
      if (changed) {
        found.clear();
        focused = undefined;
      }
      for (const row of seen) {
        found.set(row.index, [row.label, row.detail]);
        if (row.focused) focused = row.label;
      }
      if (found.size === total) return true;
      const missed = seen.some(({ index }) => index + 1 === total);
      await this.#turn(changed || missed ? TO_THE_TOP : DOWN);
      return false;
    });
    const rows = [...found].sort(([a], [b]) => a - b).map(([, row]) => row);
    return { rows, focused };
  }

  async close(): Promise<void> {
    await until("the list to close", async () => {
      if (!(await this.#widget().isVisible())) return true;
      await this.#stage.workbench.press("Escape");
      return false;
    });
  }

  rows(): Locator {
    return this.#widget().locator(".monaco-list-row");
  }

  /** Turn the wheel over the list: never over the editor, where a real one would turn when the list is gone. */
  async #turn(by: number): Promise<void> {
    // Monaco reads this member where Chromium gives it.
    const event = { wheelDeltaY: by, bubbles: true, cancelable: true };
    await this.#widget().locator(".monaco-list-rows").dispatchEvent("wheel", event, { timeout: 1000 });
  }

  #inSight(): Promise<{ index: number; of: number; focused: boolean; label: string; detail: string }[]> {
    return this.rows().evaluateAll((elements) =>
      elements.map((row) => {
        const text = (part: string): string => row.querySelector(part)?.textContent?.replaceAll("\u00a0", " ") ?? "";
        return {
          index: Number(row.getAttribute("data-index")),
          of: Number(row.getAttribute("aria-setsize")),
          focused: row.classList.contains("focused"),
          label: text(".label-name"),
          detail: text(".details-label"),
        };
      }),
    );
  }

  #widget(): Locator {
    return this.#stage.editor.page.locator(".suggest-widget.visible");
  }
}
