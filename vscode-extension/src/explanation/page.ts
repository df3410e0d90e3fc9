/** What the view shows of a function, as a page. Pure: text in, text out. Nothing is loaded from elsewhere. */

import type { ScoredFunction } from "../server/protocol.ts";
import { percent } from "../status/text.ts";

export interface PageLine {
  /** From 0. */
  line: number;
  probability: number;
  drop: number;
  /** Share of the body's tokens up to the end of the line. */
  fraction: number;
  text: string;
  /** Whether it is one of those over which the probability falls most. */
  sharp: boolean;
}

export interface PageModel {
  uri: string;
  version: number;
  name: string;
  probability: number | null;
  reason: string | null;
  explanation: string | null;
  lines: PageLine[];
  /** Where the cursor stands, from 0. */
  cursor: number;
}

/** Falls smaller than this are not pointed at, as in the server. */
const SMALLEST_DROP = 0.05;
const SHARP_LINES = 2;

/** `textOf`: a line of the document, from 0. */
export function pageModel(
  scored: { uri: string; version: number },
  found: ScoredFunction,
  explanation: string | null,
  textOf: (line: number) => string,
  cursor: number,
): PageModel {
  const sharp = new Set(
    [...found.lines]
      .filter((line) => line.drop >= SMALLEST_DROP)
      .sort((a, b) => b.drop - a.drop)
      .slice(0, SHARP_LINES)
      .map((line) => line.line),
  );
  return {
    uri: scored.uri,
    version: scored.version,
    name: found.name,
    probability: found.probability,
    reason: found.reason,
    explanation,
    lines: found.lines.map((line) => ({ ...line, text: textOf(line.line).trim(), sharp: sharp.has(line.line) })),
    cursor,
  };
}

const WIDTH = 640;
const HEIGHT = 240;
const LEFT = 44;
const RIGHT = 16;
const TOP = 12;
const BOTTOM = 30;

const STYLE = `
body { font: var(--vscode-font-size) var(--vscode-font-family); color: var(--vscode-foreground); padding: 0 1em 1em; }
h1 { font-size: 1.2em; font-weight: 600; margin: 0.8em 0 0.2em; overflow-wrap: anywhere; }
p { margin: 0.4em 0; white-space: pre-line; }
svg { width: 100%; max-width: 60em; height: auto; display: block; }
.grid { stroke: var(--vscode-editorWidget-border, var(--vscode-contrastBorder, currentColor)); stroke-opacity: 0.5; }
.label { fill: var(--vscode-descriptionForeground); font-size: 11px; }
.curve { fill: none; stroke: var(--vscode-charts-blue, currentColor); stroke-width: 2; }
.point { fill: var(--vscode-charts-blue, currentColor); stroke: var(--vscode-editor-background); cursor: pointer; }
.point.sharp { fill: var(--vscode-editorWarning-foreground, currentColor); }
.cursor { stroke: var(--vscode-editorCursor-foreground, currentColor); stroke-dasharray: 3 3; }
g:focus { outline: none; }
g:focus .point, g:hover .point { stroke: var(--vscode-focusBorder, currentColor); stroke-width: 3; }
table { border-collapse: collapse; margin-top: 0.6em; }
th, td { text-align: right; padding: 0.15em 0.8em 0.15em 0; font-variant-numeric: tabular-nums; white-space: nowrap; }
th[scope=row] { font-weight: inherit; }
thead th:last-child, td:last-child { text-align: left; font-family: var(--vscode-editor-font-family); white-space: pre; }
tr.current { background: var(--vscode-editor-lineHighlightBackground, transparent); font-weight: 600; }
.vscode-high-contrast tr.current { outline: 1px dashed var(--vscode-contrastActiveBorder, currentColor); }
.vscode-high-contrast .grid { stroke-opacity: 1; stroke-dasharray: 1 4; }
.vscode-high-contrast button { text-decoration: underline; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
button { all: unset; color: var(--vscode-textLink-foreground); cursor: pointer; }
button:focus-visible { outline: 1px solid var(--vscode-focusBorder); }
`;

/**
 * Runs in the view: tells the extension which line was chosen. The points are one stop of the Tab key, the rows another; the
 * arrow keys move within them.
 */
const SCRIPT = `
const api = acquireVsCodeApi();
const main = document.querySelector("main");
const go = (element) => element && api.postMessage({ line: Number(element.dataset.line) });
main.addEventListener("click", (event) => go(event.target.closest("[data-line]")));
main.addEventListener("keydown", (event) => {
  const item = event.target.closest("[data-line]");
  if (!item) return;
  if (event.key === "Enter" || event.key === " ") { go(item); event.preventDefault(); return; }
  const items = [...item.closest("svg, table").querySelectorAll("[data-line]")];
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  const at = event.key === "Home" ? 0 : event.key === "End" ? items.length - 1 : items.indexOf(item) + step;
  if (!items[at]) return;
  for (const other of items) other.tabIndex = -1;
  items[at].tabIndex = 0;
  items[at].focus();
  event.preventDefault();
});
window.addEventListener("message", (event) => {
  const focused = document.activeElement?.id;
  main.innerHTML = event.data.body;
  if (focused) document.getElementById(focused)?.focus();
});
`;

