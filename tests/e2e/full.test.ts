/** The full package in a fresh profile: no setting, no network, and the model and libraries that came with it. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { FILES } from "./fixtures.ts";
import { percent, score } from "./harness/command_line.ts";
import { servers } from "./harness/servers.ts";
import { Stage } from "./harness/stage.ts";

const FILE = "displays.py";
const stage = new Stage();

before(async () => {
  await stage.start({ [FILE]: FILES[FILE] }, {});
});
after(async () => {
  await stage.stop();
});

test("the full package shows what the command line prints, with nothing set", async () => {
  const [found] = await score(stage.path(FILE));
  assert.ok(found);
  const label = percent(found.probability);
  const { hints } = await stage.workbench.inspected(
    "the hint",
    (seen) => seen.status.state === "ready" && seen.hints.length > 0,
  );
  assert.deepEqual([hints.length, hints[0]?.label], [1, label]);
  assert.deepEqual(await stage.workbench.toasts(), []);

  const running = servers(stage.editor.folder);
  assert.deepEqual([running.length, running[0]?.environment.CODEODDS_MODEL], [1, undefined]);
  const [server = "", libraries = "", ...more] = (running[0]?.environment.PYTHONPATH ?? "").split(":");
  const bundled = server.replace(/\/server$/, "");
  assert.ok(bundled.startsWith(`${stage.editor.folder}/extensions/codeodds.codeodds-`), server);
  assert.equal(libraries.slice(0, -2), `${bundled}/libs/cp3`);
  assert.deepEqual(more, []);
});
