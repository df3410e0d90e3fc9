import assert from "node:assert/strict";
import { test } from "node:test";
import { addressOf, keyProblem, localPath } from "../src/userInput.ts";

test("an address is scheme, host and port, without what may be secret", () => {
  assert.equal(addressOf("https://user:password@H.example:443/v1?key=x"), "https://h.example");
  assert.equal(addressOf(" http://127.0.0.1:8080/v1 "), "http://127.0.0.1:8080");
});

test("what names no server has none", () => {
  for (const url of ["", "localhost:8080", "ftp://h", "http://", "file:///etc/passwd"]) {
    assert.equal(addressOf(url), undefined, url);
  }
});

test("what no header can hold is no key, and is refused while it is typed", () => {
  for (const key of ["", " ", "sk-0123", " sk-0123 ", "a b~", "x".repeat(4096)])
    assert.equal(keyProblem(key), undefined);
  const problem = "A key is at most 4,096 printable ASCII characters; copy it again, without line ends.";
  for (const key of ["schlüssel", "sk\n0123", "sk-\u200b0123", "sk-\u007f", "x".repeat(4097)]) {
    assert.equal(keyProblem(key), problem);
  }
});

test("neither interpreter nor model is taken from a virtual file system", () => {
  const path = "/owner/repository/models/small";
  assert.equal(localPath({ scheme: "file", path, fsPath: path }), path);
  assert.throws(() => localPath({ scheme: "vscode-vfs", path, fsPath: path }), {
    message:
      "/owner/repository/models/small is in the virtual file system vscode-vfs, which the server cannot read; " +
      "select one on the disk of the machine that runs the server.",
  });
});
