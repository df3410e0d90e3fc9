/** Other bodies for a function: asked for, ranked, and one of them put in place. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { ALTERNATIVES } from "./fixtures.ts";
import { percent, rank, score } from "./harness/command_line.ts";
import { until } from "./harness/processes.ts";
import type { Stage } from "./harness/stage.ts";

const FILE = "ranking.py";
export function ranking(stage: Stage): void {
  describe("ranking", () => {
    test("the functions of a file are listed as the command line ranks them, and the first is put in place", async () => {
      const { workbench } = stage;
      const { page } = stage.editor;
      const [found] = await score(stage.path(FILE));
      assert.ok(found);
      const ranked = await rank(stage.path(FILE), found.name, ALTERNATIVES);
      await workbench.open(FILE);
      await workbench.inspected("the hint", ({ hints }) => hints[0]?.label === percent(found.probability));
      await workbench.goTo(found.line);
      await workbench.command("Rank alternatives for this function", true);
      await workbench.quickPick().filter({ hasText: "Files" }).first().click();
      await workbench.quickPick().filter({ hasText: "alternatives.py" }).first().click();
      await page.locator(".quick-input-title", { hasText: "likely to be right as it is" }).waitFor();
      const rows = (await workbench.quickPick().allInnerTexts()).map((row) => row.replaceAll("\u00a0", " ").trim());
      assert.equal(rows.length, ranked.length);
      ranked.forEach((item, index) => {
        assert.ok(rows[index]?.startsWith(percent(item.probability)), rows[index]);
      });
      await stage.picture("ranking");
      await workbench.press("Enter");
      await page.locator(".quick-input-title", { hasText: "likely to be right as it is" }).waitFor({ state: "hidden" });
      const best = ALTERNATIVES[ranked[0]?.index ?? 0]?.split("\n").slice(1).join("\n") ?? "";
      await until("the edit", async () =>
        (await workbench.lines()).some((line) => line.trim() !== "" && line.trim() === best.split("\n")[0]?.trim()),
      );
      await workbench.press("Control+S");
      await until("the saved file", () => readFileSync(stage.path(FILE), "utf-8").endsWith(best));
    });
  });
}
