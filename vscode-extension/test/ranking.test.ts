import assert from "node:assert/strict";
import { test } from "node:test";
import { bodiesIn } from "../src/ranking/alternatives.ts";
import { alternativeItems, heading } from "../src/ranking/alternatives.ts";
import type { Alternative } from "../src/server/protocol.ts";

test("a text with several functions is several alternatives, decorators with them", () => {
  const text =
    "import os\n\ndef f(a):\n    return a\n\n\n@cache\nasync def f(a):\r\n    def g():\n        pass\n    return g\n";
  assert.deepEqual(bodiesIn(text), [
    "def f(a):\n    return a\n",
    "@cache\nasync def f(a):\n    def g():\n        pass\n    return g\n",
  ]);
});

test("any other text is one, white space none", () => {
  assert.deepEqual(bodiesIn("    return a\n"), ["    return a\n"]);
  assert.deepEqual(bodiesIn("import os\ndef f():\n    pass\n"), ["import os\ndef f():\n    pass\n"]);
  assert.deepEqual(bodiesIn(" \n\t"), []);
});

const ALTERNATIVE: Alternative = {
  ...{ index: 0, probability: 0.62, reason: null, duplicateOf: null, isCurrent: false, source: "given" },
  body: "    a = 1\n\n    b = 2\n    c = 3\n    return a\n",
  diff: "--- f\n+++ f (alternative 1)\n@@ -1 +1,2 @@\n-    return a\n+    a = 1\n+    return a\n",
  edit: {},
};

test("items keep the order, tell what would change, and show each text once", () => {
  const items = alternativeItems([
    ALTERNATIVE,
    { ...ALTERNATIVE, index: 1, duplicateOf: 0 },
    { ...ALTERNATIVE, index: 2, probability: 0.3, isCurrent: true, body: "    return a\n", diff: null, edit: null },
    { ...ALTERNATIVE, index: 3, probability: null, reason: "it does not parse", body: "return (" },
  ]);
  assert.deepEqual(
    items.map(({ label, description, detail }) => [label, description, detail]),
    [
      ["62 %", "+2 −1 lines", "a = 1 ⏎ b = 2 ⏎ c = 3 ⏎ …"],
      ["30 %", "current body", "return a"],
      ["–", "not scored: it does not parse", "return ("],
    ],
  );
});

test("the heading tells what the present body is worth", () => {
  assert.equal(heading("f", 0.4), "f: 40 % likely to be right as written. Alternatives, most probable first");
  assert.equal(heading("f", null), "f: not scored as written. Alternatives, most probable first");
});
