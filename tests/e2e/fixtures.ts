/** The files of the workspace, made of functions of examples/demo.py. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./harness/editor.ts";

const BLOCKS = readFileSync(join(ROOT, "examples/demo.py"), "utf-8").trimEnd().split("\n\n\n");

/** These functions of the example, in the order given. */
function functions(...names: string[]): string {
  const found = names.map((name) => BLOCKS.find((block) => block.startsWith(`def ${name}(`)));
  return found.join("\n\n\n") + "\n";
}

/** Whole functions, the second with an error. */
export const ALTERNATIVES = [
  "def second_largest(numbers):\n    ordered = sorted(set(numbers))\n    return ordered[-2] if len(ordered) > 1 else None\n",
  "def second_largest(numbers):\n    return max(numbers)\n",
];

/** Bodies as a model would go on after the docstring: as many as the server asks for. */
export const BODIES = [
  "    return max(numbers)\n",
  "    ordered = sorted(set(numbers))\n    return ordered[-2] if len(ordered) > 1 else None\n",
  "    return sorted(numbers)[1]\n",
];

export const FILES = {
  "scores.py": functions("has_leap_day", "second_largest"),
  "explanation.py": functions("merge_ranges"),
  "completions.py": functions("second_largest").replace(/    distinct = [^]*/, ""),
  "completion_names.py": functions("merge_ranges").replace(/\.append[^]*/, ""),
  "ranking.py": functions("second_largest"),
  "clipboard.py": functions("second_largest"),
  "selection.py": functions("second_largest"),
  "displays.py": functions("has_leap_day"),
  "generation.py": functions("second_largest"),
  "alternatives.py": ALTERNATIVES.join("\n\n"),
  "failures.py": functions("second_largest"),
  "notes.txt": functions("has_leap_day"),
};
