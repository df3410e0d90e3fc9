/** Text becomes bodies to rank, and ranked bodies become items to pick from. Pure. */

import type { Alternative } from "../server/protocol.ts";
import { percent } from "../status/text.ts";

/** More than this is not asked for at once: each costs a run of the model. */
export const MOST_BODIES = 50;

const DEFINITION = /^(?:async[ \t]+)?def[ \t]/;

/**
 * Each function of a text that has several at its left margin, decorators with them; else the text as it is.
 *
 * The server takes the body out of a whole function by itself.
 */
export function bodiesIn(text: string): string[] {
  if (text.trim() === "") return [];
  const lines = text.split(/\r?\n/);
  const starts: number[] = [];
  lines.forEach((line, index) => {
    if (!DEFINITION.test(line)) return;
    let start = index;
    while (start > 0 && lines[start - 1]?.startsWith("@") === true) start -= 1;
    starts.push(start);
  });
  if (starts.length < 2) return [text];
  return starts.map(
    (start, index) =>
      lines
        .slice(start, starts[index + 1])
        .join("\n")
        .trimEnd() + "\n",
  );
}

export interface AlternativeItem {
  label: string;
  description: string;
  detail: string;
  alternative: Alternative;
}

/** In the server's order, best first; each text once. */
export function alternativeItems(alternatives: readonly Alternative[]): AlternativeItem[] {
  return alternatives
    .filter((item) => item.duplicateOf === null)
    .map((alternative) => ({
      label: alternative.probability === null ? "–" : percent(alternative.probability),
      description: description(alternative),
      detail: firstLines(alternative.body),
      alternative,
    }));
}

/** What stands above the list: the function, and what its present body is worth. */
export function heading(name: string, current: number | null): string {
  const now = current === null ? "not scored" : `${percent(current)} likely to be right`;
  return `${name}: ${now} as written. Alternatives, most probable first`;
}

function description(item: Alternative): string {
  if (item.isCurrent) return "current body";
  if (item.reason !== null) return `not scored: ${item.reason}`;
  const [added, removed] = ["+", "-"].map((sign) => changed(item.diff ?? "", sign));
  return `+${added ?? 0} −${removed ?? 0} lines`;
}

/** Lines of a unified diff that begin with a sign, its two header lines apart. */
function changed(diff: string, sign: string): number {
  return diff.split("\n").filter((line) => line.startsWith(sign) && !line.startsWith(sign.repeat(3))).length;
}

function firstLines(body: string): string {
  const lines = body
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "");
  const shown = lines.slice(0, 3).join(" ⏎ ");
  return lines.length > 3 ? `${shown} ⏎ …` : shown;
}
