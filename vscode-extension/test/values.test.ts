import assert from "node:assert/strict";
import { test } from "node:test";
import type { ScoredFunction } from "../src/server/protocol.ts";
import { body, escaped, page } from "../src/values/html.ts";
import { valueModel, type ValueModel } from "../src/values/model.ts";

const line = (number: number, probability: number, drop: number): ScoredFunction["lines"][number] => ({
  ...{ line: number, probability, drop, fraction: 0.5 },
});

const SCORED: ScoredFunction = {
  name: "f",
  within: null,
  range: { start: { line: 0, character: 0 }, end: { line: 4, character: 0 } },
  probability: 0.31,
  applicability: null,
  reason: null,
  lines: [line(1, 0.6, 0), line(2, 0.4, 0.2), line(3, 0.36, 0.04), line(4, 0.31, 0.05)],
};
const TEXTS = ["def f(a):", '  b = "<a&b>"', "    c", "    d", "    return c"];
const model = (change: Partial<ScoredFunction> = {}): ValueModel =>
  valueModel({ uri: "file:///a.py", version: 3 }, { ...SCORED, ...change }, null, (number) => TEXTS[number] ?? "", 2);

test("the two largest falls are pointed at, if they are large enough", () => {
  assert.deepEqual(
    model().lines.map((item) => item.sharp),
    [false, true, false, true],
  );
  assert.equal(model().lines[0]?.text, 'b = "<a&b>"');
});

test("the page has a point and a row for each line, and code stands in it escaped", () => {
  const html = body(model());
  assert.equal(html.match(/<g id="point-/g)?.length, 4);
  assert.equal(html.match(/<rect class="point sharp"/g)?.length, 2);
  assert.ok(html.includes('aria-label="line 3: 0.40, falls by 0.20"'));
  assert.ok(html.includes("<td>b = &quot;&lt;a&amp;b&gt;&quot;</td>"));
  assert.ok(html.includes('<tr class="current" aria-current="true"><td><button id="row-2"'));
  // 0.4 of the way down from 1, between the top at 12 and the bottom at 210.
  assert.ok(html.includes('<circle class="point" cx="44" cy="91.2" r="4"/>'));
});

test("what is not judged says why, and no function asks for one", () => {
  assert.equal(
    body(model({ probability: null, reason: "it is a stub" })),
    "<h1>f</h1><p>Not judged: it is a stub.</p>",
  );
  assert.equal(body(undefined), "<p>Put the cursor into a Python function.</p>");
});

test("nothing is loaded from elsewhere, and only what carries the nonce runs", () => {
  const html = page("<p>x</p>", "abc");
  assert.ok(html.includes("default-src 'none'; style-src 'nonce-abc'; script-src 'nonce-abc'"));
  assert.equal(html.match(/nonce="abc"/g)?.length, 2);
  assert.ok(!/https?:/.test(html));
});

test("markup in text is text", () => {
  assert.equal(escaped(`<a href="x">'&'</a>`), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;");
});
