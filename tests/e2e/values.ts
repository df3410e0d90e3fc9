/** The view of the value along the lines. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { percent, score } from "./harness/command_line.ts";
import { until } from "./harness/processes.ts";
import type { Stage } from "./harness/stage.ts";

const FILE = "values.py";

export function values(stage: Stage): void {
  describe("values", () => {
    test("the view shows the value of each line and follows the cursor", async () => {
      const { workbench } = stage;
      const [found] = await score(stage.path(FILE));
      assert.ok(found?.drop);
      await workbench.open(FILE);
      await workbench.inspected("the hint", ({ hints }) => hints.length === 1);
      await workbench.goTo(found.drop.line, 5);
      await workbench.command("codeodds: Show the value along the lines");
      const { values: shown } = await workbench.inspected("the values", (seen) => seen.values?.name === found.name);
      assert.ok(shown);
      assert.deepEqual([shown.name, shown.cursor + 1], ["merge_ranges", found.drop.line]);
      near(shown.probability ?? 0, found.probability);
      assert.deepEqual(
        shown.lines.map((line) => line.text),
        [
          "merged: list[tuple[int, int]] = []",
          "for start, end in sorted(ranges):",
          "if merged and start <= merged[-1][1]:",
          "merged[-1] = (merged[-1][0], end)",
          "else:",
          "merged.append((start, end))",
          "return merged",
        ],
      );
      const fall = shown.lines.find((line) => line.line + 1 === found.drop?.line);
      assert.ok(fall?.sharp);
      near(fall.probability, found.drop.after);
      near(fall.probability + fall.drop, found.drop.before);

      const page = await until("the page of the view", () => workbench.webview("main h1"));
      assert.equal(await page.locator("main h1").innerText(), "merge_ranges");
      assert.equal(await page.locator("tbody tr").count(), 7);
      assert.equal(await page.locator("tr.current td:last-child").innerText(), fall.text);
      assert.ok((await page.locator("main").innerText()).includes(`${percent(found.probability)} likely to be right`));
      await stage.picture("values");
      await page.locator("tbody tr:last-child button").click();
      await until("the cursor in the last line", async () => {
        return (await page.locator("tr.current td:last-child").innerText()) === "return merged";
      });
    });

    test("the keyboard moves along the points and goes to the line of one", async () => {
      const { workbench } = stage;
      const page = await until("the page of the view", () => workbench.webview("main h1"));
      await page.locator("g[tabindex='0']").focus();
      await workbench.press("Home");
      await workbench.press("ArrowRight");
      // The view is drawn anew when it gets the focus; the focus stays where it is.
      await until("the focus on the second point", async () => {
        return (await page.locator("g:focus").getAttribute("aria-label", { timeout: 1000 }))?.startsWith("line 8: ");
      });
      await workbench.press("Enter");
      await until("the cursor in the line", async () => {
        return (await page.locator("tr.current td:last-child").innerText()) === "for start, end in sorted(ranges):";
      });
    });
  });
}

/** The command line gives six digits; the editor's score was computed in other steps. */
function near(found: number, expected: number): void {
  assert.ok(Math.abs(found - expected) < 1e-4, `${found} is not ${expected}`);
}
