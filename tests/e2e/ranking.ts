/** Other bodies for a function: asked for, ranked, compared, and one of them put in place. */

import { readFileSync } from "node:fs";
import { before, describe, test } from "node:test";
import { ALTERNATIVES } from "./fixtures.ts";
import { percent, rank, score, type ScoredFunction } from "./harness/command_line.ts";
import { settled, until } from "./harness/processes.ts";
import { RankList } from "./harness/rank_list.ts";
import type { Stage } from "./harness/stage.ts";

export function ranking(stage: Stage): void {
  describe("ranking", () => {
    const list = new RankList(stage);
    let found: ScoredFunction;
    /** The labels of the alternatives as the command line ranks them, and the body of the best. */
    let labels: string[];
    let best: string;

    before(async () => {
      const path = stage.path("ranking.py");
      [found] = (await score(path)) as [ScoredFunction];
      const ranked = await rank(path, found.name, ALTERNATIVES);
      labels = ranked.map((item) => percent(item.probability));
      best = ALTERNATIVES[ranked[0]?.index ?? 0]?.split("\n").slice(1).join("\n") ?? "";
    });

    /** Put the first in place, and see it in the saved file. */
    async function take(file: string): Promise<void> {
      const { workbench } = stage;
      await workbench.press("Enter");
      await list.heading(found).waitFor({ state: "hidden" });
      await until("the edit", async () =>
        (await workbench.lines()).some((line) => line.trim() !== "" && line.trim() === best.split("\n")[0]?.trim()),
      );
      await workbench.save();
      await until("the saved file", () => readFileSync(stage.path(file), "utf-8").endsWith(best));
    }

    test("the functions of a file are listed as the command line ranks them, and the first is put in place", async () => {
      const { workbench } = stage;
      await workbench.open("ranking.py");
      await list.ask("ranking.py", found, "Files");
      await workbench.quickPick().filter({ hasText: "alternatives.py" }).first().click();
      await list.shows(found, labels);
      await stage.picture("ranking");
      await take("ranking.py");
    });

    test("those of the clipboard are listed too", async () => {
      const { workbench } = stage;
      await workbench.open("alternatives.py");
      await workbench.selectAll();
      await workbench.press("Control+C");
      await workbench.open("clipboard.py");
      await list.ask("clipboard.py", found, "Clipboard");
      await list.shows(found, labels);
      await list.close(found);
    });

    test("those of a selection in another editor are listed, compared, and put in place", async () => {
      const { workbench } = stage;
      await workbench.open("alternatives.py");
      await workbench.selectAll();
      await workbench.press("Control+\\");
      await workbench.page.locator(".editor-group-container").nth(1).waitFor();
      await workbench.openHere("selection.py");
      const text = readFileSync(stage.path("selection.py"), "utf-8");
      await list.ask("selection.py", found, "Selection in the other editor");
      await list.shows(found, labels);

      const row = workbench.quickPick().first();
      await row.hover();
      await row.locator(".codicon-diff").click();
      const body = text.indexOf("    distinct = ");
      // The editor draws its lines some time after itself.
      await settled("the difference", () => workbench.modified(), `${text.slice(0, body)}${best}`.split("\n"));
      await take("selection.py");
    });
  });
}