/** The whole page. `nonce`: new for each page; what does not carry it is neither run nor applied. */
export function page(body: string, nonce: string): string {
  const policy = `default-src 'none'; style-src 'nonce-${nonce}'; script-src 'nonce-${nonce}'`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>codeodds</title>
<style nonce="${nonce}">${STYLE}</style>
</head>
<body>
<main>${body}</main>
<script nonce="${nonce}">${SCRIPT}</script>
</body>
</html>
`;
}

/** The content of the page; undefined where there is nothing to show. */
export function body(model: PageModel | undefined): string {
  if (model === undefined) return "<p>Place the cursor in a Python function.</p>";
  const head = `<h1>${escaped(model.name)}</h1>`;
  const explanation = model.explanation === null ? "" : `<p>${bars(escaped(model.explanation))}</p>`;
  if (model.probability === null) {
    return `${head}${explanation || `<p>Not scored: ${escaped(model.reason ?? "it has no score yet")}.</p>`}`;
  }
  const summary = `<p><strong>${percent(model.probability)}</strong> likely to be right as written</p>`;
  return `${head}${explanation || summary}${plot(model)}${table(model)}`;
}

/** The small bars that the server draws with block characters: a screen reader would spell each. The table has the numbers. */
function bars(html: string): string {
  return html.replace(/[\u2581-\u2588]+/g, '<span aria-hidden="true">$&</span>');
}

/** Which line the Tab key reaches first: that of the cursor, or the first. */
function chosenIndex(model: PageModel): number {
  return Math.max(
    model.lines.findIndex((line) => line.line === model.cursor),
    0,
  );
}

function plot(model: PageModel): string {
  const { lines } = model;
  const first = lines[0];
  const last = lines.at(-1);
  if (first === undefined || last === undefined) return "";
  const x = (index: number): number =>
    LEFT + (lines.length === 1 ? 0.5 : index / (lines.length - 1)) * (WIDTH - LEFT - RIGHT);
  const y = (value: number): number => TOP + (1 - value) * (HEIGHT - TOP - BOTTOM);
  const grid = [0, 0.25, 0.5, 0.75, 1].map(
    (value) =>
      `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${round(y(value))}" y2="${round(y(value))}"/>` +
      `<text class="label" x="${LEFT - 6}" y="${round(y(value) + 4)}" text-anchor="end">${value}</text>`,
  );
  const curve = lines.map((line, index) => `${round(x(index))},${round(y(line.probability))}`).join(" ");
  const at = lines.findIndex((line) => line.line === model.cursor);
  const cursor =
    at < 0
      ? ""
      : `<line class="cursor" x1="${round(x(at))}" x2="${round(x(at))}" y1="${TOP}" y2="${HEIGHT - BOTTOM}"/>`;
  const chosen = chosenIndex(model);
  const points = lines.map((line, index) => point(line, x(index), y(line.probability), index === chosen));
  const ends =
    `<text class="label" x="${LEFT}" y="${HEIGHT - 10}">line ${first.line + 1}</text>` +
    (lines.length > 1
      ? `<text class="label" x="${WIDTH - RIGHT}" y="${HEIGHT - 10}" text-anchor="end">line ${last.line + 1}</text>`
      : "");
  const label = `Probability along the lines of ${model.name}, ${lines.length} points; the table below has the same numbers`;
  return (
    `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="group" aria-label="${escaped(label)}">` +
    `${grid.join("")}${cursor}<polyline class="curve" points="${curve}"/>${points.join("")}${ends}</svg>`
  );
}

/** A circle; a square where the probability falls sharply, so that colour is not all that tells them apart. */
function point(line: PageLine, x: number, y: number, chosen: boolean): string {
  const shape = line.sharp
    ? `<rect class="point sharp" x="${round(x - 5)}" y="${round(y - 5)}" width="10" height="10"/>`
    : `<circle class="point" cx="${round(x)}" cy="${round(y)}" r="4"/>`;
  const most = line.sharp ? ", among the largest falls" : "";
  const label = `line ${line.line + 1}: ${line.probability.toFixed(2)}, ${change(line)}${most}`;
  return (
    `<g id="point-${line.line}" role="button" tabindex="${chosen ? 0 : -1}" data-line="${line.line}" ` +
    `aria-label="${label}"><title>${label}</title>${shape}</g>`
  );
}

function table(model: PageModel): string {
  if (model.lines.length === 0) return "";
  const chosen = chosenIndex(model);
  const rows = model.lines.map(
    (line, index) =>
      `<tr${line.line === model.cursor ? ' class="current" aria-current="true"' : ""}>` +
      `<th scope="row"><button id="row-${line.line}" tabindex="${index === chosen ? 0 : -1}" data-line="${line.line}" ` +
      `aria-label="go to line ${line.line + 1}">${line.line + 1}</button></th>` +
      `<td>${line.probability.toFixed(2)}</td><td>${change(line)}</td><td>${Math.round(100 * line.fraction)} %</td>` +
      `<td>${escaped(line.text)}</td></tr>`,
  );
  return (
    '<table><caption class="unseen">Probability at the end of each line</caption><thead><tr>' +
    '<th scope="col">line</th><th scope="col">probability</th><th scope="col">change</th>' +
    '<th scope="col">body read</th><th scope="col">code</th></tr></thead>' +
    `<tbody>${rows.join("")}</tbody></table>`
  );
}

function change(line: PageLine): string {
  if (Math.abs(line.drop) < 0.005) return "unchanged";
  return line.drop > 0 ? `falls by ${line.drop.toFixed(2)}` : `rises by ${(-line.drop).toFixed(2)}`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}
