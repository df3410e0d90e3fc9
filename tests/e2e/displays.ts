/** Each kind of display can be switched on and off by its setting, at once. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { percent, score, type ScoredFunction } from "./harness/command_line.ts";
import { until } from "./harness/processes.ts";
import type { Stage } from "./harness/stage.ts";

const FILE = "displays.py";

export function displays(stage: Stage): void {
  describe("displays", () => {
    let found: ScoredFunction;
    let label: string;

    test("a lens shows what the command line prints, and a click explains it", async () => {
      const { workbench } = stage;
      [found] = (await score(stage.path(FILE))) as [ScoredFunction];
      label = percent(found.probability);
      await workbench.open(FILE);
      await workbench.inspected("the hint", ({ hints }) => hints[0]?.label === label);
      stage.set({ "codeodds.code_lens": true });
      const { lenses } = await workbench.inspected("the lens", (seen) => seen.lenses.length > 0);
      const title = `${label} likely to be right`;
      assert.deepEqual(lenses, [{ line: found.line - 1, title, command: "codeodds.explain" }]);
      await until("the explanation behind the lens", async () => {
        await workbench.page.locator(".codelens-decoration a", { hasText: title }).click({ timeout: 1000 });
        const page = await workbench.webview("main h1");
        return (await page?.locator("main h1").innerText({ timeout: 1000 })) === found.name;
      });
    });

    test("without lenses they go", async () => {
      stage.set({});
      await stage.workbench.inspected("no lens", ({ lenses, hints }) => lenses.length === 0 && hints.length === 1);
    });

    test("without inlay hints they go, and the diagnostic stays", async () => {
      stage.set({ "codeodds.inlay_hints": false });
      const { diagnostics } = await stage.workbench.inspected(
        "no hint",
        (seen) => seen.hints.length === 0 && seen.diagnostics.length > 0,
      );
      assert.deepEqual(
        diagnostics.map(({ startLine, code }) => [startLine + 1, code]),
        [[found.drop?.line, "CO002"]],
      );
    });

    test("without diagnostics they go, and the hint stays", async () => {
      stage.set({ "codeodds.diagnostics": false });
      const { hints } = await stage.workbench.inspected(
        "no diagnostic",
        (seen) => seen.diagnostics.length === 0 && seen.hints.length > 0,
      );
      assert.deepEqual(
        hints.map((hint) => hint.label),
        [label],
      );
    });

    test("without hovers nothing is said at the signature", async () => {
      const { workbench } = stage;
      stage.set({});
      await workbench.open(FILE);
      await workbench.goTo(found.line, 8);
      const first = `**${label}** likely to be right as written: \`${found.name}\``;
      await workbench.inspected("the hover", ({ hovers }) => hovers[0]?.split("\n")[0] === first);
      stage.set({ "codeodds.hover": false });
      await workbench.inspected("no hover", ({ hovers, hints }) => hovers.length === 0 && hints.length === 1);
      stage.set({});
      await workbench.inspected("the hover again", ({ hovers }) => hovers.length === 1);
    });
  });
}
