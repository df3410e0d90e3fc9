/** The functions of a file as items to pick from. Pure. */

import type { ScoredFunction } from "../server/protocol.ts";
import { percent } from "../status/text.ts";

export interface FunctionItem {
  label: string;
  description: string;
  /** From 0. */
  line: number;
}

/** The least probable first; those that were not scored come last, in order of lines. */
export function functionItems(functions: readonly ScoredFunction[]): FunctionItem[] {
  return [...functions]
    .sort((a, b) => (a.probability ?? 2) - (b.probability ?? 2) || a.range.start.line - b.range.start.line)
    .map((item) => ({
      label: `${item.probability === null ? "–" : percent(item.probability)}  ${item.name}`,
      description: `line ${item.range.start.line + 1}${item.reason === null ? "" : `, not scored: ${item.reason}`}`,
      line: item.range.start.line,
    }));
}
