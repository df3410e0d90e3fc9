/** Bodies that the completions endpoint writes, and the key that it is asked with. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { BODIES } from "./fixtures.ts";
import { percent, rank, score, type ScoredFunction } from "./harness/command_line.ts";
import type { Endpoint } from "./harness/endpoint.ts";
import { filesThatHold } from "./harness/files.ts";
import { settled, until } from "./harness/processes.ts";
import { FROM_ENDPOINT, RankList } from "./harness/rank_list.ts";
import { servers } from "./harness/servers.ts";
import type { Stage } from "./harness/stage.ts";

const FILE = "generation.py";
const SET_KEY = "codeodds: Set key for the completions endpoint";
const KEY = "sk-end-to-end-0123456789";

export function generation(stage: Stage, endpoint: Endpoint): void {
  describe("generation", () => {
    const list = new RankList(stage);
    let found: ScoredFunction;
    /** The labels of the bodies as the command line ranks them. */
    let labels: string[];
    /** Scheme, host and port. */
    const address = (): string => new URL(endpoint.url).origin;

    before(async () => {
      endpoint.samples = BODIES;
      const path = stage.path(FILE);
      [found] = (await score(path)) as [ScoredFunction];
      labels = (await rank(path, found.name, BODIES)).map((item) => percent(item.probability));
      await stage.workbench.open(FILE);
      // A new server has not learned yet how many samples the endpoint gives at once. It logs the most that there is.
      await restart({ "codeodds.logLevel": "debug" });
    });

    /** Have the endpoint write bodies, see them ranked, and go back. Returns the key that it was asked with. */
    async function generate(): Promise<string | undefined> {
      await list.ask(FILE, found, FROM_ENDPOINT);
      await list.shows(found, labels);
      await list.close(found);
      return endpoint.authorizations.at(-1);
    }

    /** Set or remove the key for the endpoint. */
    async function setKey(key: string): Promise<void> {
      await stage.workbench.command(SET_KEY, true);
      assert.equal(await stage.workbench.enter(`Key for ${address()}`, key), "password");
    }

    /** Change settings after which the server starts anew, and wait for the other one. */
    async function restart(settings: Record<string, unknown>): Promise<void> {
      const ids = (): number[] => servers(stage.editor.folder).map(({ id }) => id);
      const before = ids();
      stage.set(settings);
      await until("another process", () => ids().length === 1 && ids()[0] !== before[0]);
      await stage.workbench.inspected("another server", ({ status }) => status.state === "ready");
    }

    test("bodies of the endpoint are listed as the command line ranks them", async () => {
      const asked = endpoint.requests.length;
      assert.equal(await generate(), undefined);
      const text = readFileSync(stage.path(FILE), "utf-8");
      assert.deepEqual(endpoint.bodiesSince(asked), [
        {
          // All before the body.
          prompt: text.slice(0, text.indexOf("    distinct = ")),
          max_tokens: 512,
          temperature: 0.8,
          stop: ["\ndef ", "\nclass ", "\n@", "\nif __name__"],
          stream: true,
          n: BODIES.length,
        },
      ]);
    });

    test("an endpoint that writes no body is one message", async () => {
      const { workbench } = stage;
      endpoint.samples = ["    return (\n", "\n", "    return [\n"];
      await list.ask(FILE, found, FROM_ENDPOINT);
      const said = "nothing came that can be the body of this function; try another model";
      await settled("the message", () => workbench.toasts(), [said]);
      await workbench.clearToasts();
      endpoint.samples = BODIES;
    });

    test("a key that is typed in goes to the endpoint, and into no file", async () => {
      const asked = endpoint.authorizations.length;
      await setKey(KEY);
      await until("the key in a request", async () => (await generate()) === `Bearer ${KEY}`);
      assert.deepEqual([...new Set(endpoint.authorizations.slice(asked))].filter(Boolean), [`Bearer ${KEY}`]);
      const { folder } = stage.editor;
      // A text that is in a file is found.
      assert.deepEqual(filesThatHold(join(folder, "data/Machine"), endpoint.url), ["settings.json"]);
      assert.deepEqual(filesThatHold(folder, KEY), []);
    });

    test("a server that is started later gets the key, until it is removed", async () => {
      await restart({});
      await until("the key in a request", async () => (await generate()) === `Bearer ${KEY}`);
      const kept = await secrets();
      await setKey("");
      await until("a request without a key", async () => (await generate()) === undefined);
      const left = await secrets();
      assert.ok(left < kept, `${left} characters are left of ${kept}`);
      assert.deepEqual(filesThatHold(stage.editor.folder, KEY), []);
    });

    /** Characters of the secret store: in a browser, VS Code keeps it encrypted in the page's local storage. */
    async function secrets(): Promise<number> {
      const kept = await stage.editor.page.evaluate(() => localStorage.getItem("secrets.provider") ?? "");
      assert.ok(!kept.includes(KEY));
      return kept.length;
    }
  });
}
