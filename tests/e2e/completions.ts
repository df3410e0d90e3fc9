/** Ghost text from an endpoint that the settings name. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import type { Endpoint } from "./harness/endpoint.ts";
import { until } from "./harness/processes.ts";
import type { Stage } from "./harness/stage.ts";

const FILE = "completions.py";
/** As many as the server asks for. */
const SAMPLES = [
  "sorted(set(numbers))\n    return distinct[-2]\n",
  "sorted(numbers)\n    return distinct[0]\n",
  "set(numbers)\n    return max(distinct)\n",
];

export function completions(stage: Stage, endpoint: Endpoint): void {
  describe("completions", () => {
    test("a sample of the endpoint stands as ghost text, and Tab takes it", async () => {
      const { workbench } = stage;
      endpoint.samples = SAMPLES;
      await workbench.open(FILE);
      await workbench.inspected("the server", ({ status }) => status.state === "ready");
      const text = readFileSync(stage.path(FILE), "utf-8");
      await workbench.press("Control+End");
      await stage.editor.page.keyboard.type("    distinct = ", { delay: 20 });
      let looks = 0;
      // Its lines are drawn one after the other.
      const sample = await until("a sample as ghost text", async () => {
        const shown = await workbench.ghostText();
        looks += 1;
        // On a busy machine an answer can come after the next key; VS Code asks again only when told to.
        if (shown.length === 0 && looks % 40 === 0) await workbench.press("Alt+\\");
        return SAMPLES.find((one) => one.trimEnd() === shown.join("\n"));
      });
      assert.equal(endpoint.requests.at(-1)?.prompt, `${text}    distinct =`);
      await workbench.press("Tab");
      await workbench.save();
      const taken = `${text}    distinct = ${sample.trimEnd()}`;
      await until("the saved file", () => readFileSync(stage.path(FILE), "utf-8").trimEnd() === taken);
    });
  });
}
