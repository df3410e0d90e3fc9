/** How the server is started: what came with the extension, the command line, and the wait after a crash. */

import { existsSync, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";

import type { Found } from "../python/judgement.ts";

export interface Shipped {
  /** Folder to put on Python's path. */
  server: string;
  /** Folder with one folder of compiled libraries for each Python version, named like `cp311`. */
  libs: string;
  /** Versions that libraries came for: `["cp311"]`; empty in the slim package. */
  tags: string[];
  /** Whether there is a default bundle, which the server finds by itself. */
  hasModel: boolean;
}

/** Looks below `bundled`; in a checkout that was not packaged, above the extension's folder. */
export function shipped(extensionPath: string): Shipped {
  const bundled = join(extensionPath, "bundled");
  const root = existsSync(join(bundled, "server")) ? bundled : join(extensionPath, "..");
  const libs = join(root, "libs");
  return {
    server: join(root, "server"),
    libs,
    tags: existsSync(libs) ? readdirSync(libs).filter((name) => name.startsWith("cp")) : [],
    hasModel: existsSync(join(root, "models", "default", "manifest.json")),
  };
}

export type ImportStrategy = "useBundled" | "fromEnvironment";

export interface Launch {
  command: string;
  args: string[];
  env: Record<string, string>;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * `-P` keeps the working directory off Python's path, so that no file of a workspace is imported by its name.
 * With `useBundled` the user's own `PYTHONPATH` is left aside: it could hide what came with the extension.
 */
export function launch(
  found: Found,
  shipped: Shipped,
  strategy: ImportStrategy,
  logLevel: string,
  environment: Environment,
): Launch {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    if (value !== undefined) env[name] = value;
  }
  if (strategy === "useBundled") {
    const path = [shipped.server];
    if (shipped.tags.includes(found.tag)) path.push(join(shipped.libs, found.tag));
    env.PYTHONPATH = path.join(delimiter);
  }
  return {
    command: found.executable,
    args: ["-P", "-m", "codeodds", "serve", "--log-level", logLevel],
    env,
  };
}

/** Seconds to wait before each start after a crash. After the last there is none. */
export const DELAYS_S = [1, 2, 4, 8, 16] as const;

/** A server that ran for so long is taken for sound: the next crash counts as the first. */
export const SOUND_AFTER_S = 180;

export class Backoff {
  #crashes = 0;
  #startedAtS = 0;

  started(nowS: number): void {
    this.#startedAtS = nowS;
  }

  /** Seconds to wait before the next start; undefined when there were too many crashes. */
  crashed(nowS: number): number | undefined {
    if (nowS - this.#startedAtS >= SOUND_AFTER_S) this.#crashes = 0;
    const delay = DELAYS_S[this.#crashes];
    this.#crashes += 1;
    return delay;
  }

  reset(): void {
    this.#crashes = 0;
  }
}
