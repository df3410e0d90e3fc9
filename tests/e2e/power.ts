/** Pausing on battery. The power supplies are files of the run. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Stage } from "./harness/stage.ts";
import type { Inspection } from "./harness/workbench.ts";

const ON = { "codeodds.pauseOnBattery": true };

export function power(stage: Stage): void {
  const plug = (online: boolean): void => {
    stage.editor.write("supplies/AC/type", "Mains\n");
    stage.editor.write("supplies/AC/online", online ? "1\n" : "0\n");
    stage.editor.write("supplies/BAT0/type", "Battery\n");
    stage.editor.write("supplies/BAT0/status", online ? "Charging\n" : "Discharging\n");
  };
  const ready = ({ status, hints }: Inspection): boolean => status.state === "ready" && hints.length === 1;
  const onBattery = ({ status }: Inspection): boolean => status.text === "codeodds: paused on battery";

  describe("power", () => {
    test("on battery nothing is shown and the status says so; plugged in, it comes back", async () => {
      const { workbench } = stage;
      plug(false);
      await workbench.open("displays.py");
      await workbench.inspected("the hint", ready);
      stage.set(ON);
      const { status } = await workbench.inspected("the pause", (seen) => onBattery(seen) && seen.hints.length === 0);
      assert.deepEqual(status, {
        state: "paused",
        text: "codeodds: paused on battery",
        detail: "Paused while the machine runs on battery (codeodds.pauseOnBattery)",
        busy: false,
        action: "resume",
      });
      plug(true);
      await workbench.inspected("the hint on power from outside", ready);
    });

    test("Resume works on battery, and a pause of the user outlasts it", async () => {
      const { workbench } = stage;
      plug(false);
      await workbench.inspected("the pause", onBattery);
      await workbench.command("codeodds: Resume");
      await workbench.inspected("the hint on battery", ready);
      await workbench.command("codeodds: Pause");
      await workbench.inspected("the user's pause", ({ status }) => status.text === "codeodds: paused");
      plug(true);
      stage.set({});
      const { status } = await workbench.inspected("no hint", ({ hints }) => hints.length === 0);
      assert.equal(status.text, "codeodds: paused");
      await workbench.command("codeodds: Resume");
      await workbench.inspected("the hint again", ready);
    });
  });
}
