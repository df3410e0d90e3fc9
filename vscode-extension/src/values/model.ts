/** What the view of values shows. Pure. */

import type { ScoredFunction } from "../server/protocol.ts";

export interface ValueLine {
  /** From 0. */
  line: number;
  probability: number;
  drop: number;
  /** Share of the body's tokens that the value was read from. */
  fraction: number;
  text: string;
  /** Whether it is one of those over which the value falls most. */
  sharp: boolean;
}

export interface ValueModel {
  uri: string;
  version: number;
  name: string;
  probability: number | null;
  reason: string | null;
  explanation: string | null;
  lines: ValueLine[];
  /** Where the cursor stands, from 0. */
  cursor: number;
}

/** Falls smaller than this are not pointed at, as in the server. */
const SMALLEST_DROP = 0.05;
const SHARP_LINES = 2;

/** `textOf`: a line of the document, from 0. */
export function valueModel(
  scored: { uri: string; version: number },
  found: ScoredFunction,
  explanation: string | null,
  textOf: (line: number) => string,
  cursor: number,
): ValueModel {
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
