import assert from "node:assert/strict";
import { delimiter, join } from "node:path";
import { test } from "node:test";
import { selector } from "../src/names.ts";
import { Backoff, DELAYS_S, launch, type Shipped, SOUND_AFTER_S } from "../src/server/launch.ts";
import { functionAt } from "../src/server/protocol.ts";

const FOUND = { executable: "/usr/bin/python3.11", version: "3.11.7", tag: "cp311", origin: "the path" };
const SHIPPED = { server: "/x/server", libs: "/x/libs", tags: ["cp311"], hasModel: true } satisfies Shipped;

test("the bundled server hides the user's own path, and takes libraries only if they fit", () => {
  const environment = { PYTHONPATH: "/mine", HOME: "/home/me", UNSET: undefined };
  const fitting = launch(FOUND, SHIPPED, "useBundled", "warning", environment);
  assert.equal(fitting.command, "/usr/bin/python3.11");
  assert.deepEqual(fitting.args, ["-P", "-m", "codeodds", "serve", "--log-level", "warning"]);
  assert.deepEqual(fitting.env, {
    HOME: "/home/me",
    PYTHONPATH: ["/x/server", join("/x/libs", "cp311")].join(delimiter),
  });
  const other = launch({ ...FOUND, tag: "cp312" }, SHIPPED, "useBundled", "warning", environment);
  assert.equal(other.env.PYTHONPATH, "/x/server");
});

test("the environment's own server gets the environment as it is", () => {
  const { env } = launch(FOUND, SHIPPED, "fromEnvironment", "debug", { PYTHONPATH: "/mine" });
  assert.deepEqual(env, { PYTHONPATH: "/mine" });
});

test("crashes wait longer and longer, then no more", () => {
  const backoff = new Backoff();
  backoff.started(0);
  assert.deepEqual(
    [1, 2, 3, 4, 5, 6].map((now) => backoff.crashed(now)),
    [...DELAYS_S, undefined],
  );
  backoff.reset();
  assert.equal(backoff.crashed(7), 1);
});

test("a crash after a sound run counts as the first", () => {
  const backoff = new Backoff();
  backoff.started(0);
  backoff.crashed(1);
  backoff.crashed(2);
  backoff.started(10);
  assert.equal(backoff.crashed(10 + SOUND_AFTER_S), 1);
});

test("the innermost function around a line is found", () => {
  const range = (start: number, end: number): { range: never } =>
    ({ range: { start: { line: start, character: 0 }, end: { line: end, character: 0 } } }) as never;
  const outer = range(0, 9);
  const inner = range(3, 5);
  assert.equal(functionAt([outer, inner], 4), inner);
  assert.equal(functionAt([outer, inner], 9), outer);
  assert.equal(functionAt([outer, inner], 10), undefined);
});

test("documents of a virtual workspace are judged whatever its file system, those of other schemes are not", () => {
  const schemes = (...folders: string[]): string[] => selector(folders).map(({ scheme }) => scheme);
  const always = ["file", "untitled", "vscode-notebook-cell", "vscode-vfs"];
  assert.deepEqual(schemes(), always);
  assert.deepEqual(schemes("file", "vscode-vfs"), always);
  assert.deepEqual(schemes("memfs", "memfs"), [...always, "memfs"]);
  assert.deepEqual([...new Set(selector(["memfs"]).map(({ language }) => language))], ["python"]);
});
