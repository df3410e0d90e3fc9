import assert from "node:assert/strict";
import { test } from "node:test";
import type { ScoredFunction } from "../src/server/protocol.ts";
import { body, escaped, page } from "../src/explanation/page.ts";
import { pageModel, type PageModel } from "../src/explanation/page.ts";

const line = (number: number, probability: number, drop: number): ScoredFunction["lines"][number] => ({
  ...{ line: number, probability, drop, fraction: 0.5 },
});

const SCORED: ScoredFunction = {
  name: "f",
  within: null,
  range: { start: { line: 0, character: 0 }, end: { line: 4, character: 0 } },
  probability: 0.31,
  reason: null,
  lines: [line(1, 0.6, 0), line(2, 0.4, 0.2), line(3, 0.36, 0.04), line(4, 0.31, 0.05)],
};
const TEXTS = ["def f(a):", '  b = "<a&b>"', "    c", "    d", "    return c"];
const model = (change: Partial<ScoredFunction> = {}): PageModel =>
  pageModel({ uri: "file:///a.py", version: 3 }, { ...SCORED, ...change }, null, (number) => TEXTS[number] ?? "", 2);

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
  assert.ok(html.includes('aria-label="line 3: 0.40, falls by 0.20, among the largest falls"'));
  assert.ok(html.includes('aria-label="line 4: 0.36, falls by 0.04"'));
  assert.ok(html.includes("<td>b = &quot;&lt;a&amp;b&gt;&quot;</td>"));
  assert.ok(html.includes('<tr class="current" aria-current="true"><th scope="row"><button id="row-2"'));
  // 0.4 of the way down from 1, between the top at 12 and the bottom at 210.
  assert.ok(html.includes('<circle class="point" cx="44" cy="91.2" r="4"/>'));
});

test("the points are one stop of the Tab key and the rows another: the line of the cursor", () => {
  const stops = (change: Partial<PageModel>): string[] =>
    [...body({ ...model(), ...change }).matchAll(/id="([a-z]+-\d+)"[^>]* tabindex="0"/g)].map(
      (found) => found[1] ?? "",
    );
  assert.deepEqual(stops({ cursor: 3 }), ["point-3", "row-3"]);
  assert.deepEqual(stops({ cursor: 0 }), ["point-1", "row-1"]);
  assert.equal(body(model()).match(/tabindex="-1"/g)?.length, 6);
});

test("plot and table have names, and every button says where it goes", () => {
  const html = body(model());
  assert.ok(
    html.includes(
      'role="group" aria-label="Probability along the lines of f, 4 points; the table below has the same numbers',
    ),
  );
  assert.ok(html.includes('<caption class="unseen">Probability at the end of each line</caption>'));
  assert.equal(html.match(/<th scope="col">/g)?.length, 5);
  assert.equal(html.match(/<th scope="row">/g)?.length, 4);
  assert.deepEqual(
    [...html.matchAll(/<button [^>]*aria-label="([^"]*)"/g)].map((found) => found[1]),
    ["go to line 2", "go to line 3", "go to line 4", "go to line 5"],
  );
});

test("a name in markup stays inside its label", () => {
  const html = body({ ...model(), name: 'f"><b>' });
  assert.ok(html.includes('aria-label="Probability along the lines of f&quot;&gt;&lt;b&gt;, 4 points;'));
});

test("a screen reader does not spell the bars of the explanation", () => {
  const html = body({ ...model(), explanation: "▅▅▂ from line 2 to line 5\n▁ <a>" });
  assert.ok(html.includes('<p><span aria-hidden="true">▅▅▂</span> from line 2 to line 5\n<span aria-hidden="true">▁'));
});

test("in high contrast nothing is told by a background alone, and every colour has another to fall back to", () => {
  const html = page("", "abc");
  assert.ok(html.includes(".vscode-high-contrast tr.current { outline:"));
  const theirs = [...html.matchAll(/var\(--vscode-(charts|editorWarning|editorCursor|contrast)[^)]*\)/g)];
  assert.deepEqual(
    theirs.map((found) => found[0]).filter((use) => !use.includes(", currentColor")),
    [],
  );
});

test("what is not scored says why, and no function asks for one", () => {
  assert.equal(
    body(model({ probability: null, reason: "it is a stub" })),
    "<h1>f</h1><p>Not scored: it is a stub.</p>",
  );
  assert.equal(body(undefined), "<p>Place the cursor in a Python function.</p>");
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
