/** What the user sees when something is broken: one sentence in the status, and no storm of messages. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { percent, score } from "./harness/command_line.ts";
import type { Stage } from "./harness/stage.ts";

const FILE = "failures.py";

export function failures(stage: Stage): void {
  describe("failures", () => {
    let label: string;

    test("a server that was killed comes back by itself, without a message", async () => {
      const { workbench } = stage;
      const [found] = await score(stage.path(FILE));
      assert.ok(found);
      label = percent(found.probability);
      await workbench.open(FILE);
      await workbench.inspected("the hint", ({ hints }) => hints[0]?.label === label);
      const [killed, ...others] = servers(stage.editor.folder);
      assert.ok(killed);
      assert.deepEqual(others, []);
      process.kill(killed, "SIGKILL");
      await workbench.inspected("a server that starts", ({ server }) => server.state !== "running");
      const again = await workbench.inspected(
        "the hint of another server",
        ({ server, hints }) => server.state === "running" && hints[0]?.label === label,
      );
      assert.equal(again.status.state, "ready");
      assert.notDeepEqual(servers(stage.editor.folder), [killed]);
      assert.deepEqual(await workbench.toasts(), []);
    });

    test("a model that is not there is one sentence in the status", async () => {
      const { workbench } = stage;
      const nowhere = stage.path("no-bundle");
      stage.set({ "codeodds.model": nowhere });
      const { status, hints } = await workbench.inspected("the error", (found) => found.status.state === "error");
      assert.deepEqual([status.text, status.action, hints], ["codeodds: error", "restart", []]);
      assert.ok(status.detail.includes(nowhere), status.detail);
      assert.ok((await workbench.toasts()).length <= 1);
      stage.set({});
      await workbench.inspected("the hint again", (found) => found.hints[0]?.label === label);
    });
  });
}

/** Ids of the language server's processes that belong to a run's folder. */
function servers(folder: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((id) => {
      try {
        const command = readFileSync(`/proc/${id}/cmdline`, "utf-8").split("\0");
        const environment = readFileSync(`/proc/${id}/environ`, "utf-8").split("\0");
        return command.includes("serve") && environment.includes(`HOME=${folder}/home`);
      } catch {
        return false;
      }
    })
    .map(Number);
}
