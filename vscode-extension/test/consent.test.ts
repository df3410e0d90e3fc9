import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { question, refusal, runsText, withoutRuns } from "../src/ranking/consent.ts";
import { alternativeItems } from "../src/ranking/items.ts";

interface Manifest {
  capabilities: { untrustedWorkspaces: { restrictedConfigurations: string[] } };
  contributes: {
    configuration: { properties: Record<string, { scope: string; default: unknown }> }[];
    menus: { commandPalette: { command: string; when: string }[] };
  };
}

const MANIFEST = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf-8")) as Manifest;

test("nothing is asked in a workspace that nobody trusts, or without the setting", () => {
  assert.match(refusal(false, true) ?? "", /^alternatives run in trusted workspaces only; trust this one/);
  assert.match(refusal(false, false) ?? "", /^alternatives run in trusted workspaces only/);
  assert.match(refusal(true, false) ?? "", /^switch on codeodds\.run_code in your user settings first/);
  assert.equal(refusal(true, true), null);
});

test("the question names the function and how many bodies would run", () => {
  assert.equal(question("C.f", 1, false).message, "Run C.f as it is, and 1 alternative?");
  assert.equal(question("f", 3, false).message, "Run f as it is, and 3 alternatives?");
  assert.equal(question("f", 0, true).message, "Run f as it is, and what the model writes for it?");
  assert.match(question("f", 0, true).detail, /You will not have seen the code that runs\.$/);
  assert.match(question("f", 3, false).detail, /Look at code from others before you run it\.$/);
  assert.match(question("f", 3, false).detail, /in a sandbox without network that sees none of your files/);
});

test("keys and other extensions cannot let anything run", () => {
  const argument = { uri: "file:///w/a.py", bodies: ["return a"], runCode: true };
  assert.deepEqual(withoutRuns("codeodds.rankAlternatives", [argument]), [{ ...argument, runCode: false }]);
  assert.deepEqual(withoutRuns("codeodds.rankAlternatives", [null]), [null]);
  assert.deepEqual(withoutRuns("codeodds.explain", [argument]), [argument]);
});

test("the list says whether its order is that of runs", () => {
  assert.equal(
    runsText({ ran: true, notRun: null, inputs: 8 }),
    "By what they return for 8 inputs, and by value; choose one to put it in place",
  );
  assert.equal(
    runsText({ ran: false, notRun: "the time was up", inputs: 0 }),
    "By value alone, not run: the time was up",
  );
});

test("items say what an alternative did when it ran", () => {
  const text = { body: "return a\n", edit: {}, source: "given" as const };
  const item = { probability: 0.3, reason: null, duplicateOf: null, isCurrent: false, ...text };
  const ran = { ...item, index: 0, diff: "-b\n+a\n", agreement: 0.4, examplesPassed: 1 };
  const items = alternativeItems([
    ran,
    { ...ran, index: 1, examplesPassed: null },
    { ...ran, index: 2, isCurrent: true, agreement: 0, examplesPassed: 0.5 },
  ]);
  assert.deepEqual(
    items.map(({ description }) => description),
    [
      "+1 −1 lines, agreement 40 %, 100 % of the examples pass",
      "+1 −1 lines, agreement 40 %",
      "what stands there already, agreement 0 %, 50 % of the examples pass",
    ],
  );
});

test("a workspace can neither switch it on nor offer it before it is trusted", () => {
  const settings = Object.assign({}, ...MANIFEST.contributes.configuration.map((page) => page.properties)) as Record<
    string,
    { scope: string; default: unknown }
  >;
  const { scope, default: value } = settings["codeodds.run_code"] ?? {};
  assert.deepEqual([scope, value], ["machine", false]);
  assert.ok(MANIFEST.capabilities.untrustedWorkspaces.restrictedConfigurations.includes("codeodds.run_code"));
  const entry = MANIFEST.contributes.menus.commandPalette.find(
    ({ command }) => command === "codeodds.rankAlternativesByRunning",
  );
  assert.equal(entry?.when, "editorLangId == python && isWorkspaceTrusted");
});
