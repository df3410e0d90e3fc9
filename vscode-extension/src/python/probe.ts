/** Asks one interpreter what it is, with a time limit. */

import { spawn } from "node:child_process";

import type { Candidate } from "./candidates.ts";
import { judge, readAnswer, type Found, type Problem } from "./judgement.ts";
import { MODULES, SCRIPT } from "./script.ts";

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
