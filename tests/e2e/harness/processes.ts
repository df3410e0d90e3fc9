/** Child processes that end with the tests, and waiting for what they do. */

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";

/** A test that waits longer than this for something hangs; nothing is measured. A busy machine may need more. */
export const LIMIT_MS = 1000 * Number(process.env.CODEODDS_E2E_LIMIT_S ?? "90");

/** Run a program to its end. Throws with the last lines of its output if it fails. */
export async function finished(command: string, args: string[], env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const child = spawn(command, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  child.stdout.on("data", (data: Buffer) => (output += data.toString()));
  child.stderr.on("data", (data: Buffer) => (output += data.toString()));
  const code = await ended(child);
  if (code !== 0) {
    throw new Error(`${command} ${args.join(" ")} ended with ${code}:\n${output.slice(-2000)}`);
  }
  return output;
}

/** The exit status of a process, or the signal that ended it. */
export function ended(child: ChildProcess): Promise<number | string | null> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => resolve(code ?? signal));
  });
}

/** What `read` gives as soon as it gives something true. It is asked again and again; errors count as "not yet". */
export async function until<T>(what: string, read: () => Promise<T> | T, limitMs = LIMIT_MS): Promise<NonNullable<T>> {
  const end = Date.now() + limitMs;
  let last: unknown;
  for (;;) {
    try {
      const value = await read();
      if (value) {
        return value;
      }
      last = value;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) {
      throw new Error(
        `waited ${limitMs / 1000} s for ${what}; last: ${last instanceof Error ? last.message : JSON.stringify(last)}`,
      );
    }
    await sleep(50);
  }
}

/** Wait until `read` gives what is expected; if it never does, the failure shows both. */
export async function settled<T>(what: string, read: () => Promise<T> | T, expected: T): Promise<void> {
  let last: { value: T } | undefined;
  try {
    await until(what, async () => {
      last = { value: await read() };
      return isDeepStrictEqual(last.value, expected);
    });
  } catch (error) {
    if (last) assert.deepEqual(last.value, expected, `${what} is another one`);
    throw error;
  }
}

/** A port of 127.0.0.1 that nobody listens on. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}
