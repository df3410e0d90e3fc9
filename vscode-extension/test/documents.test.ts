import assert from "node:assert/strict";
import { test } from "node:test";
import { selector } from "../src/names.ts";
import { localPath } from "../src/server/local.ts";

test("documents of a virtual workspace are judged whatever its file system, those of other schemes are not", () => {
  const schemes = (...folders: string[]): string[] => selector(folders).map(({ scheme }) => scheme);
  const always = ["file", "untitled", "vscode-notebook-cell", "vscode-vfs"];
  assert.deepEqual(schemes(), always);
  assert.deepEqual(schemes("file", "vscode-vfs"), always);
  assert.deepEqual(schemes("memfs", "memfs"), [...always, "memfs"]);
  assert.deepEqual([...new Set(selector(["memfs"]).map(({ language }) => language))], ["python"]);
});

test("neither interpreter nor model is taken from a virtual file system", () => {
  const path = "/owner/repository/models/small";
  assert.equal(localPath({ scheme: "file", path, fsPath: path }), path);
  assert.throws(() => localPath({ scheme: "vscode-vfs", path, fsPath: path }), {
    message:
      "/owner/repository/models/small is in the virtual file system vscode-vfs, which the server cannot read; " +
      "select one on the disk of the machine that runs it.",
  });
});
