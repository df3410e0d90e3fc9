import assert from "node:assert/strict";
import { test } from "node:test";
import { percent, type Situation, status } from "../src/status/text.ts";

const WELL: Situation = {
  enabled: true,
  paused: false,
  server: "running",
  loading: false,
  scoring: false,
  problem: undefined,
  at: { name: "f", probability: 0.624, reason: null },
};

test("nothing is certain", () => {
  assert.deepEqual([0.004, 0.01, 0.624, 0.99, 0.996].map(percent), ["under 1 %", "1 %", "62 %", "99 %", "over 99 %"]);
});

test("the function at the cursor is told, or why it is not scored", () => {
  assert.deepEqual(status(WELL), {
    ...{ state: "ready", text: "codeodds: 62 %", detail: "f is 62 % likely to be right as written" },
    ...{ busy: false, action: "explain" },
  });
  const stub = status({ ...WELL, at: { name: "f", probability: null, reason: "it is a stub" } });
  assert.deepEqual([stub.text, stub.detail], ["codeodds: –", "f is not scored: it is a stub"]);
  assert.equal(status({ ...WELL, at: undefined }).detail, "No function at the cursor");
});

test("what matters most is shown: an error before a pause, a pause before a start", () => {
  const state = (change: Partial<Situation>): string => status({ ...WELL, ...change }).state;
  assert.equal(state({ problem: "There is no bundle.", paused: true }), "error");
  assert.equal(status({ ...WELL, problem: "There is no bundle." }).detail, "There is no bundle.");
  assert.equal(state({ server: "failed" }), "error");
  assert.equal(state({ paused: true, server: "starting" }), "paused");
  assert.equal(state({ server: "starting", enabled: false }), "loading");
  assert.equal(state({ enabled: false, loading: true }), "off");
  assert.equal(state({ loading: true, scoring: true }), "loading");
  assert.equal(state({ scoring: true }), "scoring");
});

test("a pause says how to end it", () => {
  assert.deepEqual(status({ ...WELL, paused: true }), {
    ...{
      state: "paused",
      text: "codeodds: paused",
      detail: "No scores until you resume",
      busy: false,
      action: "resume",
    },
  });
});
