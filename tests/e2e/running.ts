/** Ranking alternatives by running them: nothing runs before the setting and an answer to a question both allow it. */

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { CANDIDATES } from "./fixtures.ts";
import { percent, rankByRunning, score, type ScoredFunction } from "./harness/command_line.ts";
import type { Endpoint } from "./harness/endpoint.ts";
import { settled } from "./harness/processes.ts";
import { FROM_ENDPOINT, RANK_BY_RUNNING, RankList } from "./harness/rank_list.ts";
import type { Stage } from "./harness/stage.ts";

const FILE = "running.py";
const HOW =
  "Each runs with the imports of this file, on the docstring's examples and on inputs made from the type hints, " +
  "in a sandbox without network that sees none of your files.";
/** So many inputs are made for a list of integers, those of the docstring among them. */
const INPUTS = 12;

export function running(stage: Stage, endpoint: Endpoint): void {
  describe("running", () => {
    const list = new RankList(stage);
    let found: ScoredFunction;

    before(async () => {
      [found] = (await score(stage.path(FILE))) as [ScoredFunction];
      await stage.workbench.open(FILE);
    });

    /** Whether the server has loaded what runs code: Python leaves a compiled file of it. */
    function loaded(): boolean {
      const extensions = join(stage.editor.folder, "extensions");
      const compiled = "bundled/server/codeodds/execution/__pycache__";
      return readdirSync(extensions).some((name) => existsSync(join(extensions, name, compiled)));
    }

    test("without the setting nothing is asked", async () => {
      const { workbench } = stage;
      await workbench.command(RANK_BY_RUNNING);
      const said = "switch on codeodds.run_code in your user settings first, or rank without running them.";
      await settled("the message", () => workbench.toasts(), [`codeodds: ${said}`]);
      await workbench.clearToasts();
    });

    test("with the setting there is a question, and without a yes nothing is generated and nothing runs", async () => {
      const { workbench } = stage;
      // The lens tells that the server knows the settings too.
      stage.set({ "codeodds.run_code": true, "codeodds.code_lens": true });
      await workbench.inspected("the lens", ({ lenses }) => lenses.length === 1);
      const asked = endpoint.requests.length;
      await list.ask(FILE, found, FROM_ENDPOINT, RANK_BY_RUNNING);
      assert.deepEqual(await workbench.question(), {
        message: `Run ${found.name} as it is, and what the model writes for it?`,
        detail: `${HOW} You will not have seen the code that runs.`,
        buttons: ["Cancel", "Run"],
      });
      await workbench.answer("Cancel");
      await workbench.inspected("the editor again", ({ hints }) => hints.length === 1);
      assert.equal(await list.heading(found).isVisible(), false);
      assert.deepEqual(await workbench.toasts(), []);
      assert.deepEqual(endpoint.bodiesSince(asked), []);
      assert.equal(loaded(), false);
    });

    test("after a yes they are listed as the command line ranks them by running, or it is said why not", async () => {
      const { workbench } = stage;
      // The body that stands there has a vote as well.
      const whole = readFileSync(stage.path(FILE), "utf-8");
      const ran = await rankByRunning(stage.path(FILE), found.name, [whole, ...CANDIDATES]);
      await list.ask(FILE, found, "Files", RANK_BY_RUNNING);
      await workbench.quickPick().filter({ hasText: "candidates.py" }).first().click();
      assert.deepEqual(await workbench.question(), {
        message: `Run ${found.name} as it is, and 2 alternatives?`,
        detail: `${HOW} Look at code from others before you run it.`,
        buttons: ["Cancel", "Run"],
      });
      await workbench.answer("Run");
      if (typeof ran === "string") {
        await settled("the refusal", () => workbench.toasts(), [ran]);
        await workbench.clearToasts();
      } else {
        const changes = ["", "+2 −3 lines", "+2 −4 lines"];
        const rows = ran.filter(({ index }) => index > 0);
        assert.deepEqual(
          rows.map(({ index, examples_passed: passed }) => [index, passed]),
          [
            [2, 1],
            [1, 0],
          ],
        );
        const [right, wrong] = rows.map(({ probability }) => probability);
        assert.ok(right && wrong && right < wrong, `${right} is not less than ${wrong}`);
        const shown = rows.map(({ index, probability, vote = 0, examples_passed: passed = 0 }): [string, string] => {
          const did = `agreement ${Math.round(100 * vote)} %, ${Math.round(100 * passed)} % of the examples pass`;
          return [percent(probability), `${changes[index]}, ${did}`];
        });
        await list.shows(found, shown);
        const by = `By what they return for ${INPUTS} inputs, and by value; choose one to put it in place`;
        assert.equal(await list.placeholder(), by);
        await list.close(found);
      }
      assert.equal(loaded(), true);
      stage.set({});
      await workbench.inspected("no lens", ({ lenses, hints }) => lenses.length === 0 && hints.length === 1);
    });
  });
}
