/** What the user sees when something is broken: one sentence in the status, and no storm of messages. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { percent, score } from "./harness/command_line.ts";
import { until } from "./harness/processes.ts";
import { servers } from "./harness/servers.ts";
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
      const ids = (): number[] => servers(stage.editor.folder).map(({ id }) => id);
      const [killed, ...others] = ids();
      assert.ok(killed);
      assert.deepEqual(others, []);
      process.kill(killed, "SIGKILL");
      await until("another server", () => ids().length === 1 && ids()[0] !== killed);
      await workbench.inspected(
        "the hint of another server",
        ({ status, hints }) => status.state === "ready" && hints[0]?.label === label,
      );
      assert.deepEqual(await workbench.toasts(), []);
    });

    test("a model that is not there is one sentence in the status", async () => {
      const { workbench } = stage;
      const nowhere = stage.path("no-bundle");
      stage.set({ "codeodds.model": nowhere });
      const { status } = await workbench.inspected(
        "the error, and no hint",
        (found) => found.status.state === "error" && found.hints.length === 0,
      );
      assert.ok(status.detail.includes(nowhere), status.detail);
      assert.ok((await workbench.toasts()).length <= 1);
      stage.set({});
      await workbench.inspected("the hint again", (found) => found.hints[0]?.label === label);
    });
  });
}
