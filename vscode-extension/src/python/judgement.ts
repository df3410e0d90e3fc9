/** What a candidate interpreter said of itself, and whether it can run the server. Pure. */

/** A candidate's answer, as SCRIPT prints it. */
export interface Answer {
  version: [number, number, number];
  tag: string;
  bits: number;
  machine: string;
  executable: string;
  /** Name of the module, type of the error, its text. */
  failed: [string, string, string][];
}

/** An interpreter that can run the server. */
export interface Found {
  executable: string;
  version: string;
  tag: string;
  /** Where it was found, in words. */
  origin: string;
}

export type Problem =
  | { kind: "absent"; what: string }
  | { kind: "silent"; what: string; seconds: number }
  | { kind: "old"; what: string; version: string }
  | { kind: "libraries"; what: string; version: string; missing: string[]; broken: string[]; bits: number };

/** The answer in what a candidate printed; undefined if there is none. Noise before it is passed over. */
export function readAnswer(output: string): Answer | undefined {
  const line = output
    .trim()
    .split(/\r?\n/)
    .reverse()
    .find((text) => text.startsWith("{"));
  if (line === undefined) return undefined;
  try {
    const value = JSON.parse(line) as Partial<Answer>;
    return Array.isArray(value.version) && Array.isArray(value.failed) && typeof value.executable === "string"
      ? (value as Answer)
      : undefined;
  } catch {
    return undefined;
  }
}

/** Whether an interpreter fits. `what`: the candidate as the user knows it. */
export function judge(answer: Answer, what: string, origin: string): Found | Problem {
  const version = answer.version.join(".");
  const [major, minor] = answer.version;
  if (major < 3 || (major === 3 && minor < 11)) return { kind: "old", what, version };
  if (answer.failed.length > 0) {
    const missing = answer.failed.filter(([, type]) => type === "ModuleNotFoundError").map(([name]) => name);
    const broken = answer.failed.filter(([, type]) => type !== "ModuleNotFoundError").map(([name]) => name);
    return { kind: "libraries", what, version, missing, broken, bits: answer.bits };
  }
  return { executable: answer.executable || what, version, tag: answer.tag, origin };
}

export function isFound(verdict: Found | Problem): verdict is Found {
  return "executable" in verdict;
}

const RANK: Record<Problem["kind"], number> = { libraries: 3, silent: 2, old: 1, absent: 0 };

/** Of several problems the one that is nearest to working: the first of the best kind. */
export function nearest(problems: readonly Problem[]): Problem | undefined {
  return [...problems].sort((a, b) => RANK[b.kind] - RANK[a.kind])[0];
}

/**
 * One or two sentences: what is wrong, and what to do.
 *
 * `tags`: the versions that libraries came with the extension for. `named`: whether the user chose the interpreter.
 */
export function guidance(problem: Problem | undefined, tags: readonly string[], named: boolean): string {
  const wanted = tags.length > 0 ? `Python ${tags.map(versionOf).join(" or ")}` : "Python 3.11 or newer";
  if (problem === undefined || (problem.kind === "absent" && !named)) {
    return `codeodds found no Python on this machine. Install ${wanted}, or select an interpreter.`;
  }
  switch (problem.kind) {
    case "absent":
      return `codeodds cannot start ${problem.what} (setting codeodds.interpreter). Select another interpreter.`;
    case "silent":
      return `${problem.what} did not answer within ${problem.seconds} seconds, twice in a row. Select another interpreter, or restart the server.`;
    case "old":
      return `${problem.what} is Python ${problem.version}; codeodds needs ${wanted}. Select another interpreter.`;
    case "libraries": {
      if (problem.broken.length > 0) {
        const bits = problem.bits === 64 ? "" : ` (it is a ${problem.bits}-bit Python)`;
        return `Python ${problem.version} at ${problem.what} cannot load ${list(problem.broken)}: built for another Python or processor${bits}. Select another interpreter; the output has the details.`;
      }
      const came = tags.length > 0 ? ` The libraries in this package are for ${wanted}.` : "";
      return `Python ${problem.version} at ${problem.what} has no ${list(problem.missing)}.${came} Select another interpreter, or install codeodds into this one.`;
    }
  }
}

function versionOf(tag: string): string {
  const match = /^cp(\d)(\d+)(t?)$/.exec(tag);
  return match ? `${match[1] ?? ""}.${match[2] ?? ""}${match[3] ?? ""}` : tag;
}

function list(names: readonly string[]): string {
  const shown = names.slice(0, 3).join(", ");
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown;
}
