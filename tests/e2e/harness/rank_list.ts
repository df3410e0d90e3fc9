/** The command that ranks alternatives, from the question where they come from to the list of them. */

import type { Locator } from "playwright-core";
import { percent, type ScoredFunction } from "./command_line.ts";
import { settled } from "./processes.ts";
import type { Stage } from "./stage.ts";

export const RANK = "codeodds: Rank alternatives for this function";
export const FROM_ENDPOINT = "Ask the completions endpoint";

export class RankList {
  readonly #stage: Stage;

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  /** Ask for alternatives to a function of the active file. `source`: what is clicked where they come from. */
  async ask(file: string, found: ScoredFunction, source: string): Promise<void> {
    const { workbench } = this.#stage;
    const label = percent(found.probability);
    const scored = (uri: string | null, hint?: string): boolean => uri?.endsWith(`/${file}`) === true && hint === label;
    await workbench.inspected("the hint", ({ uri, hints }) => scored(uri, hints[0]?.label));
    await workbench.goTo(found.line);
    await workbench.command(RANK, true);
    await this.#title(`Choose alternatives for ${found.name}`).waitFor();
    await workbench.quickPick().filter({ hasText: source }).first().click();
  }

  /** Wait until these are listed, each by its label. */
  async shows(found: ScoredFunction, expected: string[]): Promise<void> {
    await this.heading(found).waitFor();
    await settled(
      "the list",
      async () => {
        // The first name of a row is its label; a second one is the detail below it.
        const labels = await this.#stage.workbench
          .quickPick()
          .evaluateAll((elements) => elements.map((row) => row.querySelector(".label-name")?.textContent ?? ""));
        return labels.map((label) => label.replaceAll("\u00a0", " ").trim());
      },
      expected,
    );
  }

  /** What stands above the list. */
  heading(found: ScoredFunction): Locator {
    const now = `${found.name}: ${percent(found.probability)} likely to be right as written`;
    return this.#title(`${now}. Alternatives, most probable first`);
  }

  async close(found: ScoredFunction): Promise<void> {
    await this.#stage.workbench.press("Escape");
    await this.heading(found).waitFor({ state: "hidden" });
  }

  #title(text: string): Locator {
    return this.#stage.editor.page.locator(".quick-input-title", { hasText: text });
  }
}
