/** Finds functions among those that the server scored. Pure. */

import type { Range } from "./protocol.ts";

/** The innermost function whose lines hold `line`, from 0. */
export function functionAt<F extends { range: Range }>(functions: readonly F[], line: number): F | undefined {
  let best: F | undefined;
  for (const item of functions) {
    if (item.range.start.line > line || line > item.range.end.line) continue;
    if (best === undefined || item.range.start.line >= best.range.start.line) best = item;
  }
  return best;
}
