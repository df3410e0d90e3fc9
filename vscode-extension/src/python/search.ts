/** Finds a Python that can run the server: which interpreters are tried, and how each is asked what it is. */

import { spawn } from "node:child_process";

import type { ImportStrategy, Shipped } from "../server/launch.ts";
import { isFound, judge, nearest, readAnswer, type Found, type Problem } from "./judgement.ts";

export interface Candidate {
  command: string;
  args: string[];
  /** Where it comes from, in words for the output. */
  origin: string;
}

/**
 * `setting` alone if there is one: who names an interpreter wants that one. Else the Python extension's environment,
 * then what is on the path: first the versions that libraries came for.
 *
 * `tags`: like `cp311`; `platform`: as `process.platform`.
 */
export function candidates(
  setting: string,
  active: string | undefined,
  tags: readonly string[],
  platform: string,
): Candidate[] {
  if (setting !== "") return [{ command: setting, args: [], origin: "the setting codeodds.interpreter" }];
  const found: Candidate[] = [];
  if (active !== undefined) found.push({ command: active, args: [], origin: "the Python extension" });
  const versions = tags.flatMap((tag) => {
    const match = /^cp3(\d+)$/.exec(tag);
    return match ? [`3.${match[1] ?? ""}`] : [];
  });
  const onPath = (command: string, ...args: string[]): Candidate => ({ command, args, origin: "the path" });
  if (platform === "win32") {
    // The launcher knows installations that are not on the path.
    found.push(...versions.map((version) => onPath("py", `-${version}`)), onPath("py", "-3"), onPath("python"));
  } else {
    found.push(...versions.map((version) => onPath(`python${version}`)), onPath("python3"), onPath("python"));
  }
  return found;
}

export interface Search {
  candidates: readonly Candidate[];
  shipped: Shipped;
  strategy: ImportStrategy;
  /** A folder that no workspace owns. */
  cwd: string;
  log: (line: string) => void;
}

/** The first that fits, or the problem that is nearest to working; undefined if there was no candidate. */
export async function findInterpreter(search: Search): Promise<Found | Problem | undefined> {
  const own = search.strategy === "fromEnvironment";
  const folders = own ? { libs: "", server: "" } : { libs: search.shipped.libs, server: search.shipped.server };
  const problems: Problem[] = [];
  for (const candidate of search.candidates) {
    const { verdict, details } = await probe(candidate, folders, search.cwd);
    const what = [candidate.command, ...candidate.args].join(" ");
    if (isFound(verdict)) {
      search.log(`${what} (from ${candidate.origin}) is Python ${verdict.version} and fits`);
      return verdict;
    }
    search.log(`${what} (from ${candidate.origin}) does not fit: ${verdict.kind}`);
    for (const line of details) search.log(`  ${line}`);
    problems.push(verdict);
  }
  return nearest(problems);
}

/** Importing onnxruntime for the first time takes seconds on a slow disk. */
export const LIMIT_S = 30;

/** An interpreter that ran out of time is asked so many times: the machine may just have been busy. */
const ATTEMPTS = 2;

/** What `run` answers when the time was up. */
export const SILENT = Symbol("silent");

/** What a program printed; undefined if it could not be started or failed. */
export type Run = (
  command: string,
  args: string[],
  options: { cwd: string; env: NodeJS.ProcessEnv; limitS: number },
) => Promise<string | typeof SILENT | undefined>;

export interface Probed {
  verdict: Found | Problem;
  /** For the output: what the libraries that cannot be loaded said. */
  details: string[];
}

/**
 * `folders`: libraries by version, and the server's; both empty where the interpreter's own environment counts.
 * `cwd`: a folder that no workspace owns.
 */
export async function probe(
  candidate: Candidate,
  folders: { libs: string; server: string },
  cwd: string,
  start: Run = run,
): Promise<Probed> {
  const what = [candidate.command, ...candidate.args].join(" ");
  const args = [...candidate.args, "-c", SCRIPT, folders.libs, folders.server, ...MODULES];
  // The script loads onnxruntime by itself, whose telemetry is on unless this holds; the server sees to it for itself.
  const env: NodeJS.ProcessEnv = { ...process.env, ORT_DISABLE_TELEMETRY: "1" };
  if (folders.server !== "") delete env.PYTHONPATH;
  let output: Awaited<ReturnType<Run>> = SILENT;
  for (let attempt = 0; attempt < ATTEMPTS && output === SILENT; attempt++) {
    output = await start(candidate.command, args, { cwd, env, limitS: LIMIT_S });
  }
  if (output === SILENT) return { verdict: { kind: "silent", what, seconds: LIMIT_S }, details: [] };
  const answer = readAnswer(output ?? "");
  if (answer === undefined) return { verdict: { kind: "absent", what }, details: [] };
  const details = answer.failed.map(([name, type, text]) => `${name}: ${type}: ${text}`);
  return { verdict: judge(answer, what, candidate.origin), details };
}

const run: Run = (command, args, options) => {
  return new Promise((resolve) => {
    let output = "";
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: options.env,
      stdio: ["ignore", "pipe", "ignore"],
      windowsHide: true,
    });
    const timer = setTimeout(() => {
      resolve(SILENT);
      child.kill("SIGKILL");
    }, options.limitS * 1000);
    child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
    child.on("error", () => {
      clearTimeout(timer);
      resolve(undefined);
    });
    child.on("close", (code) => {
      clearTimeout(timer);
      resolve(code === 0 ? output : undefined);
    });
  });
};

/** What the server imports before it can score. */
export const MODULES = [
  "click",
  "msgspec",
  "numpy",
  "pygls",
  "tree_sitter",
  "tree_sitter_python",
  "tokenizers",
  "onnxruntime",
  "codeodds.lsp.setup",
] as const;

/**
 * Arguments: the folder of libraries by version and the server's folder (both empty with `fromEnvironment`), then the
 * modules. Writes one line of JSON. The working directory comes off the path first: it may hold files named like
 * modules.
 */
export const SCRIPT = `
import sys
sys.path = [entry for entry in sys.path if entry not in ("", ".")]
import json, os, platform, struct
tag = "cp%d%d" % tuple(sys.version_info[:2]) + ("t" if "t" in getattr(sys, "abiflags", "") else "")
libs, server, modules = sys.argv[1], sys.argv[2], sys.argv[3:]
extra = [folder for folder in (server, libs and os.path.join(libs, tag)) if folder and os.path.isdir(folder)]
sys.path[:0] = extra
failed = []
if sys.version_info >= (3, 11):
    for module in modules:
        try:
            __import__(module)
        except BaseException as error:
            failed.append([module, type(error).__name__, str(error)[:300]])
print(json.dumps({
    "version": list(sys.version_info[:3]),
    "tag": tag,
    "bits": struct.calcsize("P") * 8,
    "machine": platform.machine(),
    "executable": sys.executable,
    "failed": failed,
}))
`;
