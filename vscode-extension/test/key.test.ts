import assert from "node:assert/strict";
import { test } from "node:test";
import { keyProblem } from "../src/server/key.ts";

test("what no header can hold is no key, and is refused while it is typed", () => {
  for (const key of ["", " ", "sk-0123", " sk-0123 ", "a b~", "x".repeat(4096)])
    assert.equal(keyProblem(key), undefined);
  const problem = "A key is at most 4,096 printable ASCII characters; copy it again, without line ends.";
  for (const key of ["schlüssel", "sk\n0123", "sk-\u200b0123", "sk-\u007f", "x".repeat(4097)]) {
    assert.equal(keyProblem(key), problem);
  }
});
