/** Other windows than one trusted folder: several folders with settings of their own, and a folder that nobody trusts. */

import assert from "node:assert/strict";
import { dirname } from "node:path";
import { describe, test } from "node:test";
import { FILES } from "./fixtures.ts";
import { percent, score } from "./harness/command_line.ts";
import { settled } from "./harness/processes.ts";
import { RANK } from "./harness/rank_list.ts";
import type { Stage } from "./harness/stage.ts";
import type { Inspection } from "./harness/inspection.ts";

const TEXT = FILES["displays.py"];

export function workspaces(stage: Stage): void {
  describe("workspaces", () => {
    let label: string;
    const ready = ({ status }: Inspection): boolean => status.state === "ready";

    test("each folder of a workspace has its own settings", async () => {
      const { editor, workbench } = stage;
      stage.set({});
      const left = editor.write("many/left/left.py", TEXT);
      editor.write("many/left/.vscode/settings.json", JSON.stringify({ "codeodds.code_lens": true }));
      editor.write("many/right/right.py", TEXT);
      const silent = { "codeodds.inlay_hints": false, "codeodds.diagnostics": false };
      editor.write("many/right/.vscode/settings.json", JSON.stringify(silent));
      const folders = { folders: [{ path: "left" }, { path: "right" }] };
      const workspace = editor.write("many/both.code-workspace", JSON.stringify(folders));
      const [found] = await score(left);
      assert.ok(found);
      label = percent(found.probability);
      const shown = ({ hints, lenses, diagnostics }: Inspection): number[] =>
        [hints, lenses, diagnostics].map((items) => items.length);

      await editor.load({ workspace }, left);
      // One inspection asks for one kind after the other: the score can come in between.
      await workbench.inspected(
        "all three in the left folder",
        (seen) => ready(seen) && shown(seen).join() === "1,1,1",
      );
      await workbench.open("right.py");
      await workbench.goTo(found.line);
      await workbench.inspected(
        "the score in the right folder",
        (seen) => ready(seen) && seen.status.text === `codeodds: ${label}`,
      );
      // Only what is asked for after the score is there tells that nothing shows it.
      assert.deepEqual(shown(await workbench.inspected("the right folder once more", ready)), [0, 0, 0]);
    });

    test("a folder that nobody trusts sets neither interpreter nor model until it is trusted", async () => {
      const { editor, workbench } = stage;
      const file = editor.write("strange/strange.py", TEXT);
      const own = {
        "codeodds.interpreter": stage.path("no-python"),
        "codeodds.model": stage.path("no-bundle"),
        "codeodds.code_lens": true,
      };
      editor.write("strange/.vscode/settings.json", JSON.stringify(own));
      editor.setUser({
        "security.workspace.trust.enabled": true,
        "security.workspace.trust.startupPrompt": "never",
        "security.workspace.trust.untrustedFiles": "open",
      });
      await editor.load({ folder: dirname(file) }, file);
      const before = await workbench.inspected(
        "scores without trust",
        (seen) => ready(seen) && seen.lenses.length > 0 && seen.hints[0]?.label === label,
      );
      assert.equal(before.trusted, false);
      await settled("what ranks", () => workbench.offered("codeodds: Rank alternatives"), [RANK]);

      await workbench.command("Workspaces: Manage Workspace Trust");
      await workbench.page.locator(".workspace-trust-editor .monaco-button", { hasText: /^Trust$/ }).click();
      // The old server can miss the model before the new one misses its interpreter.
      const after = await workbench.inspected(
        "the folder's settings",
        ({ status }) => status.state === "error" && status.detail.includes(stage.path("no-python")),
      );
      assert.equal(after.trusted, true);
    });
  });
}
