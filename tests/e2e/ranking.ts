/** Other bodies for a function: asked for, ranked, compared, and one of them put in place. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, describe, test } from "node:test";
import { ALTERNATIVES } from "./fixtures.ts";
import { percent, rank, score, type ScoredFunction } from "./harness/command_line.ts";
import { until } from "./harness/processes.ts";
import type { Stage } from "./harness/stage.ts";

export function ranking(stage: Stage): void {
  describe("ranking", () => {
    let found: ScoredFunction;
    /** The labels of the alternatives as the command line ranks them, and the body of the best. */
    let labels: string[];
    let best: string;
    const title = () => stage.editor.page.locator(".quick-input-title", { hasText: "likely to be right as it is" });

    before(async () => {
      const path = stage.path("ranking.py");
      [found] = (await score(path)) as [ScoredFunction];
      const ranked = await rank(path, found.name, ALTERNATIVES);
      labels = ranked.map((item) => percent(item.probability));
      best = ALTERNATIVES[ranked[0]?.index ?? 0]?.split("\n").slice(1).join("\n") ?? "";
    });

    /** Ask for the ranking of the function of the active editor. */
    async function ask(source: string): Promise<void> {
      const { workbench } = stage;
      await workbench.inspected("the hint", ({ hints }) => hints[0]?.label === percent(found.probability));
      await workbench.goTo(found.line);
      await workbench.command("Rank alternatives for this function", true);
      await workbench.quickPick().filter({ hasText: source }).first().click();
    }

    /** The labels that are listed. */
    async function listed(): Promise<string[]> {
      await title().waitFor();
      // The first name of a row is its label; a second one is the detail below it.
      const names = await stage.workbench
        .quickPick()
        .evaluateAll((rows) => rows.map((row) => row.querySelector(".label-name")?.textContent ?? ""));
      return names.map((name) => name.replaceAll("\u00a0", " ").trim());
    }

    /** Put the first in place, and see it in the saved file. */
    async function take(file: string): Promise<void> {
      const { workbench } = stage;
      await workbench.press("Enter");
      await title().waitFor({ state: "hidden" });
      await until("the edit", async () =>
        (await workbench.lines()).some((line) => line.trim() !== "" && line.trim() === best.split("\n")[0]?.trim()),
      );
      await workbench.save();
      await until("the saved file", () => readFileSync(stage.path(file), "utf-8").endsWith(best));
    }

    test("the functions of a file are listed as the command line ranks them, and the first is put in place", async () => {
      const { workbench } = stage;
      await workbench.open("ranking.py");
      await ask("Files");
      await workbench.quickPick().filter({ hasText: "alternatives.py" }).first().click();
      assert.deepEqual(await listed(), labels);
      await stage.picture("ranking");
      await take("ranking.py");
    });

    test("those of the clipboard are listed too", async () => {
      const { workbench } = stage;
      await workbench.open("alternatives.py");
      await workbench.selectAll();
      await workbench.press("Control+C");
      await workbench.open("clipboard.py");
      await ask("The clipboard");
      assert.deepEqual(await listed(), labels);
      await workbench.press("Escape");
    });

    test("those of a selection in another editor are listed, compared, and put in place", async () => {
      const { workbench } = stage;
      await workbench.open("alternatives.py");
      await workbench.selectAll();
      await workbench.press("Control+\\");
      await workbench.openHere("selection.py");
      const text = readFileSync(stage.path("selection.py"), "utf-8");
      await ask("The selection in the other editor");
      assert.deepEqual(await listed(), labels);

      const row = workbench.quickPick().first();
      await row.hover();
      await row.locator(".codicon-diff").click();
      const body = text.indexOf("    distinct = ");
      const expected = `${text.slice(0, body)}${best}`.split("\n");
      const shown = await until("the difference", async () => {
        const lines = await workbench.modified();
        // The editor draws its lines some time after itself.
        return lines.length >= expected.length ? lines : undefined;
      });
      assert.deepEqual(shown, expected);
      await take("selection.py");
    });
  });
}
