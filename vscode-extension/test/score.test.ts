import assert from "node:assert/strict";
import { test } from "node:test";
import { functionItems } from "../src/commands/functionItems.ts";
import { reporter } from "../src/commands/progress.ts";
import type { ScoredFunction } from "../src/server/protocol.ts";

const scored = (name: string, line: number, probability: number | null, reason: string | null): ScoredFunction => ({
  ...{ name, within: null, probability, reason, lines: [] },
  range: { start: { line, character: 0 }, end: { line: line + 1, character: 0 } },
});
const REASON = "the time was up before its turn";

test("functions that were not reached come last, with the reason", () => {
  const functions = [scored("a", 0, null, REASON), scored("b", 3, 0.9, null), scored("c", 6, 0.1, null)];
  assert.deepEqual(
    functionItems(functions).map((item) => [item.label, item.description]),
    [
      ["10 %  c", "line 7"],
      ["90 %  b", "line 4"],
      ["–  a", `line 1, not scored: ${REASON}`],
    ],
  );
});

test("what the server reports moves the bar by what is new, and never back", () => {
  const steps: object[] = [];
  const report = reporter({ report: (step) => steps.push(step) });
  report({ message: "0 of 4 functions", percentage: 0 });
  report({ message: "1 of 4 functions", percentage: 25 });
  report({ message: "3 of 4 functions", percentage: 75 });
  report({ percentage: 50 });
  report({});
  assert.deepEqual(steps, [
    { message: "0 of 4 functions", increment: 0 },
    { message: "1 of 4 functions", increment: 25 },
    { message: "3 of 4 functions", increment: 50 },
    { increment: 0 },
    { increment: 0 },
  ]);
});
