/** The view that explains the score of a function. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { percent, score } from "./harness/command_line.ts";
import { settled, until } from "./harness/processes.ts";
import type { Stage } from "./harness/stage.ts";

const FILE = "explanation.py";

export function explanation(stage: Stage): void {
  describe("explanation", () => {
    test("the view shows the probability at each line and follows the cursor", async () => {
      const { workbench } = stage;
      const [found] = await score(stage.path(FILE));
      assert.ok(found?.drop);
      await workbench.open(FILE);
      await workbench.inspected("the hint", ({ hints }) => hints.length === 1);
      await workbench.goTo(found.drop.line, 5);
      await workbench.command("codeodds: Explain the score");
      const page = await until("the page of the view", () => workbench.webview("main h1"));
      await settled("the function", () => page.locator("main h1").innerText({ timeout: 1000 }), "merge_ranges");
      const code = [
        "merged: list[tuple[int, int]] = []",
        "for start, end in sorted(ranges):",
        "if merged and start <= merged[-1][1]:",
        "merged[-1] = (merged[-1][0], end)",
        "else:",
        "merged.append((start, end))",
        "return merged",
      ];
      assert.deepEqual(await page.locator("tbody td:last-child").allInnerTexts(), code);
      const numbers = ["7", "8", "9", "10", "11", "12", "13"];
      assert.deepEqual(await page.locator("tbody th").allInnerTexts(), numbers);
      const [line, probability, fall, , text] = await page.locator("tr.current > *").allInnerTexts();
      assert.deepEqual([line, text], [String(found.drop.line), code[found.drop.line - 7]]);
      near(Number(probability), found.drop.after);
      near(Number(/^falls by (.*)$/.exec(fall ?? "")?.[1]), found.drop.before - found.drop.after);
      assert.equal(await page.locator(`#point-${found.drop.line - 1} rect.point.sharp`).count(), 1);
      assert.ok((await page.locator("main").innerText()).includes(`${percent(found.probability)} likely to be right`));
      // Away from the buttons, which explain themselves under the pointer.
      await workbench.page.mouse.move(300, 600);
      await stage.picture("explanation");
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

/** The view shows two digits. */
function near(found: number, expected: number): void {
  assert.ok(Math.abs(found - expected) < 0.006, `${found} is not ${expected}`);
}
